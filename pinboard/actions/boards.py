"""What makes, changes and takes away a board."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from pinboard.actions.locking import locked, wait_for_turn
from pinboard.actions.pictures import refresh_those_of
from pinboard.discovery.words import vector_of
from pinboard.exceptions import NotInTrash
from pinboard.models import Board, Pin, Visibility
from pinboard.models.board import Sort, Suggestions
from pinboard.models.pin import oldest_in_trash
from users.names import clean_title

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def create_board(
    *,
    owner: User,
    title: str,
    description: str = "",
    visibility: str = Visibility.PUBLIC,
    sort: str = Sort.NEWEST,
    suggestions: str = Suggestions.NOBODY,
) -> Board:
    board = Board(
        owner=owner,
        title=clean_title(title),
        description=description.strip(),
        visibility=Visibility(visibility),
        sort=Sort(sort),
        suggestions=Suggestions(suggestions),
    )
    board.slug = board.slug_of_title()
    board.save()
    _index(board)
    return board


@transaction.atomic
def edit_board(
    *,
    board: Board,
    by: User,
    title: str | None = None,
    description: str | None = None,
    visibility: str | None = None,
    sort: str | None = None,
    suggestions: str | None = None,
) -> Board:
    """Change what is given. Who may see the board decides who may load its pictures."""
    mine = locked(Board.objects.editable_by(by).select_for_update(no_key=True), board)
    before = mine.visibility
    if title is not None:
        mine.title = clean_title(title)
        mine.slug = mine.slug_of_title()
    if description is not None:
        mine.description = description.strip()
    if visibility is not None:
        mine.visibility = Visibility(visibility)
    if sort is not None:
        mine.sort = Sort(sort)
    if suggestions is not None:
        mine.suggestions = Suggestions(suggestions)
    mine.save()
    _index(mine)
    if mine.visibility != before:
        _refresh_pictures(mine)
    return mine


@transaction.atomic
def delete_board(*, board: Board, by: User) -> None:
    """Put a board away with all its pins. What others saved from it stays theirs."""
    mine = locked(Board.objects.owned_by(by).select_for_update(no_key=True), board)
    mine.deleted_at = timezone.now()
    mine.save(update_fields=["deleted_at"])
    _refresh_pictures(mine)


@transaction.atomic
def restore_board(*, board: Board, by: User) -> Board:
    """Out of the trash with all its pins. Raises NotInTrash once 30 days are over."""
    gone = Board.objects.in_trash_of(by, since=oldest_in_trash())
    mine = gone.select_for_update(no_key=True).filter(pk=board.pk).first()
    if mine is None:
        raise NotInTrash
    mine.deleted_at = None
    mine.save(update_fields=["deleted_at"])
    _refresh_pictures(mine)
    return mine


@transaction.atomic
def empty_trash(*, by: User) -> None:
    """At once for its owner; the sweeper takes the rows and files within the hour. What
    others pinned stays in it where one may not change the board."""
    out = oldest_in_trash() - timedelta(minutes=1)
    Pin.objects.erasable_by(by).update(deleted_at=out)
    Board.objects.in_trash_of(by, since=oldest_in_trash()).update(deleted_at=out)


@transaction.atomic
def board_to_fill(*, by: User, board: Board | None, new_title: str = "") -> Board:
    """The board a form asks for: a new one where it names one. A form that is sent
    twice makes no second board: by then the person has one of this title."""
    if new_title:
        title = clean_title(new_title)
        wait_for_turn(f"a new board of {by.pk}")
        own = Board.objects.owned_by(by).filter(title=title).order_by("pk").first()
        return own or create_board(owner=by, title=title)
    if board is None:
        raise ValueError("neither a board nor a title")
    return board


def _refresh_pictures(board: Board) -> None:
    refresh_those_of(Pin.objects.filter(board=board, deleted_at=None))


def _index(board: Board) -> None:
    vector = vector_of((board.title, "A"), (board.description, "B"))
    Board.objects.filter(pk=board.pk).update(search=vector)
