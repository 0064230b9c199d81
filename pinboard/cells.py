"""CSV for people's spreadsheets, in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

# What Excel, LibreOffice and Google Sheets take for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain_cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def sheet(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with a byte order mark, by which Excel knows UTF-8."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([plain_cell(value) for value in row] for row in rows)
    return "\ufeff" + written.getvalue()
