"""What a reader finds in a file, in one shape for all kinds; nothing is trusted yet.

Readers are pure: bytes in, a `Found` out, or an ImportRefused that says what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from pinboard.exceptions import ImportEmpty, ImportTooManyRows, TagTooLong, TooManyTags
from pinboard.models.board import Sort, Visibility
from pinboard.tag_names import names_of
from users.names import clean_title

MAX_ROWS = 10_000
MAX_BOARDS = 500
MOST_TAGS = 50  # of a row, that are looked at
MAX_IMAGES = 4  # addresses of one picture, the best first
TITLE, TEXT, ALT, ADDRESS, SECTION = 200, 2000, 500, 2000, 80
WEB = re.compile(r"https?://[^\s\0]+", re.IGNORECASE)
# Kept by no column of PostgreSQL, or seen by nobody.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class Kind(TextChoices):
    PINBOARD = "pinboard", _("Pinboard export")
    PINTEREST = "pinterest", _("Pinterest export")
    TABLE = "table", _("Table (CSV)")
    BOOKMARKS = "bookmarks", _("Bookmarks")
    ADDRESSES = "addresses", _("List of addresses")


@dataclass
class FoundBoard:
    """`key` names it within the file; the empty one is for pins that name no board."""

    key: str
    title: str = ""
    description: str = ""
    visibility: str = ""
    sort: str = Sort.NEWEST
    created_at: datetime | None = None
    sections: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.title = clean_title(plain(self.title))[:TITLE]
        self.description = plain(self.description)[:1000]
        self.sections = [s for s in map(section_name, self.sections) if s]
        if self.visibility not in Visibility.values:
            self.visibility = ""
        if self.sort not in Sort.values:
            self.sort = Sort.NEWEST


@dataclass
class FoundRow:
    """`number` is where it stands in the file, `place` what its own order says."""

    number: int
    board: str = ""
    title: str = ""
    description: str = ""
    alt: str = ""
    tags: list[str] = field(default_factory=list)
    address: str = ""
    images: list[str] = field(default_factory=list)
    section: str = ""
    file: str = ""
    product: str = ""
    place: int | None = None
    created_at: datetime | None = None
    age: int = 0  # the larger, the older, where the file says so

    def __post_init__(self) -> None:
        self.title = clean_title(plain(self.title))[:TITLE]
        self.description = plain(self.description)[:TEXT]
        self.alt = plain(self.alt)[:ALT]
        self.tags = tag_names(self.tags)
        self.section = section_name(self.section)
        self.images = [a for a in map(web_address, self.images) if a][:MAX_IMAGES]
        self.address = web_address(self.address) or (self.images or [""])[0]
        self.product = web_address(self.product)
        self.file = plain(self.file)[:300]


@dataclass
class Found:
    kind: Kind
    rows: list[FoundRow]
    boards: list[FoundBoard] = field(default_factory=list)

    def checked(self) -> Found:
        """Raises what is wrong with the whole; boards that rows name are there then."""
        if not self.rows and not self.boards:
            raise ImportEmpty
        known = {board.key for board in self.boards}
        for row in self.rows:
            if row.board not in known:
                known.add(row.board)
                self.boards.append(FoundBoard(row.board, title=row.board))
        if len(self.rows) > MAX_ROWS or len(self.boards) > MAX_BOARDS:
            raise ImportTooManyRows
        return self

    def oldest_first(self) -> list[FoundRow]:
        """As they have to be pinned for the newest to be on top: by their dates, where
        all have one; else the file is taken for a list with the newest first."""
        rows = sorted(self.rows, key=lambda row: (row.age, row.number), reverse=True)
        if self.kind != Kind.PINBOARD and all(row.created_at for row in rows):
            rows.sort(key=lambda row: row.created_at or EARLIEST)
        return rows


def plain(value: object) -> str:
    """As text that can be stored; what is no text is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORABLE.sub("", text).strip()


def section_name(value: object) -> str:
    return clean_title(plain(value))[:SECTION].strip()


def tag_names(texts: list[str]) -> list[str]:
    """Those of the texts that can be tags of a pin, as many as it may have."""
    names: list[str] = []
    for text in texts[:MOST_TAGS]:
        try:
            names = names_of([*names, plain(text)])
        except (TagTooLong, TooManyTags):
            continue
    return names


def web_address(value: object) -> str:
    """An address of the web, or none: a cut one would lead somewhere else."""
    text = plain(value)
    return text if len(text) <= ADDRESS and WEB.fullmatch(text) else ""


def words_of(markup: str) -> str:
    return " ".join(unescape(markup).split())


def moment(value: object) -> datetime | None:
    """ISO 8601, what Pinterest writes, or seconds since 1970; UTC where none is said.
    None for what is no date, or cannot be one of a pin."""
    text = plain(value)
    try:
        found = _seconds(text) if text.isdecimal() else _written(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if EARLIEST <= found <= datetime.now(UTC) else None


def _seconds(text: str) -> datetime:
    seconds = int(text[:20])
    while seconds > 10**11:  # some browsers count in thousandths and less
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC)


def _written(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("/", "-"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_json(row: FoundRow) -> dict[str, Any]:  # of texts, lists and numbers
    """What a row keeps beside its columns."""
    made = row.created_at.isoformat() if row.created_at else None
    return {
        "description": row.description,
        "alt": row.alt,
        "tags": row.tags,
        "images": row.images,
        "section": row.section,
        "product": row.product,
        "created_at": made,
    }
