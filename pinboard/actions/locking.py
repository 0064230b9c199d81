"""Rows taken for the rest of a transaction, by those who may change them."""

from __future__ import annotations

from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from pinboard.exceptions import NoLongerThere

M = TypeVar("M", bound=Model)


def locked(rows: QuerySet[M], row: M) -> M:
    """The row as it is now. Raises NoLongerThere where it is none of `rows`, which a
    second press on Delete finds out only here, behind the first."""
    found = rows.filter(pk=row.pk).first()
    if found is None:
        raise NoLongerThere
    return found


def wait_for_turn(deed: str) -> None:
    """One at a time, for the rest of the transaction, without any row locked: so it
    stands in no order of locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [deed])
