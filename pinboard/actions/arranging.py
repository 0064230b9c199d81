"""Boards on a profile, the pins of a board, its sections and its cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from pinboard.actions.locking import locked, wait_for_turn
from pinboard.actions.pins import lock_boards
from pinboard.actions.places import Order, put
from pinboard.exceptions import NoLongerThere
from pinboard.models import Board, BoardSection, Pin
from pinboard.models.board import Sort
from users.names import clean_title

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def arrange(*, pin: Pin, by: User, way: str, beside: Pin | None = None) -> Pin:
    """Put the pin elsewhere on its board, which has an order of its own from then on.

    Raises NoLongerThere where either pin is none of the board's any more.
    """
    lock_boards(pin.board)
    mine = locked(Pin.objects.editable_by(by).select_for_update(of=["self"]), pin)
    Board.objects.filter(pk=mine.board_id).update(sort=Sort.OWN)
    kept = Pin.objects.filter(board=mine.board_id)
    order = Order(kept.filter(deleted_at=None), kept, "board", mine.board_id)
    put(mine, order=order, way=way, beside=beside)
    return mine


@transaction.atomic
def arrange_board(
    *, board: Board, by: User, way: str, beside: Board | None = None
) -> Board:
    """Put one of one's boards elsewhere on one's profile. Raises NoLongerThere."""
    owned = Board.objects.owned_by(by)
    mine = owned.filter(pk=board.pk).first()
    if mine is None:
        raise NoLongerThere
    wait_for_turn(f"the order of the boards of {by.pk}")
    mine.refresh_from_db(fields=["place"])
    order = Order(owned, Board.objects.filter(owner=by), "owner", by.pk)
    put(mine, order=order, way=way, beside=beside)
    return mine


@transaction.atomic
def set_cover(*, board: Board, by: User, pin: Pin | None) -> Board:
    """The picture that stands for the board; None: its newest."""
    mine = locked(Board.objects.editable_by(by).select_for_update(no_key=True), board)
    if pin and not Pin.objects.filter(pk=pin.pk, board=mine, deleted_at=None).exists():
        raise NoLongerThere
    mine.cover = pin
    mine.save(update_fields=["cover"])
    return mine


@transaction.atomic
def add_section(*, board: Board, by: User, title: str) -> BoardSection:
    """The section of this title, made where there is none."""
    mine = locked(Board.objects.fillable_by(by).select_for_update(no_key=True), board)
    title = clean_title(title)
    return BoardSection.objects.get_or_create(board=mine, title=title)[0]


@transaction.atomic
def rename_section(*, section: BoardSection, by: User, title: str) -> BoardSection:
    """The form has seen that the board has no other of this title."""
    locked(Board.objects.fillable_by(by).select_for_update(), section.board)
    section.title = clean_title(title)
    section.save(update_fields=["title"])
    return section


@transaction.atomic
def delete_section(*, section: BoardSection, by: User) -> None:
    """Its pins stay on the board."""
    locked(Board.objects.fillable_by(by).select_for_update(), section.board)
    section.delete()
