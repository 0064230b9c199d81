"""The rows of a JSON report, with every number as the text that stands there. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn  # whatever stands in somebody's file

from django.utils.translation import gettext as _

from commerce.exceptions import FileUnreadable, MalformedNotice
from commerce.networks import beside, statement_rows
from commerce.networks.base import Payload
from commerce.networks.tables import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS

# It is read as a whole, which takes ten times its size; a CSV takes its own.
MOST_BYTES = 20 * 1024 * 1024
# What the site itself writes beside rows.
_OURS = (beside.KEY, statement_rows.KEY)
_WHITE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_DEEPEST = 6


def is_json(content: bytes) -> bool:
    return content.removeprefix(_BOM).lstrip(_WHITE)[:1] in (b"[", b"{")


def json_rows(content: bytes) -> list[Payload]:
    """Raises FileUnreadable. The rows are the first list of objects, however deep in
    envelopes it lies. An amount is never a float: its digits stay as they are."""
    if len(content) > MOST_BYTES:
        told = _("The file is larger than 20 MB. Send it in parts, or as a CSV.")
        raise FileUnreadable(told)
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_float=str,
            parse_constant=_refused,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        told = _("The file is no whole JSON in UTF-8. Fetch it again.")
        raise FileUnreadable(told) from error
    rows = _first_list([document])
    if not rows:
        raise FileUnreadable(_("The file has no rows."))
    if len(rows) > MOST_ROWS:
        told = _("The file has more than 200,000 rows. Send it in parts.")
        raise FileUnreadable(told)
    return rows


def check_row(row: Payload) -> None:
    """Raises MalformedNotice for what no database keeps, or that is larger than a row
    of a CSV may be."""
    if len(row) > MOST_COLUMNS or any(name in row for name in _OURS):
        raise MalformedNotice("row")
    size = 0
    for text in _texts(row):
        size += len(text)
        if "\0" in text or size > LONGEST_CELL or not _is_unicode(text):
            raise MalformedNotice("row")


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        raise MalformedNotice("row")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth + 1)


def _is_unicode(text: str) -> bool:
    """A half of a surrogate pair is none."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _first_list(level: list[Any]) -> list[Payload]:
    for _depth in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, list) and value:
                if all(isinstance(row, dict) for row in value):
                    return value
            elif isinstance(value, dict):
                inner += value.values()
        level = inner
    return []


def _object(pairs: Iterable[tuple[str, object]]) -> Payload:
    """Of a field that stands there twice nobody knows which one is meant."""
    pairs = list(pairs)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _refused(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity
