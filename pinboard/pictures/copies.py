"""The files that are kept of an upload: the clean original and its smaller copies."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, ImageSequence

from pinboard.pictures import jpeg, pixels

WEBP = {"format": "WEBP", "quality": 80, "method": 2}
JPEG = {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True}
# The original is kept for zoom and export: nobody should see that it was written anew.
FINE_JPEG = {"format": "JPEG", "quality": 93, "subsampling": 0}
MOVING_WEBP = {"format": "WEBP", "quality": 80, "method": 0, "loop": 0}
MOVING_PIXELS = 25_000_000  # of all frames; more take too long, the poster must do
FINE_PNG = {"format": "PNG", "compress_level": 3}
_LOSSY = {"JPEG", "WEBP", "AVIF", "HEIF"}

Files = dict[str, bytes]


def make_copies(
    content: bytes, kind: str, widths: list[int], preview: int
) -> tuple[dict[str, Any], Files]:  # Any: goes out as JSON
    """Decode once and write everything. Whatever is raised, the picture is broken."""
    image = pixels.open_picture(content, kind)
    is_animated = _is_animated(image, kind)
    original = _original_before(image, content, kind, is_animated)
    size = None
    if kind == "JPEG" and original:
        # The file is kept as it is, so all pixels are needed at no time.
        size = image.size
        _draft(image, max(widths))
    # Not in one line: the decoder's own copies go before the next are made.
    image = pixels.upright(image)
    image = pixels.plain(image)
    size = size or image.size
    preview = min(preview, size[0])
    made = pixels.cascade(image, [min(w, size[0]) for w in (*widths, preview)], size)
    files = {f"{width}.webp": _encode(copy, WEBP) for width, copy in made.items()}
    files[f"{preview}.jpg"] = _encode(pixels.on_white(made[preview]), JPEG)
    smallest = made[min(made)]
    ending, files["original"] = original or _written(image, kind)
    facts = {
        "width": size[0],
        "height": size[1],
        "dominant": pixels.dominant_colour(smallest),
        "difference_hash": pixels.difference_hash(smallest),
        "is_animated": is_animated,
        "media_type": f"image/{ending}",
    }
    return facts, files


def _is_animated(image: Image.Image, kind: str) -> bool:
    """Further images of a JPEG, TIFF or HEIC are pages or previews, not frames."""
    return kind in {"PNG", "WEBP", "GIF", "AVIF"} and getattr(image, "n_frames", 1) > 1


def _original_before(
    image: Image.Image, content: bytes, kind: str, is_animated: bool
) -> tuple[str, bytes] | None:
    """The clean original, where it is not made of the decoded first frame."""
    if kind == "JPEG":
        return _copied_jpeg(image, content)
    pixels_of_all = image.width * image.height * getattr(image, "n_frames", 1)
    if is_animated and pixels_of_all <= MOVING_PIXELS:
        moving = _moving(image)
        image.seek(0)
        return "webp", moving
    return None


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


def _moving(image: Image.Image) -> bytes:
    """All frames as one WebP, whichever format they came in."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        copy = frame.convert("RGBA")
        copy.info = {}
        frames.append(copy)
        durations.append(max(20, int(frame.info.get("duration") or 100)))
    first, *others = frames
    options = {"save_all": True, "append_images": others, "duration": durations}
    return _encode(first, MOVING_WEBP | options)


def _encode(image: Image.Image, options: dict[str, Any]) -> bytes:  # Pillow's options
    out = BytesIO()
    image.save(out, **options)
    return out.getvalue()
