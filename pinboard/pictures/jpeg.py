"""The segments of a JPEG: counted before decoding, and kept without the metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SOI, EOI, SOS, DHT, DQT, DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD
APP0, APP1, APP14 = 0xE0, 0xE1, 0xEE
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_KEPT = FRAMES | {DHT, DQT, DRI, SOS}
_ADOBE_BYTES = 12  # the colour transform; whatever follows is a stowaway
# In a scan, FF is followed by 00 (a data byte), by a restart or by the next segment.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


@dataclass(frozen=True)
class Segment:
    """A marker with its content; `end` is where the next is looked for."""

    marker: int
    start: int
    content: bytes
    end: int


def segments(content: bytes) -> Iterator[Segment]:
    """The segments up to the end of the picture; ValueError where one is cut off.

    Bytes between them are passed over, as the decoder does, so that no scan can hide.
    """
    at = 2
    while found := _MARKER.search(content, at):
        marker = content[found.start() + 1]
        if marker == EOI:
            yield Segment(EOI, found.start(), b"", found.end())
            return
        size = int.from_bytes(content[found.end() : found.end() + 2], "big")
        end = found.end() + size
        if size < 2 or end > len(content):
            raise ValueError("a segment is cut off")
        yield Segment(marker, found.start(), content[found.end() + 2 : end], end)
        at = end


def without_metadata(content: bytes) -> bytes:
    """The same picture to the last coefficient, with nothing said about it.

    Only tables, frames and scans are copied, and what follows the end is cut off.
    Raises ValueError for a picture whose end is missing.
    """
    parts = [b"\xff\xd8"]
    found = list(segments(content))
    if not found or found[-1].marker != EOI:
        raise ValueError("the end is missing")
    for segment, following in pairwise(found):
        if segment.marker == APP0 and segment.content.startswith(b"JFIF\0"):
            parts.append(_segment(APP0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"))
        elif segment.marker == APP14 and segment.content.startswith(b"Adobe"):
            parts.append(_segment(APP14, segment.content[:_ADOBE_BYTES]))
        elif segment.marker == SOS:
            parts.append(content[segment.start : following.start])
        elif segment.marker in _KEPT:
            parts.append(content[segment.start : segment.end])
    return b"".join([*parts, b"\xff\xd9"])


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content
