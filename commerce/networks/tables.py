"""The bytes of a report as a heading and rows of text. Pure.

What the columns mean is the business of whoever asked. A table is checked as a whole
before it is handed out, and its rows are read anew each time somebody goes through
them: a file of 100 MB takes its own size in memory and no more.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from commerce.exceptions import FileUnreadable

MOST_BYTES = 100 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200_000, 128, 20_000

# A heading stands among the first rows, behind titles and notes.
_OPENING_ROWS, _OPENING_BYTES = 20, 256 * 1024
_DELIMITERS = ",\t;"
_CHUNK = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB18030"}

# What spreadsheets are given so that a number stays the text it is: a tab beside it, an
# apostrophe before it, or a formula that is nothing but the text.
_FORMULA = re.compile(r'\A="([^"]*)"\Z')
_APOSTROPHE = re.compile(r"\A'(?=[+-]?[0-9])")

Named = Callable[[str], str]
IsHeader = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Table:
    """`rows` may be gone through as often as one likes: each row that is not blank,
    with its number in the file, as spreadsheets count."""

    header: list[str]
    encoding: str
    delimiter: str
    row_count: int
    header_number: int
    content: bytes = field(repr=False)

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        codec = next(name for name, shown in _NAMES.items() if shown == self.encoding)
        for number, cells in _records(self.content, codec, self.delimiter):
            if number > self.header_number and not _is_blank(cells):
                yield number, cells


def read_table(
    content: bytes,
    *,
    known: Collection[str] = (),
    named: Named = str.strip,
    shown: Named = str.strip,
) -> Table:
    """Raises FileUnreadable, whose `for_user` is one sentence.

    The heading is the first row with all names of `known`; without these the first with
    more than one cell, for titles stand alone in their line. `named` says what the
    reader calls a heading, whichever way it is spelled, and `shown` what people see.
    """
    if len(content) > MOST_BYTES:
        raise FileUnreadable(_("The file is larger than 100 MB. Send it in parts."))
    if not content.strip():
        raise FileUnreadable(_("The file is empty."))
    codec = _codec_of(content)
    names = frozenset(known)
    is_header = _header_test(names, named)
    delimiter = _delimiter_of(content, codec, is_header)
    header_number, header, row_count = 0, list[str](), 0
    for number, cells in _records(content, codec, delimiter):
        _check(number, cells)
        if header:
            row_count += not _is_blank(cells)
            if row_count > MOST_ROWS or number > 2 * MOST_ROWS:
                told = _("The file has more than 200,000 rows. Send it in parts.")
                raise FileUnreadable(told)
        elif is_header(cells):
            header_number, header = number, [named(cell.strip()) for cell in cells]
        elif number >= _OPENING_ROWS:
            break
    if not header:
        raise FileUnreadable(_no_header(sorted(map(shown, names))))
    _check_header(header)
    if not row_count:
        raise FileUnreadable(_("The file has no rows below its headings."))
    return Table(header, _NAMES[codec], delimiter, row_count, header_number, content)


def unwrapped(cell: str) -> str:
    """The text that a spreadsheet was meant to keep; all others as they are."""
    if not cell or (cell[0] not in "='\t" and cell[-1] != "\t"):
        return cell
    text = cell.strip("\t")
    if found := _FORMULA.match(text):
        return found[1].strip("\t")
    return _APOSTROPHE.sub("", text)


def _records(
    content: bytes, codec: str, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(io.BytesIO(content), codec, newline="")
    number = 0
    try:
        for cells in csv.reader(text, delimiter=delimiter, strict=True):
            number += 1
            yield number, [unwrapped(cell) for cell in cells]
    except csv.Error as error:
        told = _("From row %(n)d on the file is no CSV: its quotation marks are wrong.")
        raise FileUnreadable(told % {"n": number + 1}) from error


def _is_blank(cells: Sequence[str]) -> bool:
    return not any(cells) or not "".join(cells).strip()


def _header_test(names: frozenset[str], named: Named) -> IsHeader:
    def is_header(cells: Sequence[str]) -> bool:
        filled = {named(text) for cell in cells if (text := cell.strip())}
        return names <= filled if names else len(filled) > 1

    return is_header


def _codec_of(content: bytes) -> str:
    """By its mark; without one UTF-8, and what is none GB18030."""
    if content.startswith(b"PK\x03\x04"):
        raise FileUnreadable(_("This is a workbook. Save it as CSV first."))
    marked = next((codec for mark, codec in _MARKS if content.startswith(mark)), None)
    for codec in [marked] if marked else ["utf-8-sig", "gb18030"]:
        if _is_text(content, codec):
            return codec
    raise FileUnreadable(
        _("The file is no text in UTF-8, UTF-16 or GB18030. Save it as CSV in UTF-8.")
    )


def _is_text(content: bytes, codec: str) -> bool:
    """Strictly: every byte, no NUL."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(content), _CHUNK):
            if "\0" in decoder.decode(content[start : start + _CHUNK]):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(content: bytes, codec: str, is_header: IsHeader) -> str:
    """The one by which a heading comes first, and of those with the most columns."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines = decoder.decode(content[:_OPENING_BYTES]).splitlines(keepends=True)
    standing = dict.fromkeys(_DELIMITERS, (-_OPENING_ROWS, 0))
    for delimiter in _DELIMITERS:
        with suppress(csv.Error):  # told of when it is read in earnest
            rows = csv.reader(lines[:_OPENING_ROWS], delimiter=delimiter)
            for place, row in enumerate(rows):
                if is_header([unwrapped(cell) for cell in row]):
                    standing[delimiter] = (-place, len(row))
                    break
    return max(_DELIMITERS, key=standing.__getitem__)


def _check(number: int, cells: Sequence[str]) -> None:
    if len(cells) > MOST_COLUMNS:
        told = _("Row %(n)d has more than 128 columns. Leave out what is not needed.")
        raise FileUnreadable(told % {"n": number})
    if any(
        len(cell) > LONGEST_CELL // 4 and len(cell.encode()) > LONGEST_CELL
        for cell in cells
    ):
        told = _("A cell of row %(n)d is larger than 20 kB. Shorten it.")
        raise FileUnreadable(told % {"n": number})


def _check_header(header: Sequence[str]) -> None:
    twice = [name for name, n in Counter(header).items() if name and n > 1]
    if twice:
        told = _("The heading “%(name)s” stands there twice. Rename one of them.")
        raise FileUnreadable(told % {"name": twice[0][:60]})


def _no_header(names: Sequence[str]) -> str:
    if names:
        told = _("No row has the headings of this report: %(names)s.")
        return told % {"names": ", ".join(names)}
    return _("The file has no line of headings.")
