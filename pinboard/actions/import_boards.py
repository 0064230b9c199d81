"""The boards of an import: those one has by that title, and those that are made."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from pinboard.actions.arranging import add_section
from pinboard.actions.boards import create_board
from pinboard.exceptions import RowLeftOut
from pinboard.models import (
    Board,
    BoardSection,
    Import,
    ImportBoard,
    ImportRow,
    RowState,
    Visibility,
)
from users.models import User


@transaction.atomic
def send_to(
    source: Import,
    targets: Mapping[int, str],
    *,
    board: Board | None = None,
    new_board: str = "",
) -> None:
    """Give the boards of the file the titles they shall have, by their numbers; one
    that shall have none is left out. Those renamed to one title are one board, while
    two that bear it in the file stay two."""
    there: dict[str, ImportBoard] = {}
    titles = dict(targets)
    boards = list(source.boards.all())
    for told in [told for told in boards if not told.title]:
        titles[told.number] = board.title if board else new_board
        told.board = board
    # Those that keep their title come first, to be joined by those that are renamed.
    boards.sort(key=lambda told: (not told.board, _is_renamed(told, titles)))
    for told in boards:
        is_renamed = _is_renamed(told, titles)
        told.title = titles.get(told.number, told.title)
        if not told.title:
            _leave_out(told)
        elif (first := there.get(told.title)) and (is_renamed or first.board):
            told.rows.update(board=first)
            told.delete()
        else:
            there.setdefault(told.title, told)
            told.save(update_fields=["title", "board"])


@transaction.atomic
def ready_boards(source: Import) -> None:
    """The boards of our own export are there before their pins, in their order, and an
    empty one is a board. One of which one has all pins already is not made again."""
    rows = ImportRow.objects.filter(board=OuterRef("pk"))
    is_needed = Q(Exists(rows.filter(state=RowState.WAITING))) | Q(~Exists(rows))
    # The import is held, so that of two workers one makes them.
    Import.objects.select_for_update(no_key=True).get(pk=source.pk)
    for told in source.boards.filter(is_needed, board=None):
        _ready(source, told)


def board_of(source: Import, row: ImportRow) -> Board | None:
    """Of other files a board is there once its first pin is: where none comes, there
    is none. None where it was deleted meanwhile. The caller holds the import."""
    told = ImportBoard.objects.get(pk=row.board_id)
    if told.board_id is None:
        _ready(source, told)
    return Board.objects.filter(pk=told.board_id or 0, deleted_at=None).first()


def section_of(board: Board, title: str, *, by: User) -> BoardSection | None:
    if not title:
        return None
    there = BoardSection.objects.filter(board=board, title=title).first()
    return there or add_section(board=board, by=by, title=title)


def restore_order(source: Import) -> None:
    """Give the places that the pins of a board have to the same pins, in the order of
    the file. What else is on the board keeps its place, and no place is given twice."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_ORDER, {"source": source.pk})


def _is_renamed(told: ImportBoard, targets: Mapping[int, str]) -> bool:
    return targets.get(told.number, told.title) != told.title


def _leave_out(told: ImportBoard) -> None:
    told.rows.filter(state__in=(RowState.WAITING, RowState.KNOWN)).update(
        state=RowState.SKIPPED, error_code=RowLeftOut.code
    )
    if not told.rows.exists():
        told.delete()


def _ready(source: Import, told: ImportBoard) -> None:
    """The oldest of one's own by that title, or a new one."""
    told.board = _at_home(source, told)
    if told.board is None:
        told.board, told.is_new = _made(source, told), True
    told.save(update_fields=["board", "is_new"])


def _at_home(source: Import, told: ImportBoard) -> Board | None:
    """Two boards of one title in the file are two at home."""
    taken = source.boards.exclude(board=None).values("board")
    own = Board.objects.owned_by(source.owner).filter(title=told.title)
    return own.exclude(pk__in=taken).order_by("pk").first()


def _made(source: Import, told: ImportBoard) -> Board:
    board = create_board(
        owner=source.owner,
        title=told.title,
        description=told.description,
        visibility=source.visibility or told.visibility or Visibility.SECRET,
        sort=told.sort,
    )
    if told.made_at:
        Board.objects.filter(pk=board.pk).update(created_at=told.made_at)
    for title in told.sections:
        section_of(board, title, by=source.owner)
    return board


_IN_ORDER = """
WITH made AS (
  SELECT pin.id, pin.board_id, pin.place, line.place AS told, line.number
  FROM pinboard_importrow AS line JOIN pinboard_pin AS pin ON pin.id = line.pin_id
  WHERE line.source_id = %(source)s AND line.state = 'pinned'
    AND line.place IS NOT NULL
), wanted AS (
  SELECT id, board_id, row_number() OVER (
    PARTITION BY board_id ORDER BY told, number DESC) AS rank FROM made
), free AS (
  SELECT board_id, place, row_number() OVER (
    PARTITION BY board_id ORDER BY place) AS rank FROM made
)
UPDATE pinboard_pin SET place = free.place
FROM wanted JOIN free USING (board_id, rank)
WHERE pinboard_pin.id = wanted.id AND pinboard_pin.place <> free.place
"""
