from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pinboard.models.board import Visibility, shared_with

if TYPE_CHECKING:
    from users.models import User


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown_to(self, user: User) -> Self:
        """One's own, as long as what they are about is there and may be seen."""
        pin_is_seen = Q(pin__deleted_at=None, pin__board__deleted_at=None) & (
            Q(pin__board__visibility=Visibility.PUBLIC)
            | shared_with(user, board="pin__board__")
        )
        board_is_seen = Q(board__deleted_at=None) & (
            Q(board__visibility=Visibility.PUBLIC) | shared_with(user, board="board__")
        )
        return self.filter(
            Q(pin=None) | pin_is_seen,
            Q(board=None) | board_is_seen,
            Q(comment=None) | Q(comment__deleted_at=None),
            Q(actor=None) | Q(actor__is_active=True),
            recipient=user,
        )


class Notification(models.Model):
    class Kind(models.TextChoices):
        LIKE = "like", _("likes your pin")
        SAVE = "save", _("saved your pin")
        COMMENT = "comment", _("commented on your pin")
        REPLY = "reply", _("answered your comment")
        MENTION = "mention", _("mentioned you")
        FOLLOW = "follow", _("follows you")
        BOARD_FOLLOW = "board_follow", _("follows your board")
        SUGGESTED = "suggested", _("suggested pins for your board")
        TAKEN = "taken", _("took the pin you suggested")
        DESCRIBED = "described", _("described your picture")
        ALT_TAKEN = "alt_taken", _("took your description")
        PIN_FAILED = "pin_failed", _("could not be finished")
        # Told by the app above by notify(): `text` is the sentence in English, `facts`
        # what it names, `url` its page.
        NEWS = "news", _("news")

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    pin = models.ForeignKey("pinboard.Pin", models.CASCADE, null=True)
    board = models.ForeignKey("pinboard.Board", models.CASCADE, null=True)
    comment = models.ForeignKey("pinboard.Comment", models.CASCADE, null=True)
    text = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notification_of_recipient"),
            models.Index(
                fields=["recipient"],
                condition=Q(read_at=None),
                name="notification_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.recipient_id}"

    @property
    def sentence(self) -> str:
        """The text in the language of who reads it now, not of who caused it."""
        if not self.text:
            return ""
        said = gettext(self.text)
        return said % self.facts if self.facts else said
