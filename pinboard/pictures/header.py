"""What a picture's header promises, read without decoding a single pixel.

Pillow is not asked: opening a lossless WebP of 34 bytes already reserves its canvas.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TypeVar

from pinboard.exceptions import (
    PictureBroken,
    PictureRefused,
    PictureTooLarge,
    PictureTooManyPixels,
)
from pinboard.pictures import jpeg
from pinboard.pictures.kinds import MEDIA_TYPES, decodable_kinds, kind_of

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000  # of all frames
MAX_SCANS = 100  # a progressive JPEG of 3,000 scans costs half a minute
# Honest files of 20 MB have some 80,000 parts at most; walking on would cost the web
# process seconds.
MAX_PARTS = 100_000
_TURNED = range(5, 9)  # EXIF orientations that swap width and height
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Header:
    """`width` and `height` are upright; `frames` is 1 for a still picture."""

    kind: str
    width: int
    height: int
    frames: int = 1

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.kind]


def content_of(file: IO[bytes]) -> bytes:
    """An upload's bytes, but no more of them in memory than it takes to refuse it."""
    return file.read(MAX_BYTES + 1)


def read_header(content: bytes) -> Header:
    """Say what this upload promises to be. Raises a PictureRefused."""
    if len(content) > MAX_BYTES:
        raise PictureTooLarge
    kind = kind_of(content)
    if kind is None or kind not in decodable_kinds():
        raise PictureRefused
    try:
        width, height, frames, turn = _READERS[kind](content)
    except (ValueError, LookupError, struct.error) as error:
        raise PictureBroken from error
    if not width or not height:
        raise PictureBroken
    if width * height * max(frames, 1) > MAX_PIXELS:
        raise PictureTooManyPixels
    if turn in _TURNED:
        width, height = height, width
    return Header(kind, width, height, max(frames, 1))


T = TypeVar("T")
Promise = tuple[int, int, int, int]  # width, height, frames, orientation


def _read_jpeg(content: bytes) -> Promise:
    size: tuple[int, int] | None = None
    turn, scans = 1, 0
    for segment in _few(jpeg.segments(content)):
        if segment.marker in jpeg.FRAMES and size is None:
            height, width = struct.unpack(">HH", segment.content[1:5])
            size = width, height
        elif segment.marker == jpeg.APP1 and segment.content.startswith(b"Exif\0\0"):
            turn = _orientation_of(segment.content[6:])
        elif segment.marker == jpeg.SOS:
            scans += 1
    if size is None or not scans:
        raise ValueError("no frame or no scan")
    if scans > MAX_SCANS:
        raise ValueError("too many scans")
    return (*size, 1, turn)


def _read_png(content: bytes) -> Promise:
    chunks = _few(_chunks(content, 8, ">I4s", trailer=4))
    name, header = next(chunks, (b"", b""))
    if name != b"IHDR":
        raise ValueError("no header")
    width, height = struct.unpack(">II", header[:8])
    _refuse_bomb(width, height)
    frames, turn, has_pixels = 0, 1, False
    for name, body in chunks:
        frames += name == b"fcTL"
        has_pixels |= name == b"IDAT"
        turn = _orientation_of(body) if name == b"eXIf" else turn
    if not has_pixels:
        raise ValueError("no pixels")
    return width, height, frames, turn


def _read_webp(content: bytes) -> Promise:
    width = height = frames = 0
    turn = 1
    for name, body in _few(_chunks(content, 12, "<4sI", padded=True)):
        if name == b"VP8X":
            width = 1 + int.from_bytes(body[4:7], "little")
            height = 1 + int.from_bytes(body[7:10], "little")
        elif name == b"VP8 " and not width:
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", body[6:10]))
        elif name == b"VP8L" and not width:
            (bits,) = struct.unpack("<I", body[1:5])
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            turn = _orientation_of(body.removeprefix(b"Exif\0\0"))
    return width, height, frames, turn


