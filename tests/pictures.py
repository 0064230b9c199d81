"""Pictures drawn for a test, and what their bytes say."""

from io import BytesIO

from PIL import Image, ImageDraw


def draw(width=800, height=600, kind="JPEG", *, mode="RGB", colour=None, **options):
    """Four corners of different colours, so that a turn shows."""
    image = Image.new("RGB", (width, height), colour or (40, 120, 90))
    pen = ImageDraw.Draw(image)
    half = width // 2, height // 2
    pen.rectangle((0, 0, *half), fill=(200, 30, 30))
    pen.rectangle((half[0], 0, width, half[1]), fill=(30, 200, 30))
    pen.rectangle((0, half[1], half[0], height), fill=(30, 30, 200))
    return encode(image.convert(mode), kind, **options)


def encode(image, kind, **options):
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content):
    image = Image.open(BytesIO(content))
    image.load()
    return image
