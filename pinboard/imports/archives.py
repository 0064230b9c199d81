"""ZIP files of strangers: looked at before they are opened, never unpacked to a disk.

What a ZIP says about itself decides nothing but a refusal: members are read with a
limit of their own, whatever size they claim.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from pinboard.exceptions import ImportTooLarge, ImportUnsafe

MAX_MEMBERS = 12_000
MAX_LIST_BYTES = 4 * 1024 * 1024  # of the directory at a ZIP's end
MAX_UNPACKED = 2 * 1024**3
MAX_TEXT = 16 * 1024 * 1024
MAX_RATIO = 100  # text packs ten to one; bombs a thousand to one
SMALL = 1024 * 1024  # below which a ratio says nothing
_END = struct.Struct("<4s4H2LH")
_ENCRYPTED = 0x1
_UNSAFE_NAME = re.compile(r"^/|^[A-Za-z]:|\\|(?:^|/)\.\.(?:/|$)|[\x00-\x1f]")
_BROKEN = (BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error)


def opened(file: IO[bytes]) -> ZipFile:
    """Raises ImportUnsafe for whatever an honest program does not make."""
    _check_end(file)
    try:
        archive = ZipFile(file)
    except (*_BROKEN, struct.error, UnicodeDecodeError, RuntimeError) as error:
        raise ImportUnsafe from error
    _check(archive.infolist())
    return archive


def member(archive: ZipFile, name: str, *, at_most: int) -> bytes:
    """One byte more than allowed is read of what is too large, and returned."""
    try:
        with archive.open(name) as packed:
            return packed.read(at_most + 1)
    except (*_BROKEN, RuntimeError) as error:
        raise ImportUnsafe from error


def text_member(archive: ZipFile, name: str) -> bytes:
    content = member(archive, name, at_most=MAX_TEXT)
    if len(content) > MAX_TEXT:
        raise ImportTooLarge
    return content


def _check_end(file: IO[bytes]) -> None:
    """Before Python reads the directory: a row of it costs ten times its bytes. ZIP64
    is for more than we take."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 0xFFFF - _END.size - 20))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        raise ImportUnsafe
    _, disk, first, here, members, list_bytes, _, _ = _END.unpack_from(tail, place)
    if disk or first or here != members or tail[place - 20 : place - 16] == b"PK\6\7":
        raise ImportUnsafe
    if members > MAX_MEMBERS or list_bytes > MAX_LIST_BYTES:
        raise ImportTooLarge


def _check(members: list[ZipInfo]) -> None:
    if len({info.filename for info in members}) != len(members):
        raise ImportUnsafe
    if len(members) > MAX_MEMBERS:
        raise ImportTooLarge
    for info in members:
        if _UNSAFE_NAME.search(info.orig_filename) or info.flag_bits & _ENCRYPTED:
            raise ImportUnsafe
        if info.file_size > SMALL and info.file_size > MAX_RATIO * info.compress_size:
            raise ImportUnsafe
    if sum(info.file_size for info in members) > MAX_UNPACKED:
        raise ImportTooLarge
