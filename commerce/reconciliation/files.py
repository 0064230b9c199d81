"""The bytes of a network's file as a heading and rows of text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from commerce.reconciliation.exceptions import FileUnreadable

MOST_BYTES = 100 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200_000, 128, 20_000


@dataclass(frozen=True)
class Table:
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    encoding: str
    numbers: Sequence[int] = field(default_factory=list)  # of the rows in the file

    def number_of(self, place: int) -> int:
        return self.numbers[place]


def read_file(content: bytes) -> Table:
    """Raises FileUnreadable."""
    if len(content) > MOST_BYTES:
        raise FileUnreadable(_("The file is larger than 100 MB. Send it in parts."))
    text, encoding = _decoded(content)
    rows: list[list[str]] = []
    numbers: list[int] = []
    header: list[str] = []
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(text))
    try:
        for number, cells in enumerate(reader, start=1):
            _check(number, cells)
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                # A report's title stands alone in its line.
                header = cells if sum(1 for c in cells if c.strip()) > 1 else []
                continue
            rows.append(cells)
            numbers.append(number)
    except csv.Error as error:
        told = _("The file is no CSV: %(why)s.") % {"why": error}
        raise FileUnreadable(told) from error
    if not rows:
        raise FileUnreadable(_("The file has no rows below a line of headings."))
    return Table([cell.strip() for cell in header], rows, encoding, numbers)


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith(b"PK\x03\x04"):
        raise FileUnreadable(_("This is a workbook. Save it as CSV first."))
    if b"\0" not in content:
        for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")):
            try:
                return content.decode(encoding), name
            except UnicodeDecodeError:
                continue
    raise FileUnreadable(_("The file is no text in UTF-8 or GB18030. Save it as CSV."))


def _delimiter(text: str) -> str:
    first = next((line for line in text[:100_000].splitlines() if line.strip()), "")
    return max(",\t;", key=first.count)


def _check(number: int, cells: Sequence[str]) -> None:
    if number > MOST_ROWS + 1:
        raise FileUnreadable(
            _("The file has more than 200,000 rows. Send it in parts.")
        )
    if len(cells) > MOST_COLUMNS:
        told = _("Row %(n)d has more than 128 columns.") % {"n": number}
        raise FileUnreadable(told)
    if any(len(cell) > LONGEST_CELL for cell in cells):
        told = _("A cell of row %(n)d is longer than 20,000 characters.")
        raise FileUnreadable(told % {"n": number})
