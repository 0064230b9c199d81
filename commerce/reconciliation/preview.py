"""What would be read of a file, before anything is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from commerce.models import Statement
from commerce.networks.tables import Table
from commerce.reconciliation.columns import FIELDS, NEEDED
from commerce.reconciliation.exceptions import RowUnreadable
from commerce.reconciliation.reading import Fact, Reader

FIRST_ROWS = 20
MOST_TOLD = 50
# More than a page can wait for; what lies behind is read by the worker alike.
MOST_LOOKED_AT = 50_000


# The number of a row, its cells, and what they say.
Told = tuple[int, list[str], Fact | RowUnreadable]


@dataclass
class Preview:
    columns: dict[str, int]
    header: list[str]
    rows: list[list[str]]  # the first ones
    encoding: str
    row_count: int
    read_count: int = 0
    pays_minor: int = 0
    foreign_count: int = 0  # in another currency, and in no sum
    unread: list[tuple[int, str]] = field(default_factory=list)  # the first ones
    unread_count: int = 0

    @property
    def looked_at(self) -> int:
        """Rows, where these are not all of them."""
        return MOST_LOOKED_AT if self.row_count > MOST_LOOKED_AT else 0


def preview(statement: Statement, table: Table, columns: dict[str, int]) -> Preview:
    seen = Preview(
        columns,
        list(table.header),
        [cells for _number, cells in islice(table.rows, FIRST_ROWS)],
        table.encoding,
        table.row_count,
    )
    if not all(name in columns for name in NEEDED):
        return seen
    told = islice(facts(statement, table, columns), MOST_LOOKED_AT)
    for number, _cells, fact in told:
        if isinstance(fact, Fact):
            seen.read_count += 1
            if fact.currency == statement.currency:
                seen.pays_minor += fact.pays_minor
            else:
                seen.foreign_count += 1
        else:
            seen.unread_count += 1
            if len(seen.unread) < MOST_TOLD:
                seen.unread.append((number, str(fact.for_user)))
    return seen


def is_readable(statement: Statement, table: Table, columns: Mapping[str, int]) -> bool:
    """Whether any row is."""
    return any(isinstance(fact, Fact) for *_, fact in facts(statement, table, columns))


def facts(
    statement: Statement, table: Table, columns: Mapping[str, int], start: int = 0
) -> Iterator[Told]:
    """Each row from this place on with its number in the file, and what it says."""
    reader = Reader(statement, columns)
    for number, cells in islice(table.rows, start, None):
        try:
            yield number, cells, reader.read(cells)
        except RowUnreadable as error:
            yield number, cells, error


def well_chosen(columns: Mapping[str, object], width: int) -> dict[str, int]:
    """Of what a form says, what names a field of ours and a column of the file."""
    chosen: dict[str, int] = {}
    for name in FIELDS:
        text = str(columns.get(name, ""))
        if text.isascii() and text.isdigit() and int(text[:6]) < width:
            chosen[name] = int(text)
    return chosen
