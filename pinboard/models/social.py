from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pinboard.models.board import Viewer
    from pinboard.models.pin import Pin


class Like(models.Model):
    pin = models.ForeignKey("pinboard.Pin", models.CASCADE, related_name="likes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="likes"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pin", "user"], name="one_like_per_user")
        ]
        indexes = [models.Index(fields=["user", "-id"], name="like_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.pin_id}"


class Follow(models.Model):
    """Somebody follows one person, one board or one shop."""

    follower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="followers"
    )
    board = models.ForeignKey(
        "pinboard.Board", models.CASCADE, null=True, related_name="followers"
    )
    shop = models.ForeignKey(
        "pinboard.Shop", models.CASCADE, null=True, related_name="followers"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, board=None, shop=None)
                | Q(person=None, board__isnull=False, shop=None)
                | Q(person=None, board=None, shop__isnull=False),
                name="follow_has_one_target",
            ),
            models.CheckConstraint(
                condition=Q(person=None) | ~Q(person=models.F("follower")),
                name="nobody_follows_oneself",
            ),
            *(
                models.UniqueConstraint(
                    fields=["follower", kind],
                    condition=Q(**{f"{kind}__isnull": False}),
                    name=f"one_follow_per_{kind}",
                )
                for kind in ("person", "board", "shop")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows"


class CommentQuerySet(models.QuerySet["Comment"]):
    def of(self, pin: Pin) -> Self:
        """The comments that stand under a pin, oldest first, with their authors."""
        return (
            self.filter(pin=pin, deleted_at=None)
            .select_related("author")
            .order_by("pk")
        )

    def editable_by(self, user: Viewer) -> Self:
        return self.filter(author_id=user.pk, deleted_at=None)

    def removable_by(self, user: Viewer) -> Self:
        """One's own, and what others wrote under one's pins."""
        return self.filter(
            Q(author_id=user.pk) | Q(pin__board__owner_id=user.pk), deleted_at=None
        )


class Comment(models.Model):
    pin = models.ForeignKey("pinboard.Pin", models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    text = models.TextField(_("comment"), max_length=500)
    # One level: a reply to a reply answers the first comment.
    reply_to = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="replies"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["pin", "id"], name="comment_of_pin")]

    def __str__(self) -> str:
        return self.text[:40]
