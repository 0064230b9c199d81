"""The two feeds: what one follows, and what everybody sees. Both newest first, and
neither tells of what somebody brought along from elsewhere: it is old."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pinboard.models import Pin, PinState

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet, Viewer
    from users.models import User


def following(user: User) -> PinQuerySet:
    """Pins of the people, boards and shops that this person follows."""
    followed = Pin.objects.visible_to(user).followed_by(user)
    return followed.filter(state=PinState.READY, is_imported=False)


def explore(viewer: Viewer) -> PinQuerySet:
    """Everybody's public pins. One's own secret ones are no discovery."""
    return Pin.objects.public().filter(is_imported=False)


def folded(pins: Iterable[Pin]) -> list[Pin]:
    """Each picture of a page once, by its newest pin; `also_by` counts the others."""
    shown: dict[int, Pin] = {}
    for pin in pins:
        first = shown.setdefault(pin.picture_id or -pin.pk, pin)
        if first is not pin:
            first.also_by += 1
    return list(shown.values())
