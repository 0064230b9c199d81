"""What happens to a board, written down as it happens."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pinboard.models import Board, BoardEvent, Pin

if TYPE_CHECKING:
    from users.models import User

ADDED, REMOVED = BoardEvent.Kind.ADDED, BoardEvent.Kind.REMOVED

Happened = tuple[Board | int, Pin, BoardEvent.Kind]


def note(board: Board, pin: Pin, kind: BoardEvent.Kind, *, by: User) -> None:
    BoardEvent.objects.create(board=board, pin=pin, kind=kind, actor=by)


def note_all(happened: Iterable[Happened], *, by: User) -> uuid.UUID:
    """As one deed, whose id can be taken back."""
    deed = uuid.uuid4()
    BoardEvent.objects.bulk_create(
        BoardEvent(
            board_id=board if isinstance(board, int) else board.pk,
            pin=pin,
            kind=kind,
            actor=by,
            deed=deed,
        )
        for board, pin, kind in happened
    )
    return deed
