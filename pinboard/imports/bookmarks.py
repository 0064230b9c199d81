"""Bookmarks as browsers and bookmark services write them (Netscape's HTML of 1996).

Folders are headings before a list; the innermost one with a name is the board. Browsers
wrap all in folders of their own, which hold bookmarks only where nobody sorted them.
"""

from __future__ import annotations

from pinboard.imports.found import Found, FoundRow, Kind, moment, words_of
from pinboard.imports.markup import Piece, pieces

SIGN = "netscape-bookmark-file"
MOST_DEEP = 50


def read_bookmarks(text: str) -> Found:
    reader = _Reader()
    for piece in pieces(text):
        reader.take(piece)
    return Found(Kind.BOOKMARKS, reader.rows).checked()


class _Reader:
    def __init__(self) -> None:
        self.rows: list[FoundRow] = []
        self.folders: list[str] = []
        self.heading = ""
        self.too_deep = 0

    def take(self, piece: Piece) -> None:
        if piece.name == "h3":
            self.heading = words_of(piece.text)
        elif piece.name == "dl":
            self._open()
        elif piece.name == "/dl":
            self._close()
        elif piece.name == "a":
            self._add(piece)
        elif piece.name == "dd" and self.rows:
            self.rows[-1].description = words_of(piece.text)[:2000]

    def _open(self) -> None:
        if len(self.folders) < MOST_DEEP:
            self.folders.append(self.heading)
            self.heading = ""
        else:
            self.too_deep += 1

    def _close(self) -> None:
        if self.too_deep:
            self.too_deep -= 1
        elif self.folders:
            self.folders.pop()

    def _add(self, piece: Piece) -> None:
        self.rows.append(
            FoundRow(
                number=len(self.rows) + 1,
                board=next(filter(None, reversed(self.folders)), "")[:200],
                title=words_of(piece.text),
                tags=piece.get("tags").split(","),
                address=piece.get("href"),
                created_at=moment(piece.get("add_date")),
            )
        )
