"""The sandbox: what it makes of pictures, and how little of a file comes through."""

import signal
import subprocess
import threading

import pytest
from django.conf import settings
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from pinboard.exceptions import PictureBroken, PictureRefused, PictureTooHard
from pinboard.models import Picture
from pinboard.pictures import jpeg
from pinboard.pictures.rendering import COMMAND, SandboxDied, _judge, render
from tests.pictures import HEIC, draw, encode, kill_the_sandbox, opened, with_exif

PHOTOS = settings.BASE_DIR.parent / "shared" / "data" / "photos"
FORMATS = PHOTOS / "formats"
needs_photos = pytest.mark.skipif(not FORMATS.exists(), reason="no photos here")
CORNERS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (40, 120, 90)]


def corners(image):
    image = image.convert("RGB")
    w, h = image.size
    return [image.getpixel((x, y)) for y in (2, h - 3) for x in (2, w - 3)]


def alike(one, other, tolerance=16):
    return all(
        abs(a - b) <= tolerance
        for left, right in zip(one, other, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def metadata_of(content):
    image = opened(content)
    said = {"exif", "xmp", "icc_profile", "comment", "photoshop", "XML:com.adobe.xmp"}
    return (said & set(image.info)) | ({"EXIF"} if dict(image.getexif()) else set())


def test_the_copies_are_those_the_row_names_and_have_the_sizes_it_tells():
    made = render(draw(2000, 1234))
    picture = Picture(name="x" * 43, width=made.width, height=made.height)
    assert (picture.width, picture.height) == (2000, 1234)
    assert made.files.keys() - {"original"} == {
        rendition.path.rpartition("-")[2] for rendition in picture.renditions
    }
    for rendition in picture.renditions:
        image = opened(made.files[rendition.path.rpartition("-")[2]])
        assert image.size == (rendition.width, rendition.height)
        assert Image.MIME[image.format] == rendition.media_type
        assert alike(corners(image), CORNERS)


def test_a_small_picture_is_never_enlarged():
    made = render(draw(300, 200, "PNG"))
    assert set(made.files) == {"236.webp", "300.webp", "300.jpg", "original"}


def test_a_line_keeps_a_height():
    made = render(encode(Image.new("RGB", (30_000, 1), "red"), "PNG"))
    assert opened(made.files["236.webp"]).size == (236, 1)


@pytest.mark.parametrize("turn", range(9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_applied_to_every_copy(kind, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    turned = draw(600, 400, kind, exif=exif)
    upright = ImageOps.exif_transpose(opened(turned))
    made = render(turned)
    assert (made.width, made.height) == upright.size
    for content in made.files.values():
        assert alike(corners(opened(content)), corners(upright))


@needs_photos
@pytest.mark.parametrize("turn", range(9))
def test_real_photographs_stand_upright(turn):
    made = render((FORMATS / f"Landscape_{turn}.jpg").read_bytes())
    assert (made.width, made.height) == (1800, 1200)
    first = opened((FORMATS / "Landscape_1.jpg").read_bytes()).resize((8, 6))
    shown = opened(made.files["736.webp"]).resize((8, 6))
    assert alike(list(first.get_flattened_data()), list(shown.get_flattened_data()), 30)


@needs_photos
@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.[!c]*")), ids=lambda p: p.name)
def test_every_real_format_is_shown_without_its_metadata(path):
    source = ImageOps.exif_transpose(Image.open(path))
    made = render(path.read_bytes())
    assert (made.width, made.height) == source.size
    assert made.is_animated == (path.stem == "iss634")
    for content in made.files.values():
        assert metadata_of(content) == set()
        assert b"Exif" not in content
    if source.mode == "RGB":
        small = opened(made.files["original"]).convert("RGB").resize((4, 4))
        true = source.resize((4, 4))
        assert alike(
            list(small.get_flattened_data()), list(true.get_flattened_data()), 40
        )


@pytest.mark.parametrize("turn", [1, 6])
def test_gps_descriptions_and_comments_are_in_no_file(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    hidden = with_exif(draw(900, 700, exif=exif), marker="12 Lilac Road")
    hidden += b"<script>behind the end</script>"
    made = render(hidden)
    for content in made.files.values():
        assert b"12 Lilac Road" not in content
        assert b"script" not in content
        assert b"GPS" not in content
        assert metadata_of(content) == set()


def test_text_of_png_and_xmp_of_webp_are_in_no_file():
    text = PngInfo()
    text.add_text("Comment", "12 Lilac Road")
    for content in (
        draw(300, 300, "PNG", pnginfo=text),
        draw(300, 300, "WEBP", xmp=b"<x>12 Lilac Road</x>"),
    ):
        assert b"Lilac" in content
        assert not any(b"Lilac" in file for file in render(content).files.values())


def test_a_jpeg_that_needs_no_change_keeps_its_very_pixels():
    photo = with_exif(draw(900, 700, quality=60))
    original = render(photo).files["original"]
    assert opened(original).tobytes() == opened(photo).tobytes()
    assert len(original) < len(photo)
    assert {s.marker for s in jpeg.segments(original)}.isdisjoint({0xE1, 0xED, 0xFE})


def test_transparency_is_kept_in_webp_and_white_in_the_link_preview():
    clear = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    clear.paste((200, 0, 0, 255), (0, 0, 400, 150))
    made = render(encode(clear, "PNG"))
    webp, preview = opened(made.files["400.webp"]), opened(made.files["400.jpg"])
    assert webp.mode == "RGBA"
    assert webp.getpixel((200, 290))[3] == 0
    assert min(preview.getpixel((200, 290))) > 245
    assert opened(made.files["original"]).getpixel((200, 290))[3] == 0


def test_a_transparent_colour_of_a_palette_is_kept():
    image = Image.new("P", (64, 64), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 32, 64))
    made = render(encode(image, "GIF", transparency=0))
    assert opened(made.files["64.webp"]).convert("RGBA").getpixel((5, 5))[3] == 0
    assert opened(made.files["64.webp"]).convert("RGBA").getpixel((60, 5))[3] == 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "YCbCr", "LAB"])
def test_odd_colour_models_show_the_colours_meant(mode):
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG", "LAB": "TIFF"}.get(mode, "PNG")
    if mode == "I;16":
        image = Image.new("I;16", (100, 80), 200 << 8)
    else:
        image = Image.new("RGB", (100, 80), (200, 200, 200))
        image = _lab(image) if mode == "LAB" else image.convert(mode)
    shown = opened(render(encode(image, kind)).files["100.webp"]).convert("RGB")
    expected = 255 if mode == "1" else 200
    # A dithered picture has black among its white.
    grey = max(shown.getpixel((x, 40))[0] for x in range(40, 60))
    assert abs(grey - expected) <= 12


def _lab(image):
    lab = ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
    )


def test_sixteen_bits_are_scaled_and_not_clipped():
    ramp = Image.frombytes(
        "I;16", (256, 1), b"".join((v << 8).to_bytes(2, "little") for v in range(256))
    ).resize((256, 40), Image.Resampling.NEAREST)
    shown = opened(render(encode(ramp, "PNG")).files["original"])
    assert [shown.getpixel((x, 20))[0] for x in (0, 100, 255)] == [0, 100, 255]


def test_a_profile_is_turned_into_srgb_and_a_broken_one_ignored():
    wide = _profile_with_swapped_colours()
    red = Image.new("RGB", (100, 100), (250, 20, 20))
    shown = opened(render(encode(red, "PNG", icc_profile=wide)).files["100.webp"])
    assert shown.getpixel((50, 50)) != pytest.approx((250, 20, 20), abs=20)
    broken = render(encode(red, "PNG", icc_profile=b"no profile at all" * 20))
    assert opened(broken.files["100.webp"]).getpixel((50, 50)) == pytest.approx(
        (250, 20, 20), abs=8
    )


def _profile_with_swapped_colours():
    """sRGB with the red and the blue primary exchanged, under another name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ", b"?XYZ")
        .replace(b"bXYZ", b"rXYZ")
        .replace(b"?XYZ", b"bXYZ")
        .replace("sRGB".encode("utf-16-be"), "odd ".encode("utf-16-be"))
        .replace(b"sRGB", b"odd ")
    )


def test_broken_exif_is_ignored():
    photo = draw(200, 100)
    exif = b"\xff\xe1\x00\x20Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(16)
    made = render(photo[:2] + exif + photo[2:])
    assert (made.width, made.height) == (200, 100)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_has_a_poster_and_keeps_all_frames_in_its_original(kind):
    frames = [Image.new("RGB", (120, 90), (40 * n, 90, 200)) for n in range(5)]
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    made = render(content)
    assert made.is_animated
    assert made.media_type == "image/webp"
    assert opened(made.files["original"]).n_frames == 5
    assert getattr(opened(made.files["120.webp"]), "n_frames", 1) == 1
    assert opened(made.files["120.jpg"]).getpixel((9, 9)) == pytest.approx(
        (0, 90, 200), abs=12
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind, part):
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    content = encode(noise, kind)
    with pytest.raises(PictureRefused):
        render(content[: int(len(content) * part)])


def test_the_dominant_colour_and_the_hash_describe_the_picture():
    blue = Image.new("RGB", (300, 300), (20, 40, 200))
    blue.paste((250, 250, 250), (0, 0, 90, 90))
    made = render(encode(blue, "PNG"))
    red, green, blue_part = bytes.fromhex(made.dominant[1:])
    assert blue_part > 150
    assert max(red, green) < 90
    photo = opened(draw(1200, 900))
    one = render(encode(photo, "JPEG", quality=90)).difference_hash
    same = render(encode(photo.resize((600, 450)), "PNG")).difference_hash
    other = render(encode(photo.rotate(180), "PNG")).difference_hash
    assert bin((one ^ same) & (2**64 - 1)).count("1") <= 4
    assert bin((one ^ other) & (2**64 - 1)).count("1") > 10
    assert -(2**63) <= one < 2**63


def test_twice_gives_the_same_bytes():
    photo = draw(900, 700)
    assert render(photo) == render(photo)


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("bytearray(2 * sandbox.MEMORY_BYTES)", "MemoryError"),
        ("open('{folder}/file', 'wb', buffering=0).write(b'x')", "File too large"),
    ],
)
def test_the_sandbox_has_little_memory_and_writes_no_file(tmp_path, deed, told):
    limits = "from pinboard.pictures import sandbox; sandbox.limit_ourselves(); "
    done = _run_as_the_sandbox(limits + deed.format(folder=tmp_path))
    assert done.returncode == 1
    assert told in done.stderr.decode()


def test_the_sandbox_stops_after_ten_seconds_of_work():
    """The limit is read back: to wait for it would cost every run ten seconds."""
    done = _run_as_the_sandbox(
        "from pinboard.pictures import sandbox; sandbox.limit_ourselves();"
        "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    assert done.stdout.strip() == b"10"


def _run_as_the_sandbox(program):
    return subprocess.run(
        [*COMMAND[:3], "-c", program],
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=False,
    )


def test_the_sandbox_needs_no_django():
    done = _run_as_the_sandbox(
        "import pinboard.pictures.copies, sys; print('django' in sys.modules)"
    )
    assert done.stdout.strip() == b"False"


def test_a_killed_sandbox_is_no_verdict_on_the_picture():
    """40 million pixels take long enough to be hit."""
    huge = encode(Image.new("RGB", (8000, 5000), "teal"), "PNG")
    killer = threading.Thread(target=kill_the_sandbox)
    killer.start()
    with pytest.raises(SandboxDied):
        render(huge)
    killer.join()


def test_the_status_of_the_sandbox_is_judged():
    for status, error in (
        (-signal.SIGKILL, SandboxDied),
        (-signal.SIGXCPU, PictureTooHard),
        (3, PictureTooHard),
        (-signal.SIGSEGV, PictureBroken),
        (1, PictureBroken),
    ):
        with pytest.raises(error):
            _judge(status, b"Traceback\nOSError: broken data stream")


def test_heic_is_decoded():
    made = render(HEIC)
    assert (made.width, made.height) == (96, 64)
    for content in made.files.values():
        assert alike(corners(opened(content)), CORNERS, 30)
