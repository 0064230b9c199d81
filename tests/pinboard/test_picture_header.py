"""What is refused at the door: from the first bytes alone, without decoding."""

import struct
import zlib
from io import BytesIO

import pytest
from django.conf import settings
from PIL import Image, ImageOps

from pinboard.exceptions import (
    PictureBroken,
    PictureRefused,
    PictureTooLarge,
    PictureTooManyPixels,
)
from pinboard.pictures.header import MAX_BYTES, content_of, read_header
from pinboard.pictures.kinds import accept_attribute, kind_of
from tests.pictures import draw, with_exif

FORMATS = settings.BASE_DIR.parent / "shared" / "data" / "photos" / "formats"
NO_PICTURES = {
    "nothing": b"",
    "text": b"This is no picture.\n" * 50,
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%EOF\n",
    "an archive": b"PK\x03\x04" + bytes(200),
    "PDF": b"%PDF-1.7\n" + bytes(100),
    "a film": b"\0\0\0\x18ftypmp42" + bytes(100),
    "a page that begins as a picture": b"GIF<script>alert(1)</script>",
    "an icon": b"\0\0\1\0\1\0" + bytes(100),
    "PSD": b"8BPS\0\1" + bytes(100),
}


def png_header(width, height):
    body = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + body))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + body + crc


def webp_header(width, height):
    body = (
        b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x88\x88\x08"
    )
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(PictureRefused) as refused:
        read_header(content)
    assert refused.type is PictureRefused


@pytest.mark.parametrize(
    "content",
    [
        png_header(60_000, 60_000),
        webp_header(16_383, 16_383),
        webp_header(9_400, 9_400),
        b"BM" + bytes(12) + struct.pack("<Iii", 40, 30_000, -30_000) + bytes(30),
        b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(10),
    ],
    ids=["PNG", "WebP", "WebP below Pillow's own limit", "BMP", "GIF"],
)
def test_a_bomb_is_refused_by_its_header(content):
    with pytest.raises(PictureTooManyPixels):
        read_header(content)


def test_the_frames_of_an_animation_count_together():
    gif = draw(1000, 1000, "GIF")
    start = 13 + (3 << (gif[10] & 7) + 1)  # behind the palette
    head, frame = gif[:start], gif[start:-1]
    assert read_header(head + frame * 40 + b";").frames == 40
    with pytest.raises(PictureTooManyPixels):
        read_header(head + frame * 41 + b";")


def test_more_than_20_megabytes_are_refused_before_anything_is_read():
    with pytest.raises(PictureTooLarge):
        read_header(b"\xff\xd8\xff" + bytes(MAX_BYTES))


@pytest.mark.parametrize(
    "content",
    [
        draw(1200, 900)[:300],
        b"GIF89a\x09\0\x09\0\0\0\0<script>alert(1)</script>",
        png_header(10, 10),
        b"\xff\xd8\xff\xe0" + bytes(60),
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"II*\0\xff\xff\xff\xff",
        b"BM" + bytes(30),
        b"\0\0\0\x18ftypavif" + bytes(60),
        b"\xff\xd8\xff",
        webp_header(1, 1)[:22],
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_damaged_header_is_told_as_damage(content):
    with pytest.raises(PictureBroken):
        read_header(content)


def test_a_jpeg_of_thousands_of_scans_is_refused():
    jpeg = draw(64, 64, progressive=True)
    start = jpeg.rindex(b"\xff\xda")
    scan = jpeg[start:-2]
    assert read_header(jpeg[:-2] + scan * 50 + b"\xff\xd9").width == 64
    with pytest.raises(PictureBroken):
        read_header(jpeg[:-2] + scan * 101 + b"\xff\xd9")


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0\0\x02" + b"\xff\xe0\0\x02" * 400_000,
        png_header(9, 9) + bytes(12 * 400_000),
        b"GIF89a\1\0\1\0\0\0\0," + bytes(8) + b"\0\2" + b"\1\1" * 400_000 + b"\0;",
        b"RIFF0000WEBP" + b"ANMF\0\0\0\0" * 400_000,
        b"\0\0\0\x1cftypavif" + b"\0\0\0\x14ispe" * 400_000,
    ],
    ids=["JPEG", "PNG", "GIF", "WebP", "AVIF"],
)
def test_a_file_of_countless_tiny_parts_is_not_walked_to_its_end(content):
    """20 MB of empty JPEG segments held the web process for half a minute."""
    with pytest.raises(PictureBroken) as refused:
        read_header(content)
    assert "too many parts" in str(refused.value.__cause__)


def test_scans_in_a_preview_or_behind_the_end_do_not_count():
    jpeg = with_exif(draw(64, 64), padding=b"\xff\xda" * 200)
    assert read_header(jpeg + b"\xff\xda\0\x08" * 200).width == 64


@pytest.mark.parametrize("turn", range(9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_size_is_the_upright_one(kind, turn):
    header = read_header(draw(80, 40, kind, exif=_exif(turn)))
    assert (header.width, header.height) == ((40, 80) if turn >= 5 else (80, 40))


def _exif(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_each_kind_tells_its_size(kind):
    header = read_header(draw(123, 45, kind))
    assert (header.kind, header.width, header.height) == (kind, 123, 45)
    assert header.media_type in accept_attribute()


@pytest.mark.skipif(not FORMATS.exists(), reason="the photos are not here")
@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.[!c]*")), ids=lambda p: p.name)
def test_real_files_tell_what_pillow_reads(path):
    upright = ImageOps.exif_transpose(Image.open(path))
    header = read_header(path.read_bytes())
    assert (header.width, header.height) == upright.size
    if path.stem == "iss634":
        assert header.frames == Image.open(path).n_frames


def test_the_accept_list_names_what_is_decoded_and_nothing_else():
    words = accept_attribute().split(",")
    assert {"image/jpeg", "image/png", "image/webp", "image/heic", ".heic"} <= set(
        words
    )
    assert "svg" not in accept_attribute()
    assert kind_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic") == "HEIF"
    assert kind_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif") == "AVIF"


def test_an_upload_is_read_no_further_than_it_takes_to_refuse_it():
    file = BytesIO(bytes(MAX_BYTES + 100))
    content = content_of(file)
    assert (len(content), file.tell()) == (MAX_BYTES + 1, MAX_BYTES + 1)
    with pytest.raises(PictureTooLarge):
        read_header(content)
