"""Pages of a list by key: the next page begins below the last id of this one.

New rows never push old ones over a page's edge, and page 10,000 costs what page 1 does.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

PAGE_SIZE = 24
LARGEST_ID = 2**63 - 1

M = TypeVar("M", bound=Model)


class BadCursor(ValueError):
    """The cursor is none of ours: a page answers 404."""


@dataclass
class Page(Generic[M]):
    items: list[M]
    next_cursor: str | None


def page_of(
    queryset: QuerySet[M],
    cursor: str | None,
    *,
    size: int = PAGE_SIZE,
    key: str = "pk",
    newest_first: bool = True,
) -> Page[M]:
    """One page in the order of `key`, a unique whole number. Raises BadCursor."""
    if cursor:
        edge = "lt" if newest_first else "gt"
        queryset = queryset.filter(**{f"{key}__{edge}": _read(cursor)})
    ordered = queryset.order_by(f"-{key}" if newest_first else key)
    rows = list(ordered[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    last = getattr(rows[-1], key) if more else None
    return Page(rows, None if last is None else _write(last))


def _write(last_id: int) -> str:
    return urlsafe_b64encode(f"k{last_id}".encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", cursor):
        raise BadCursor(cursor[:40])
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise BadCursor(cursor) from error
    found = re.fullmatch(r"k([0-9]{1,19})", text)
    if not found or int(found[1]) > LARGEST_ID:
        raise BadCursor(cursor)
    return int(found[1])
