"""The kinds of pictures this server decodes, told by a file's first bytes."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

# The name is Pillow's, which `Image.open(formats=...)` wants on every open: left to
# itself it would sniff, and start Ghostscript for PostScript named .jpg.
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}
ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png", ".apng"),
    "HEIF": (".heic", ".heif"),
    "TIFF": (".tif", ".tiff"),
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def kind_of(content: bytes) -> str | None:
    """The kind that the first bytes claim, or None for all that we never open."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    if content.startswith(b"BM"):
        return "BMP"
    if content[4:8] == b"ftyp":
        return _kind_of_brands(content)
    return None


@cache
def decodable_kinds() -> frozenset[str]:
    """What this server's libraries can decode: AVIF and HEIC are built in or not."""
    from PIL import features

    kinds = set(MEDIA_TYPES)
    kinds -= set() if features.check("avif") else {"AVIF"}
    kinds -= set() if features.check("webp") else {"WEBP"}
    kinds -= set() if features.check("libtiff") else {"TIFF"}
    kinds -= set() if find_spec("pi_heif") else {"HEIF"}
    return frozenset(kinds)


def accept_attribute() -> str:
    """For `<input type=file accept=…>`: just what an upload may be."""
    words: list[str] = []
    for kind, media_type in MEDIA_TYPES.items():
        if kind in decodable_kinds():
            words += [media_type, *ENDINGS.get(kind, (f".{kind.lower()}",))]
    return ",".join(words)


def _kind_of_brands(content: bytes) -> str | None:
    size = min(int.from_bytes(content[:4], "big"), 256)
    brands = {content[8:12], *(content[at : at + 4] for at in range(16, size, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None
