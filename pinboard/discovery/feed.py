"""The two feeds: what one follows, and what everybody sees. Both newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet

from pinboard.models import Pin, PinState

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet, Viewer
    from users.models import User


def following(user: User) -> PinQuerySet:
    """Pins of the people, boards and shops that this person follows."""
    return Pin.objects.visible_to(user).followed_by(user).filter(state=PinState.READY)


def explore(viewer: Viewer) -> PinQuerySet:
    """Everybody's public pins. One's own secret ones are no discovery."""
    return Pin.objects.public()


def pins_of_board(board_pk: int, viewer: Viewer, *, key: str = "") -> QuerySet[Pin]:
    return Pin.objects.visible_to(viewer, key=key).filter(board_id=board_pk)
