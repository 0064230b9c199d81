"""The three pictures on the cover of each board of a list, in one query more."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from pinboard.models import Board, Picture, Pin, PinState
from pinboard.models.board import BoardQuerySet

COVER_SIZE = 3


def with_cover_ids(boards: BoardQuerySet) -> BoardQuerySet:
    """For boards that the viewer may see: whose board it is, theirs are its pins."""
    newest = Pin.objects.filter(
        board=OuterRef("pk"), state=PinState.READY, deleted_at=None
    ).order_by("-pk")
    return boards.select_related("owner").annotate(
        cover_ids=ArraySubquery(newest.values("picture_id")[:COVER_SIZE])
    )


def load_covers(boards: Iterable[Board]) -> None:
    """Put the pictures of `cover_ids` on each board, as `covers`."""
    boards = list(boards)
    wanted = {pk for board in boards for pk in board.cover_ids}  # type: ignore[attr-defined]  # annotated above
    pictures = Picture.objects.in_bulk(wanted)
    for board in boards:
        board.covers = [pictures[pk] for pk in board.cover_ids]  # type: ignore[attr-defined]
