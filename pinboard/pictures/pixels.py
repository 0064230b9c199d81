"""From the bytes of a picture to clean pixels and smaller copies. Runs in the sandbox.

Nothing of the file but its pixels goes on: every image that is written was made anew,
upright, in sRGB, without EXIF, XMP, text or profile.
"""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = None  # process-wide and lax: `open_picture` counts itself

MAX_PIXELS = 40_000_000
WHITE = (255, 255, 255)
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_COLOUR_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
_EXIF_ERRORS = (
    *(OSError, ValueError, TypeError, SyntaxError, KeyError, IndexError),
    *(struct.error, ZeroDivisionError, AttributeError, UnicodeError),
)


def open_picture(content: bytes, kind: str) -> Image.Image:
    """Open, but do not decode. ValueError where the file is larger than its header."""
    if kind == "HEIF":
        import pi_heif  # 20 ms that other kinds need not wait for

        pi_heif.register_heif_opener(thumbnails=False)
    image = Image.open(BytesIO(content), formats=[kind])
    if image.width * image.height > MAX_PIXELS:
        raise ValueError("more pixels than promised")
    return image


def upright(image: Image.Image) -> Image.Image:
    """Turn the pixels as EXIF asks; broken EXIF asks nothing."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except _EXIF_ERRORS:
        return image.copy()


def orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except _EXIF_ERRORS:
        return 1


def plain(image: Image.Image) -> Image.Image:
    """The same picture as RGB or, where something shows through, RGBA in sRGB.

    Each copy of 40 million pixels takes 160 MB, so none is made without need.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    alpha = _alpha(image)
    colours = _in_srgb(image, profile) if profile else None
    if colours is None and image.mode == "RGBA" and alpha is not None:
        colours = image
    elif colours is None:
        colours = _to_rgb(image)
    if alpha is not None and colours is not image:
        colours.putalpha(alpha)
    colours.info = {}  # the writers would copy profile and comment from here
    return colours


def on_white(image: Image.Image) -> Image.Image:
    """For JPEG, which shows nothing through."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, WHITE)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def cascade(
    image: Image.Image, widths: list[int], size: tuple[int, int]
) -> dict[int, Image.Image]:
    """The picture at each width, each made from the next larger one.

    `size` is the true size, which a JPEG decoded at a fraction no longer has.
    """
    width, height = size
    made: dict[int, Image.Image] = {}
    for smaller in sorted(set(widths), reverse=True):
        target = smaller, max(1, round(height * smaller / width))
        if image.size != target:
            image = image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
        made[smaller] = image
    return made


def dominant_colour(image: Image.Image) -> str:
    """The most frequent of eight colours, as #rrggbb."""
    small = on_white(image).resize((32, 32), Image.Resampling.BOX)
    reduced = small.quantize(8)
    counts: list[tuple[int, int]] = reduced.getcolors() or []  # type: ignore[assignment]  # palette images count indices
    index = max(counts)[1]
    palette = reduced.getpalette() or [0, 0, 0]
    return "#" + bytes(palette[3 * index : 3 * index + 3]).hex()


def difference_hash(image: Image.Image) -> int:
    """64 bits of which neighbour is brighter, as a signed number for the database."""
    grey = on_white(image).convert("L").resize((9, 8), Image.Resampling.BOX)
    cells = grey.tobytes()
    value = 0
    for row in range(0, 72, 9):
        for left in range(row, row + 8):
            value = value << 1 | (cells[left] < cells[left + 1])
    return value - (1 << 64) if value >> 63 else value


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale what has more than 8 bits a channel, which convert() would clip."""
    if image.mode.startswith("I;16"):
        return _from_sixteen_bits(image)
    if image.mode in {"I", "F"}:
        lowest, highest = image.getextrema()
        floor = min(0, float(lowest))  # type: ignore[arg-type]  # one channel: two numbers
        top = float(highest)  # type: ignore[arg-type]
        span = next((s for s in (1, 255, 65535) if top <= s), top) - floor
        scale = 255 / span if span else 0
        return (
            image.convert("F").point(lambda v: v * scale - floor * scale).convert("L")
        )
    return image


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    clear = image.info.get("transparency")
    image = image.convert("I")
    grey = image.point([value >> 8 for value in range(65536)], "L")
    if isinstance(clear, int):
        mask = image.point([255 * (value != clear) for value in range(65536)], "L")
        grey.putalpha(mask)
    return grey


def _alpha(image: Image.Image) -> Image.Image | None:
    """What shows through, or None where nothing does."""
    if not image.has_transparency_data:
        return None
    with_alpha = image if image.mode in {"LA", "RGBA"} else image.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    return None if alpha.getextrema()[0] == 255 else alpha


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(
            image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return made or image.convert("L").convert("RGB")
    if image.mode == "P":
        # Straight to RGB would mix palette entries with the transparent colour.
        image = image.convert("RGBA")
    return image.convert("RGB")


def is_srgb(image: Image.Image) -> bool:
    """Whether the pixels may be shown as they are, without the file's profile."""
    profile = image.info.get("icc_profile")
    return not profile or _foreign_profile(profile) is None


def _foreign_profile(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    """The profile, unless it is broken or sRGB already."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        name = source.profile.profile_description or ""
    except _COLOUR_ERRORS:
        return None
    return None if "sRGB" in name else source


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """None where the profile is broken, sRGB, or not of this picture's colours."""
    source = _foreign_profile(profile)
    if source is None:
        return None
    mode = _MODES.get(source.profile.xcolor_space.strip())
    if mode is None or (mode == "CMYK") != (image.mode == "CMYK"):
        return None
    colours = image if mode == "CMYK" else _to_rgb(image).convert(mode)
    try:
        return ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except _COLOUR_ERRORS:
        return None
