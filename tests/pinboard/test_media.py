"""Who may load which file, and with what headers."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from pinboard.actions.pictures import refresh_publicity
from pinboard.actions.pins import delete_pin, pin_upload
from pinboard.models import Pin, RenditionJob
from pinboard.pictures.names import PRIVATE, copies_of, original_of, upload_of
from pinboard.pictures.urls import media_url
from pinboard.tasks import make_renditions
from tests.factories import make_board, make_picture, make_product
from tests.pictures import draw, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


def ready_pin(by, **board):
    content = draw(900, 600, "PNG", colour=(9, 9, Pin.objects.count()))
    pin = pin_upload(by=by, board=make_board(by, **board), content=content)
    for job in RenditionJob.objects.filter(state="pending"):
        make_renditions(job.pk)
    pin.refresh_from_db()
    return pin


def status(client, path, **query):
    return client.get(f"/media/{path}", query).status_code


def test_a_public_picture_is_for_everybody_and_for_ever(client, alice):
    pin = ready_pin(alice)
    for rendition in pin.picture.renditions:
        answer = client.get(
            media_url(rendition.path), headers={"Accept-Encoding": "gzip"}
        )
        assert answer.status_code == 200
        assert answer["Content-Type"] == rendition.media_type
        assert "Content-Encoding" not in answer
        image = opened(b"".join(answer.streaming_content))
        assert image.size == (rendition.width, rendition.height)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Cookie" not in answer.get("Vary", "")


def test_a_public_picture_costs_one_query(client, alice, django_assert_num_queries):
    path = ready_pin(alice).picture.renditions[0].path
    client.force_login(alice)
    with django_assert_num_queries(1):
        assert status(client, path) == 200


def test_a_secret_picture_is_there_for_its_owner_alone(client, alice, bob):
    pin = ready_pin(alice, visibility="secret")
    private = [rendition.path for rendition in pin.picture.renditions]
    private.append(original_of(pin.picture))
    for path in private:
        assert path.startswith(PRIVATE)
        assert status(client, path) == 404
        assert status(client, path.removeprefix(PRIVATE)) == 404
    client.force_login(bob)
    assert {status(client, path) for path in private} == {404}
    client.force_login(alice)
    assert {status(client, path) for path in private} == {200}
    assert client.get(media_url(private[0]))["Cache-Control"] == "private, no-store"


def test_the_link_of_a_link_board_opens_its_pictures(client, alice):
    pin = ready_pin(alice, visibility="link")
    path = pin.picture.renditions[0].path
    assert client.get(media_url(path)).status_code == 404
    assert client.get(media_url(path, key="wrong")).status_code == 404
    assert client.get(media_url(path, key=pin.board.link_key)).status_code == 200
    pin.board.visibility = "secret"
    pin.board.save()
    assert client.get(media_url(path, key=pin.board.link_key)).status_code == 404


def test_what_was_thrown_away_is_its_owners_to_see_while_it_may_come_back(
    client, alice, charlie
):
    pin = ready_pin(alice)
    path = pin.picture.renditions[0].path
    assert status(client, path) == 200
    delete_pin(pin=pin, by=alice)
    assert status(client, path) == 404
    client.force_login(charlie)
    assert status(client, PRIVATE + path) == 404
    client.force_login(alice)
    assert status(client, path) == 404
    assert status(client, PRIVATE + path) == 200
    Pin.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    assert status(client, PRIVATE + path) == 404


def test_a_product_shows_its_picture_to_everybody(client, alice):
    pin = ready_pin(alice, visibility="secret")
    make_product(picture=pin.picture)
    refresh_publicity(pin.picture)
    assert status(client, pin.picture.renditions[0].path) == 200
    assert status(client, PRIVATE + pin.picture.renditions[0].path) == 200


def test_another_persons_upload_is_in_no_way_reachable(client, alice, bob):
    picture = pin_upload(
        by=alice, board=make_board(alice), content=draw(300, 300)
    ).picture
    client.force_login(bob)
    assert default_storage.exists(upload_of(picture))
    for path in (upload_of(picture), PRIVATE + upload_of(picture)):
        assert status(client, path) == 404
    for path in copies_of(picture):
        assert status(client, path) == 404
        assert status(client, PRIVATE + path) == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.replace("-236.", "-235."),
        lambda path: path.replace("-236.", "-1200."),
        lambda path: path.replace("-236.webp", "-236.jpg"),
        lambda path: path.replace("-236.webp", "-original.png"),
        lambda path: path.replace("-236.webp", "-236.svg"),
        lambda path: path[3:],
        lambda path: "xx" + path[2:],
        lambda path: f"{path[:2]}/../{path}",
        lambda path: f"/{path}",
        lambda path: path + "/",
        lambda path: path + "%0a",
        lambda path: path + "%00",
        lambda path: path.swapcase(),
        lambda path: "private/private/" + path,
        lambda path: "../db.sqlite3",
        lambda path: "x" * 5000,
    ],
)
def test_no_other_path_is_a_file(client, alice, change):
    path = ready_pin(alice).picture.renditions[0].path
    assert status(client, path) == 200
    assert status(client, change(path)) in {404, 301}


def test_only_reading_is_possible(client, alice):
    path = media_url(ready_pin(alice).picture.renditions[0].path)
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200


def test_a_file_that_is_gone_is_not_found_and_no_error(client):
    picture = make_picture()
    assert status(client, picture.renditions[0].path) == 404


def test_a_public_original_is_kept_for_an_hour_and_a_secret_one_never(client, alice):
    public, secret = ready_pin(alice), ready_pin(alice, visibility="secret")
    client.force_login(alice)
    kept = {}
    for pin in (public, secret):
        answer = client.get(f"/media/{original_of(pin.picture)}")
        kept[pin] = answer.headers["Cache-Control"]
    assert kept == {public: "private, max-age=3600", secret: "private, no-store"}
