"""Which kind of file it is, by what is in it and not by its name."""

from __future__ import annotations

import json
from typing import IO
from zipfile import ZipFile

from pinboard.exceptions import (
    ImportPartMissing,
    ImportRefused,
    ImportTooLarge,
)
from pinboard.imports import archives
from pinboard.imports.address_lists import has_addresses, read_addresses
from pinboard.imports.archives import MAX_TEXT, text_member
from pinboard.imports.bookmarks import SIGN, read_bookmarks
from pinboard.imports.found import Found
from pinboard.imports.own import read_own
from pinboard.imports.pinterest import looks_like_pinterest, read_json, read_pages
from pinboard.imports.tables import read_table
from pinboard.imports.texts import decoded

CONTENTS = "pinboard.json"
ORIGINALS = "originals/"
MOST_PAGES = 500


def is_zip(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def read(file: IO[bytes]) -> Found:
    """Raises an ImportRefused."""
    if is_zip(file):
        with archives.opened(file) as archive:
            return _read_archive(archive)
    file.seek(0)
    content = file.read(MAX_TEXT + 1)
    if len(content) > MAX_TEXT:
        raise ImportTooLarge
    return _read_text(decoded(content))


def pictures_in(file: IO[bytes]) -> list[str]:
    """The names of the pictures in a part of our own export."""
    if not is_zip(file):
        return []
    with archives.opened(file) as archive:
        return [name for name in archive.namelist() if name.startswith(ORIGINALS)]


def has_contents(file: IO[bytes]) -> bool:
    """Whether it is the part of our own export that has the list of contents."""
    if not is_zip(file):
        return False
    with archives.opened(file) as archive:
        return CONTENTS in archive.namelist()


def _read_archive(archive: ZipFile) -> Found:
    names = archive.namelist()
    if CONTENTS in names:
        found = read_own(_json(decoded(text_member(archive, CONTENTS))))
        if found is None:
            raise ImportRefused
        return found
    if any(name.startswith(ORIGINALS) for name in names):
        raise ImportPartMissing
    return _read_pages(archive, sorted(names))


def _read_pages(archive: ZipFile, names: list[str]) -> Found:
    """An export of Pinterest: its pages, or its JSON."""
    pages: list[str] = []
    size = 0
    for name in [name for name in names if name.lower().endswith((".html", ".htm"))]:
        text = decoded(text_member(archive, name))
        size += len(text)
        if size > MAX_TEXT or len(pages) > MOST_PAGES:
            raise ImportTooLarge
        if looks_like_pinterest(text):
            pages.append(text)
    if pages:
        return read_pages(pages)
    for name in [name for name in names if name.lower().endswith(".json")][:20]:
        found = read_json(_json(decoded(text_member(archive, name))))
        if found:
            return found
    raise ImportRefused


def _read_text(text: str) -> Found:
    start = text[:2000].lstrip().lower()
    if start.startswith(("{", "[")):
        value = _json(text)
        found = read_own(value) or read_json(value)
    elif SIGN in start:
        found = read_bookmarks(text)
    elif start.startswith("<"):
        found = read_pages([text]) if looks_like_pinterest(text) else _links(text)
    else:
        found = read_table(text)
        if found is None and has_addresses(text):
            found = read_addresses(text)
    if found is None:
        raise ImportRefused
    return found


def _links(text: str) -> Found | None:
    """Some services leave the first line of a bookmark file out."""
    return read_bookmarks(text) if "<dt><a " in text.lower() else None


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportRefused from error
    return value
