from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BoardEvent(models.Model):
    """Something that happened to a board. Only ever appended: it says what was there
    at any time, and how to take back what was done."""

    class Kind(models.TextChoices):
        ADDED = "added", _("put on the board")
        REMOVED = "removed", _("taken off the board")
        TAGGED = "tagged", _("other tags")  # which ones: its `tag_change`
        DATED = "dated", _("given a reveal date")  # without one: no gift board now

    board = models.ForeignKey("pinboard.Board", models.CASCADE, related_name="events")
    # The trash is emptied some day; what happened stays.
    pin = models.ForeignKey(
        "pinboard.Pin", models.SET_NULL, null=True, related_name="board_events"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    kind = models.CharField(max_length=7, choices=Kind)
    day = models.DateField(null=True)  # the date that it was given
    # All that one press did has one, however many pins it was.
    deed = models.UUIDField(default=uuid.uuid4, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["board", "-id"], name="event_of_board")]

    def __str__(self) -> str:
        return f"{self.pin_id} {self.kind}"
