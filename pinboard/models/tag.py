from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pinboard.models.pin import Pin, PinState
from pinboard.tag_names import LONGEST_TAG, MOST_TAGS

if TYPE_CHECKING:
    from pinboard.models.board import Viewer


class Mode(models.Aggregate):
    """The value that most rows have."""

    function = "mode"
    template = "mode() WITHIN GROUP (ORDER BY %(expressions)s)"


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """A tag is there where a pin of it is, as this viewer may find it."""
        pins = Pin.objects.visible_to(viewer).filter(state=PinState.READY)
        return self.filter(pin__in=pins.order_by().values("pk"))


class Tag(models.Model):
    """A word on a pin. There is no list of tags beside the pins: one that only a secret
    pin has is nowhere else, in whatever case its owner wrote it, and goes with it."""

    pin = models.ForeignKey(
        Pin,
        models.CASCADE,
        related_name="tags",
        db_index=False,  # the constraints have one
    )
    name = models.CharField(_("name"), max_length=LONGEST_TAG)  # as it was written
    key = models.CharField(max_length=LONGEST_TAG)  # pinboard.tag_names.key_of(name)
    position = models.PositiveSmallIntegerField()

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(  # for "=" and for what a key begins with, newest pins first
                fields=["key", "pin"],
                opclasses=["varchar_pattern_ops", "int8_ops"],
                name="tag_of_key",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pin", "key"], name="one_tag_of_a_key_per_pin"
            ),
            models.UniqueConstraint(
                fields=["pin", "position"], name="one_tag_at_a_position_per_pin"
            ),
            models.CheckConstraint(
                condition=Q(position__lt=MOST_TAGS), name="so_many_tags_per_pin"
            ),
            models.CheckConstraint(condition=~Q(key=""), name="tag_has_a_key"),
        ]

    def __str__(self) -> str:
        return self.name


class TagChange(models.Model):
    """What an event did to the tags of a pin. It goes with the pin: nothing else keeps
    words that are gone."""

    event = models.OneToOneField(
        "pinboard.BoardEvent", models.CASCADE, related_name="tag_change"
    )
    pin = models.ForeignKey(Pin, models.CASCADE, related_name="+")
    before = models.JSONField()  # names, in their order
    after = models.JSONField()

    def __str__(self) -> str:
        return f"{self.pin_id}: {self.before} -> {self.after}"
