"""Saving by hand: once, however often and in how many tabs it was pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from pinboard.actions.pins import lock_boards, save_pin
from pinboard.exceptions import ThereAlready
from pinboard.models import Board, Pin

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def save_once(*, pin: Pin, board: Board, by: User) -> Pin:
    """As save_pin, but raises ThereAlready where the board has this picture.

    The look is behind the board's lock: the second of two presses finds the first.
    """
    lock_boards(board)
    there = Pin.objects.filter(board=board, deleted_at=None)
    if pin.picture_id and there.filter(picture=pin.picture_id).exists():
        raise ThereAlready(board)
    return save_pin(pin=pin, board=board, by=by)
