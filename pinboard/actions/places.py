"""An order by hand: pins on a board, boards on a profile.

Each row has a place, a number that rises upwards and has room below and above it: to
put a row between two others is to write one number. Places come from a sequence, so
that what is new, or comes from elsewhere, is on top without asking what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection
from django.db.models import QuerySet, TextChoices

from pinboard.exceptions import NoLongerThere
from pinboard.models import Board, Pin
from pinboard.models.board import NextBoardPlace
from pinboard.models.pin import NextPlace

M = TypeVar("M", Pin, Board)


class Way(TextChoices):
    """Where to: past the neighbour, to the top, or beside a row that is named."""

    UP = "up"
    DOWN = "down"
    FIRST = "first"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Order(Generic[M]):
    """`shown` are the rows that are seen; `kept` those in the trash, too, which keep
    their places. `within` and `pk` say of what: a foreign key, and its value."""

    shown: QuerySet[M]
    kept: QuerySet[M]
    within: str
    pk: int


def put(row: M, *, order: Order[M], way: str, beside: M | None = None) -> None:
    """Write the row's place. Raises NoLongerThere where `beside` is not shown. The
    caller has locked what holds them all."""
    if way == Way.FIRST:
        _write(row, NextPlace() if isinstance(row, Pin) else NextBoardPlace())
        return
    target = _target(row, way, order.shown, beside)
    if target is None:
        return
    is_above = way in (Way.UP, Way.BEFORE)
    place = _free(target, row, order.kept, is_above=is_above)
    if place is None:
        _spread(order)
        target.refresh_from_db(fields=["place"])
        place = _free(target, row, order.kept, is_above=is_above)
    # One is free: they were just spread.
    _write(row, place or target.place)


def _write(row: Pin | Board, place: int | NextPlace | NextBoardPlace) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(place=place)


def _target(row: M, way: str, shown: QuerySet[M], beside: M | None) -> M | None:
    """The row beside which it shall stand; None at the end of the list."""
    if way == Way.UP:
        return shown.filter(place__gt=row.place).order_by("place").first()
    if way == Way.DOWN:
        return shown.filter(place__lt=row.place).order_by("-place").first()
    found = shown.filter(pk=beside.pk).first() if beside else None
    if found is None or found.pk == row.pk:
        raise NoLongerThere
    return found


def _free(target: M, row: M, kept: QuerySet[M], *, is_above: bool) -> int | None:
    """A number between the target and its neighbour on that side; None if none is
    left."""
    others = kept.exclude(pk=row.pk)
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


def _spread(order: Order[M]) -> None:
    """Give all rows new places, in the order they have: as far apart as there is room
    below what a new row would get. The sequence is asked once, by itself: inside the
    update it could be asked anew for each row that is joined."""
    model = order.kept.model
    table, within = model._meta.db_table, f"{order.within}_id"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(%s) << %s", [f"{table}_place", NextPlace.ROOM_BITS]
        )
        (top,) = cursor.fetchone()
        cursor.execute(
            f"UPDATE {table} SET place = kept.rank * (%s / (kept.total + 1))"  # noqa: S608  names of ours
            " FROM (SELECT id, row_number() OVER (ORDER BY place) AS rank,"
            f"  count(*) OVER () AS total FROM {table} WHERE {within} = %s) AS kept"
            f" WHERE {table}.id = kept.id",
            [top, order.pk],
        )