def _read_gif(content: bytes) -> Promise:
    width, height, flags = struct.unpack("<HHB", content[6:11])
    _refuse_bomb(width, height)
    at = 13 + _palette_bytes(flags)
    frames = parts = 0
    while (block := content[at]) != 0x3B:
        if block == 0x2C:
            frames += 1
            if width * height * frames > MAX_PIXELS:
                break
            at += 11 + _palette_bytes(content[at + 9])
        elif block == 0x21:
            at += 2
        elif frames:
            break  # padding behind the last frame
        else:
            raise ValueError("no such block")
        while size := content[at]:
            at += 1 + size
            parts += 1
        at += 1
        parts += 1
        if parts > MAX_PARTS:
            raise ValueError("too many parts")
        if frames and at >= len(content):
            break  # many encoders forget the last byte
    if not frames:
        raise ValueError("no frame")
    return width, height, frames, 1


def _read_bmp(content: bytes) -> Promise:
    (header_bytes,) = struct.unpack("<I", content[14:18])
    if header_bytes == 12:
        return (*struct.unpack("<HH", content[18:22]), 1, 1)
    width, height = struct.unpack("<ii", content[18:26])
    return abs(width), abs(height), 1, 1  # negative: rows from the top


def _read_tiff(content: bytes) -> Promise:
    entries = _tiff_entries(content)
    return entries[0x0100], entries[0x0101], 1, entries.get(_ORIENTATION, 1)


def _read_boxes(content: bytes) -> Promise:
    """AVIF and HEIC: the largest size among the items, for a grid has small tiles."""
    sizes = [
        struct.unpack(">II", content[found.end() + 4 : found.end() + 12])
        for found in _few(re.finditer(rb"\0\0\0\x14ispe", content))
    ]
    if not sizes:
        raise ValueError("no size")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    turns = re.search(rb"\0\0\0\x09irot(.)", content, re.DOTALL)
    frames = 1
    if content[8:12] in {b"avis", b"msf1", b"hevc", b"hevx"} and (
        table := re.search(rb"stsz.{8}(.{4})", content, re.DOTALL)
    ):
        frames = int.from_bytes(table[1], "big")
    return width, height, frames, 6 if turns and turns[1][0] & 1 else 1


_READERS = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "WEBP": _read_webp,
    "GIF": _read_gif,
    "BMP": _read_bmp,
    "TIFF": _read_tiff,
    "AVIF": _read_boxes,
    "HEIF": _read_boxes,
}


def _few(parts: Iterator[T]) -> Iterator[T]:
    for count, part in enumerate(parts):
        if count > MAX_PARTS:
            raise ValueError("too many parts")
        yield part


def _refuse_bomb(width: int, height: int) -> None:
    """Before walking on: what promises too much need not be well-formed."""
    if width * height > MAX_PIXELS:
        raise PictureTooManyPixels


def _chunks(
    content: bytes, at: int, form: str, *, trailer: int = 0, padded: bool = False
) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk; the last may be cut off, the decoder decides."""
    while at + 8 <= len(content):
        first, second = struct.unpack(form, content[at : at + 8])
        name, size = (first, second) if isinstance(first, bytes) else (second, first)
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + trailer + (size % 2 if padded else 0)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _orientation_of(exif: bytes) -> int:
    """1 where EXIF says nothing or is broken: it never makes a picture unusable."""
    try:
        return _tiff_entries(exif).get(_ORIENTATION, 1)
    except (ValueError, LookupError, struct.error):
        return 1


def _tiff_entries(content: bytes) -> dict[int, int]:
    """The whole numbers of the first directory: of TIFF, and of EXIF, which is one."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None:
        raise ValueError("no byte order")
    (at,) = struct.unpack(order + "I", content[4:8])
    (count,) = struct.unpack(order + "H", content[at : at + 2])
    entries: dict[int, int] = {}
    for start in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack(order + "HH", content[start : start + 4])
        value = content[start + 8 : start + 12]
        if kind == 3:
            (entries[tag],) = struct.unpack(order + "H", value[:2])
        elif kind == 4:
            (entries[tag],) = struct.unpack(order + "I", value)
    return entries
