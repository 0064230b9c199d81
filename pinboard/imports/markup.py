"""Tags of an HTML file one after the other, in time that grows with its size alone.

No tree is built, so there is nothing to nest too deeply. Entities are written out after
the text was cut into pieces, and none of HTML's makes more than two letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from pinboard.exceptions import ImportTooManyRows

MOST_TAGS = 400_000
# Possessive: an unclosed tag costs one look, not one for each of its letters.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>")
_ATTRIBUTE = re.compile(
    r"""([a-zA-Z_-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"']++))"""
)


class Piece(NamedTuple):
    """A tag and the text that follows it; `name` is `/a` where it closes."""

    name: str
    attributes: str
    text: str

    def get(self, wanted: str) -> str:
        for found in _ATTRIBUTE.finditer(self.attributes):
            if found[1].lower() == wanted:
                return unescape(found[2] or found[3] or found[4] or "").strip()
        return ""


def pieces(text: str) -> Iterator[Piece]:
    """Raises ImportTooManyRows for more tags than ten thousand pins need."""
    before: re.Match[str] | None = None
    for number, tag in enumerate(_TAG.finditer(text)):
        if number > MOST_TAGS:
            raise ImportTooManyRows
        if before:
            yield _piece(before, text[before.end() : tag.start()])
        before = tag
    if before:
        yield _piece(before, text[before.end() :])


def _piece(tag: re.Match[str], text: str) -> Piece:
    return Piece((tag[1] + tag[2]).lower(), tag[3], text)
