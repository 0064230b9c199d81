"""A board's own order, its sections and its cover.

Each pin has a place, a number that rises upwards and has room below and above it: to
put a pin between two others is to write one number. Places come from a sequence, so
that what is new, or comes from another board, is on top without asking what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import TextChoices

from pinboard.actions.locking import locked
from pinboard.actions.pins import lock_boards
from pinboard.exceptions import NoLongerThere
from pinboard.models import Board, BoardSection, Pin
from pinboard.models.board import Sort
from pinboard.models.pin import NextPlace
from users.names import clean_title

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet
    from users.models import User


class Way(TextChoices):
    """Where to: past the neighbour, to the top, or beside a pin that is named."""

    UP = "up"
    DOWN = "down"
    FIRST = "first"
    BEFORE = "before"
    AFTER = "after"


@transaction.atomic
def arrange(*, pin: Pin, by: User, way: str, beside: Pin | None = None) -> Pin:
    """Put the pin elsewhere on its board, which has an order of its own from then on.

    Raises NoLongerThere where either pin is none of the board's any more.
    """
    lock_boards(pin.board)
    mine = locked(Pin.objects.editable_by(by).select_for_update(of=["self"]), pin)
    Board.objects.filter(pk=mine.board_id).update(sort=Sort.OWN)
    if way == Way.FIRST:
        Pin.objects.filter(pk=mine.pk).update(place=NextPlace())
        return mine
    there = Pin.objects.filter(board=mine.board_id, deleted_at=None)
    target = _target(mine, way, there, beside)
    if target is None:
        return mine
    is_above = way in (Way.UP, Way.BEFORE)
    place = _free(target, mine, is_above=is_above)
    if place is None:
        _spread(mine.board_id)
        target.refresh_from_db(fields=["place"])
        place = _free(target, mine, is_above=is_above)
    mine.place = place or target.place  # which is never: they were just spread
    mine.save(update_fields=["place"])
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


def _target(mine: Pin, way: str, there: PinQuerySet, beside: Pin | None) -> Pin | None:
    """The pin beside which it shall stand; None at the end of the list."""
    if way == Way.UP:
        return there.filter(place__gt=mine.place).order_by("place").first()
    if way == Way.DOWN:
        return there.filter(place__lt=mine.place).order_by("-place").first()
    found = there.filter(pk=beside.pk).first() if beside else None
    if found is None or found.pk == mine.pk:
        raise NoLongerThere
    return found


def _free(target: Pin, mine: Pin, *, is_above: bool) -> int | None:
    """A number between the target and its neighbour on that side; None if none is
    left. What is in the trash keeps its place, too."""
    others = Pin.objects.filter(board=target.board_id).exclude(pk=mine.pk)
    if is_above:
        above = others.filter(place__gt=target.place).order_by("place")
        bound = above.values_list("place", flat=True).first()
        if bound is None:
            return target.place + 1
    else:
        below = others.filter(place__lt=target.place).order_by("-place")
        bound = below.values_list("place", flat=True).first() or 0
    place = (bound + target.place) // 2
    return place if place not in (bound, target.place) else None


def _spread(board_pk: int) -> None:
    """Give all pins of a board new places, in the order they have: as far apart as
    there is room below what a new pin would get. The sequence is asked once, by itself:
    inside the update it could be asked anew for each row that is joined."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('pinboard_pin_place') << %s", [NextPlace.ROOM_BITS]
        )
        (top,) = cursor.fetchone()
        cursor.execute(
            "UPDATE pinboard_pin SET place = kept.rank * (%s / (kept.total + 1))"
            " FROM (SELECT id, row_number() OVER (ORDER BY place) AS rank,"
            "  count(*) OVER () AS total FROM pinboard_pin WHERE board_id = %s) AS kept"
            " WHERE pinboard_pin.id = kept.id",
            [top, board_pk],
        )
