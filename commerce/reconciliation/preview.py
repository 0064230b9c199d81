"""What would be read of a file, before anything is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from commerce.models import Statement
from commerce.reconciliation.columns import FIELDS, NEEDED
from commerce.reconciliation.exceptions import RowUnreadable
from commerce.reconciliation.files import Table
from commerce.reconciliation.reading import Fact, Reader

FIRST_ROWS = 20
MOST_TOLD = 50


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
    def is_readable(self) -> bool:
        return self.read_count > 0


def preview(statement: Statement, table: Table, columns: dict[str, int]) -> Preview:
    seen = Preview(
        columns,
        list(table.header),
        [list(row) for row in table.rows[:FIRST_ROWS]],
        table.encoding,
        len(table.rows),
    )
    if not all(name in columns for name in NEEDED):
        return seen
    for number, _cells, fact in facts(statement, table, columns):
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


def facts(
    statement: Statement, table: Table, columns: Mapping[str, int], start: int = 0
) -> Iterator[tuple[int, Sequence[str], Fact | RowUnreadable]]:
    """Each row from this place on with its number in the file, and what it says."""
    reader = Reader(statement, columns)
    for place in range(start, len(table.rows)):
        cells = table.rows[place]
        try:
            yield table.number_of(place), cells, reader.read(cells)
        except RowUnreadable as error:
            yield table.number_of(place), cells, error


def well_chosen(columns: Mapping[str, object], width: int) -> dict[str, int]:
    """Of what a form says, what names a field of ours and a column of the file."""
    chosen: dict[str, int] = {}
    for name in FIELDS:
        text = str(columns.get(name, ""))
        if text.isascii() and text.isdigit() and int(text[:6]) < width:
            chosen[name] = int(text)
    return chosen
