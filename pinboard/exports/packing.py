"""Original pictures into a ZIP file, as many as there is time and room for."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from time import monotonic
from typing import NamedTuple
from zipfile import ZipFile, ZipInfo

from django.core.files.storage import default_storage
from django.utils.text import slugify

from pinboard.models import Pin
from pinboard.pictures.names import original_of

PACK_S = 10.0  # leaves the rest of the task's 25 s for the documents and the storing
PACK_BYTES = 64 * 1024 * 1024


class Packed(NamedTuple):
    pins: list[Pin]
    files: dict[int, str]


def pack_originals(
    archive: ZipFile, pins: Iterable[Pin], *, room: int = PACK_BYTES
) -> Packed:
    """At least one pin, so that every slice gets on."""
    packed = Packed([], {})
    start, size = monotonic(), 0
    for pin in pins:
        if packed.pins and (monotonic() - start > PACK_S or size > room):
            break
        packed.pins.append(pin)
        if pin.picture and pin.picture.is_ready:
            size += _pack(archive, pin, original_of(pin.picture), packed.files)
    return packed


def file_name(pin: Pin, ending: str) -> str:
    """Letters, digits and dashes of any script, whatever the title holds."""
    slug = slugify(pin.title, allow_unicode=True)[:50].strip("-_") or "pin"
    return f"originals/{pin.pk}-{slug}.{ending}"


def _pack(archive: ZipFile, pin: Pin, original: str, files: dict[int, str]) -> int:
    name = file_name(pin, original.rpartition(".")[2])
    try:
        source = default_storage.open(original)
    except FileNotFoundError:
        return 0  # the documents tell of the pin all the same
    # Stored as it is: pictures are compressed already.
    info = ZipInfo(name, date_time=pin.created_at.timetuple()[:6])
    with source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target)
    files[pin.pk] = name
    return info.file_size
