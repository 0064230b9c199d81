"""CSV for people's spreadsheets, in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from pinboard.cells import plain_cell


def sheet(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with a byte order mark, by which Excel knows UTF-8."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([plain_cell(value) for value in row] for row in rows)
    return "\ufeff" + written.getvalue()
