from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.models.board import new_link_key

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

INVITATION_LIFE = timedelta(days=30)


class Role(models.TextChoices):
    VIEWER = "viewer", _("may look")
    EDITOR = "editor", _("may pin and change pins")
    OWNER = "owner", _("may do all but delete the board")


FILLING = (Role.EDITOR, Role.OWNER)


class BoardMemberQuerySet(models.QuerySet["BoardMember"]):
    def of(self, user: Viewer, *roles: str) -> Self:
        """The boards that this person joined, with one of these roles if any."""
        joined = self.filter(user_id=user.pk or 0, accepted_at__isnull=False)
        return joined.filter(role__in=roles) if roles else joined


class BoardMember(models.Model):
    """Somebody who shares a board, or is asked to. Its owner is none of them."""

    board = models.ForeignKey("pinboard.Board", models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="board_memberships"
    )
    role = models.CharField(_("role"), max_length=6, choices=Role)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BoardMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["board", "user"], name="one_membership_per_board"
            )
        ]
        indexes = [models.Index(fields=["user", "board"], name="boards_of_member")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class BoardInvitationQuerySet(models.QuerySet["BoardInvitation"]):
    def open(self) -> Self:
        since = timezone.now() - INVITATION_LIFE
        return self.filter(
            revoked_at=None, created_at__gt=since, board__deleted_at=None
        ).exclude(models.Q(used_at__isnull=False), ~models.Q(email=""))


class BoardInvitation(models.Model):
    """A link that lets whoever has it join. Sent by mail it is good for one."""

    board = models.ForeignKey(
        "pinboard.Board", models.CASCADE, related_name="invitations"
    )
    role = models.CharField(_("role"), max_length=6, choices=Role)
    key = models.CharField(max_length=22, unique=True, default=new_link_key)
    email = models.EmailField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = BoardInvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.email or self.key[:4]

    def get_absolute_url(self) -> str:
        return reverse("pinboard:invitation", args=[self.key])
