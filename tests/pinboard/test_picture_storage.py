"""Files on this machine and in a bucket."""

import threading
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from django.core.files.storage import default_storage
from moto.server import ThreadedMotoServer

from pinboard.actions.pictures import intake
from pinboard.actions.pins import delete_pin, pin_upload
from pinboard.models import Picture, RenditionJob
from pinboard.pictures import storage
from pinboard.pictures.names import PRIVATE, copies_of, original_of, upload_of
from pinboard.pictures.urls import media_url
from pinboard.tasks import make_renditions
from tests.factories import make_board
from tests.pictures import draw, opened


def test_nobody_ever_reads_half_a_file(media_folder):
    """One writes two contents in turn while another reads."""
    contents, seen, ends = [b"a" * 300_000, b"b" * 300_000], set(), threading.Event()
    storage.put("xx/file", contents[0])

    def write():
        for turn in range(60):
            storage.put("xx/file", contents[turn % 2])
        ends.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ends.is_set():
        seen.add(storage.read("xx/file"))
    writer.join()
    assert seen <= set(contents)
    assert [path.name for path in (media_folder / "xx").iterdir()] == ["file"]


def test_a_failed_write_leaves_nothing(media_folder):
    class Torn:
        def chunks(self):
            yield b"half"
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        default_storage._save("xx/file", Torn())
    assert list((media_folder / "xx").iterdir()) == []


def test_deleting_twice_and_reading_what_is_gone(media_folder):
    storage.put("xx/file", b"x")
    storage.delete("xx/file")
    storage.delete("xx/file")
    with pytest.raises(FileNotFoundError):
        storage.read("xx/file")


@pytest.fixture
def bucket(settings):
    """A bucket of an S3 that listens on loopback alone."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    address = f"http://{host}:{port}"
    made = boto3.resource(
        "s3", endpoint_url=address, region_name="us-east-1", **keys
    ).create_bucket(Bucket="pinboard-media")
    options = {
        "bucket_name": "pinboard-media",
        "endpoint_url": address,
        "region_name": "us-east-1",
        "access_key": "test",
        "secret_key": "test",
        "default_acl": None,
        "file_overwrite": True,
        "querystring_expire": 600,
    }
    settings.MEDIA_S3_BUCKET = "pinboard-media"
    place = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": place}
    yield made
    server.stop()


def ready_pin(by, **board):
    board = make_board(by, **board)
    pin = pin_upload(by=by, board=board, content=draw(900, 700))
    make_renditions(RenditionJob.objects.get().pk)
    pin.refresh_from_db()
    return pin


def keys_in(bucket):
    return {found.key for found in bucket.objects.all()}


@pytest.mark.django_db
def test_a_bucket_holds_the_same_files(
    bucket, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        pin = ready_pin(alice)
    public = set(copies_of(pin.picture))
    private = {PRIVATE + path for path in public} | {original_of(pin.picture)}
    assert keys_in(bucket) == public | private
    with django_capture_on_commit_callbacks(execute=True):
        delete_pin(pin=pin, by=alice)
    assert keys_in(bucket) == private


@pytest.mark.django_db
def test_a_secret_picture_in_a_bucket_is_signed_for_ten_minutes(bucket, client, alice):
    path = ready_pin(alice, visibility="secret").picture.renditions[0].path
    assert client.get(media_url(path)).status_code == 404
    client.force_login(alice)
    answer = client.get(media_url(path))
    assert answer.status_code == 302
    assert answer["Cache-Control"] == "private, no-store"
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query.get("X-Amz-Expires") == ["600"] or "Expires" in query
    assert opened(httpx.get(answer["Location"]).content).width == 236


@pytest.mark.django_db
def test_a_public_picture_in_a_bucket_is_for_everybody(bucket, client, alice):
    rendition = ready_pin(alice).picture.renditions[0]
    answer = client.get(media_url(rendition.path))
    assert answer.status_code == 302
    image = httpx.get(answer["Location"])
    assert image.headers["Content-Type"] == rendition.media_type
    assert opened(image.content).width == rendition.width


@pytest.mark.django_db
def test_a_lost_upload_in_a_bucket_is_tried_again(bucket, alice):
    picture = intake(draw(300, 300))
    storage.delete(upload_of(picture))
    make_renditions(picture.job.pk)
    assert not Picture.objects.get().is_ready
    assert RenditionJob.objects.get().state == "pending"
