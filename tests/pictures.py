"""Pictures drawn for a test, and what their bytes say."""

import os
import signal
import subprocess
import time
from base64 import b64decode
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


# What draw(96, 64) shows, as HEIC: pi-heif reads only, so no test can write one.
HEIC = b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABw"
    "aWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAAIMAAAAjaWlu"
    "ZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBj"
    "bwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMA"
    "HroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAH"
    "RAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABgAAAAQAAAABBwaXhpAAAA"
    "AAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAIttZGF0AAAAfygBrxOAeSRFyL//+ClR/+61"
    "nh+DqLwSwX8hYP/iNt/7IeYqh1JqWTY1OGnHIFRUDcrSOCzVXQSJACOjHi0TISfRyqotHeNDazK4"
    "hOgv+1aEj8VZJ/5GJd6ZlB8PM0j9umeKLg2vbfjuG4+Bt42mypCPrwItbSYxdaToA/kZugc="
)


def encode(image, kind, **options):
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content):
    image = Image.open(BytesIO(content))
    image.load()
    return image


def with_exif(jpeg, *, padding=b"", marker="somebody's home"):
    """The JPEG with EXIF (GPS, a description), XMP, IPTC and a comment put in front."""
    exif = Image.Exif()
    exif[0x010E] = marker
    exif.get_ifd(0x8825)[1] = "N"
    blocks = [
        (0xE1, b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0") + padding),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + marker.encode()),
        (0xED, b"Photoshop 3.0\0" + marker.encode()),
        (0xFE, marker.encode()),
    ]
    segments = b"".join(
        bytes((0xFF, kind)) + (len(body) + 2).to_bytes(2, "big") + body
        for kind, body in blocks
    )
    return jpeg[:2] + segments + jpeg[2:]


def kill_the_sandbox():
    """As soon as one of this process runs; for a thread."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", "pinboard.pictures.sandbox"],
            capture_output=True,
            check=False,
        )
        if listed.stdout:
            os.kill(int(listed.stdout.split()[0]), signal.SIGKILL)
            return
