"""The files that are kept of an upload: the clean original and its smaller copies."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from pinboard.pictures import jpeg, pixels

WEBP = {"format": "WEBP", "quality": 80, "method": 2}
JPEG = {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True}
# The original is kept for zoom and export: nobody should see that it was written anew.
FINE_JPEG = {"format": "JPEG", "quality": 93, "subsampling": 0}
FINE_PNG = {"format": "PNG", "compress_level": 3}
_LOSSY = {"JPEG", "WEBP", "AVIF", "HEIF"}

Files = dict[str, bytes]


def make_copies(
    content: bytes, kind: str, widths: list[int], preview: int
) -> tuple[dict[str, Any], Files]:  # Any: goes out as JSON
    """Decode once and write everything. Whatever is raised, the picture is broken."""
    image = pixels.open_picture(content, kind)
    is_animated = kind != "JPEG" and getattr(image, "n_frames", 1) > 1
    is_animated = is_animated and kind not in {"TIFF", "HEIF"}  # pages, not frames
    size = _upright_size(image)
    original = None
    if kind == "JPEG":
        original = _copied_jpeg(image, content)
        if original:
            # The file is kept as it is, so all pixels are needed at no time.
            _draft(image, max(widths))
    image = pixels.plain(pixels.upright(image))
    if original is None:
        size = image.size
        original = _written(image, kind)
    wanted = {min(width, size[0]) for width in (*widths, preview)}
    made = pixels.cascade(image, sorted(wanted), size)
    files = {f"{width}.webp": _encode(made[width], WEBP) for width in sorted(wanted)}
    for_mails = min(preview, size[0])
    files[f"{for_mails}.jpg"] = _encode(pixels.on_white(made[for_mails]), JPEG)
    ending, files["original"] = original
    smallest = made[min(wanted)]
    facts = {
        "width": size[0],
        "height": size[1],
        "dominant": pixels.dominant_colour(smallest),
        "difference_hash": pixels.difference_hash(smallest),
        "is_animated": is_animated,
        "media_type": f"image/{ending}",
    }
    return facts, files


def _upright_size(image: Image.Image) -> tuple[int, int]:
    turned = pixels.orientation(image) in range(5, 9)
    return (image.height, image.width) if turned else image.size


def _copied_jpeg(image: Image.Image, content: bytes) -> tuple[str, bytes] | None:
    """The upload's own scans, where they need neither turning nor another colour."""
    if image.mode not in {"L", "RGB"} or pixels.orientation(image) not in {0, 1}:
        return None
    if not pixels.is_srgb(image):
        return None
    try:
        return "jpeg", jpeg.without_metadata(content)
    except ValueError:
        return None


def _draft(image: Image.Image, widest: int) -> None:
    """Let libjpeg decode at a fraction: at twice the largest width nobody can tell."""
    width = min(2 * widest, image.width)
    image.draft(None, (width, max(1, image.height * width // image.width)))


def _written(image: Image.Image, kind: str) -> tuple[str, bytes]:
    if kind in _LOSSY and image.mode == "RGB":
        return "jpeg", _encode(image, FINE_JPEG)
    return "png", _encode(image, FINE_PNG)


def _encode(image: Image.Image, options: dict[str, Any]) -> bytes:  # Pillow's options
    out = BytesIO()
    image.save(out, **options)
    return out.getvalue()
