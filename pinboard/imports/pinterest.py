"""What Pinterest sends to those who ask for their data.

Pinterest documents how to ask for it (help.pinterest.com, "Request your data"), not
what is in it. What is read here was established from public samples and from readers
that people published for their own exports: an HTML page, or a ZIP of such pages
(`pins/0001.html`), with a heading "Pins" and for each pin its address at Pinterest and
lines `<br>Name: value,` where "No data" stands for nothing. `Image` is the signature
by which i.pinimg.com names the files; which size and ending it has is not told. JSON is
read by the names of Pinterest's public interface (v5: title, link, board name,
alt_text, created_at, media.images): an export in JSON was not seen, so a file with
other names is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pinboard.imports.found import Found, FoundRow, Kind, moment, plain, words_of
from pinboard.imports.markup import pieces

PIN = re.compile(r"https?://(?:[a-z]{2,3}\.)?pinterest\.[a-z.]{2,6}/pin/\w++", re.I)
_SIGNATURE = re.compile(r"[0-9a-f]{32}")
_LINE = re.compile(r"\s*+([A-Z][A-Za-z ]{0,30}):(.*+)", re.DOTALL)
NOTHING = {"", "no data", "none", "null"}
# As the picture came; its ending is not told. The last is always a JPEG.
_PLACES = ("originals/{}.jpg", "originals/{}.png", "736x/{}.jpg")


def looks_like_pinterest(text: str) -> bool:
    return bool(PIN.search(text)) and ("Board Name:" in text or "Board Id:" in text)


def read_pages(pages: list[str]) -> Found:
    rows = [_row(n, told) for n, told in enumerate(_told(pages), 1)]
    return Found(Kind.PINTEREST, rows).checked()


def read_json(value: object) -> Found | None:
    """None where no pin is told in a way that is known."""
    listed = value
    if isinstance(value, dict):
        listed = value.get("pins", value.get("items"))
    if not isinstance(listed, list):
        return None
    rows = [
        _row(number, _named(item))
        for number, item in enumerate(listed, 1)
        if isinstance(item, dict)
    ]
    if not any(row.address for row in rows):
        return None
    return Found(Kind.PINTEREST, rows).checked()


def _told(pages: list[str]) -> Iterator[dict[str, str]]:
    """Each pin as its lines: name to value."""
    told: dict[str, str] = {}
    for page in pages:
        name = ""
        for piece in pieces(page):
            href = piece.get("href") if piece.name == "a" else ""
            if href and not name and PIN.match(href):
                if told:
                    yield told
                told = {"pin": href}
            elif href and name and told:
                told[name] = href
            elif piece.name == "h1" and told:
                yield told
                told = {}
            elif piece.name == "br" and told:
                name = _take(told, piece.text)
    if told:
        yield told


def _take(told: dict[str, str], text: str) -> str:
    """Keep the line; its name, where the value is a link that follows."""
    found = _LINE.fullmatch(text)
    if not found:
        return ""
    name, value = found[1].lower(), words_of(found[2]).removesuffix(",").strip()
    told[name] = "" if value.lower() in NOTHING else value
    return "" if value else name


def _row(number: int, told: dict[str, str]) -> FoundRow:
    return FoundRow(
        number,
        board=" ".join(told.get("board name", "").split())[:200],
        section=told.get("section name", ""),
        title=told.get("title", ""),
        description=told.get("details", ""),
        alt=told.get("alt text", ""),
        address=told.get("canonical link") or told.get("pin", ""),
        images=_images(told.get("image", "")),
        created_at=moment(told.get("created at", "")),
    )


def _images(told: str) -> list[str]:
    if not _SIGNATURE.fullmatch(told):
        return [told]
    path = f"{told[:2]}/{told[2:4]}/{told[4:6]}/{told}"
    return [f"https://i.pinimg.com/{place.format(path)}" for place in _PLACES]


def _named(item: dict[str, Any]) -> dict[str, str]:
    board = item.get("board_name") or item.get("board")
    board = board.get("name") if isinstance(board, dict) else board
    told = {
        "board name": board,
        "section name": item.get("section_name") or item.get("section"),
        "title": item.get("title"),
        "details": item.get("description") or item.get("details") or item.get("note"),
        "alt text": item.get("alt_text"),
        "canonical link": item.get("canonical_link") or item.get("link"),
        "pin": item.get("url"),
        "image": item.get("image_url") or item.get("image") or _largest(item),
        "created at": item.get("created_at"),
    }
    return {name: plain(value) for name, value in told.items()}


def _largest(item: dict[str, Any]) -> object:
    media = item.get("media")
    images = media.get("images") if isinstance(media, dict) else item.get("images")
    sizes = list(images.values()) if isinstance(images, dict) else []
    sizes = [size for size in sizes if isinstance(size, dict)]
    if isinstance(images, dict) and isinstance(images.get("originals"), dict):
        return images["originals"].get("url")
    sizes.sort(key=lambda size: _number(size.get("width")))
    return sizes[-1].get("url") if sizes else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
