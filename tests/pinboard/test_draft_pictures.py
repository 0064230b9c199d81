"""The pictures of a page that is read for the composer: taken in, shown to whoever
reads it and to nobody else, chosen without a second fetch, and forgotten."""

import re
import threading
import time
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from pinboard.actions.draft_pictures import MOST_BYTES, MOST_KEPT
from pinboard.actions.sources import read_draft, start_draft
from pinboard.actions.sweeping import tidy_pictures
from pinboard.models import (
    DraftPicture,
    DraftReadJob,
    JobState,
    Picture,
    Pin,
    PinDraft,
    Product,
    RenditionJob,
    Visibility,
)
from pinboard.pictures.names import original_of
from pinboard.pictures.urls import media_url
from pinboard.tasks import make_renditions
from tests.factories import make_board
from tests.loopback import reply, running, sends
from tests.pictures import draw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


def page_of(*addresses, title="Red coat"):
    images = "".join(f'<img src="{address}" alt="{title}">' for address in addresses)
    first = f'<meta property="og:image" content="{addresses[0]}">' if addresses else ""
    return (
        f"<!doctype html><title>{title}</title>{first}"
        '<script type="application/ld+json">{"@type": "Product", "name": "Red coat",'
        ' "offers": {"price": "199.00", "priceCurrency": "CNY"}}</script>'
        f"<h1>{title}</h1>{images}"
    ).encode()


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/coat"] = page_of("/front.jpg", "/back.jpg")
        site.pages["/front.jpg"] = draw(640, 800)
        site.pages["/back.jpg"] = draw(320, 400)
        yield site


def read(by, url, **fields):
    """What the worker makes of an address in the composer."""
    draft = start_draft(by=by, url=url, **fields)
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    return PinDraft.objects.select_related("job").get(pk=draft.pk)


def make_pictures():
    for job in RenditionJob.objects.filter(state=JobState.PENDING):
        make_renditions(job.pk)


def widths(draft):
    return [offered.picture.width for offered in draft.pictures.all()]


def asked(site):
    return [path for path, _ in site.requests]


def test_the_pictures_of_a_page_come_in_its_order(alice, site):
    draft = read(alice, f"{site.url}/coat")
    assert draft.job.state == JobState.DONE
    assert widths(draft) == [640, 320]
    urls = list(draft.pictures.values_list("url", flat=True))
    assert urls == [f"{site.url}/front.jpg", f"{site.url}/back.jpg"]


def test_tiny_broken_and_missing_pictures_are_left_out(alice, site):
    site.pages["/tiny.png"] = draw(99, 400, "PNG")
    site.pages["/broken.jpg"] = sends(b"\xff\xd8\xff no picture", "image/jpeg")
    site.pages["/coat"] = page_of("/tiny.png", "/broken.jpg", "/gone.jpg", "/back.jpg")
    assert widths(read(alice, f"{site.url}/coat")) == [320]


def test_the_same_bytes_at_two_addresses_are_offered_once(alice, site):
    site.pages["/again.jpg"] = site.pages["/front.jpg"]
    site.pages["/coat"] = page_of("/front.jpg", "/again.jpg", "/back.jpg")
    assert widths(read(alice, f"{site.url}/coat")) == [640, 320]


def test_the_first_six_are_taken_in_and_no_more_asked_for(alice, site):
    names = [f"/{number}.jpg" for number in range(10)]
    site.pages |= {name: draw(200 + 10 * n, 200) for n, name in enumerate(names)}
    site.pages["/0.jpg"] = late(draw(200, 200))
    site.pages["/coat"] = page_of(*names)
    draft = read(alice, f"{site.url}/coat")
    assert widths(draft) == [200, 210, 220, 230, 240, 250]
    assert Picture.objects.count() == MOST_KEPT == len(site.requests) - 1


def late(content):
    def answer(handler):
        time.sleep(0.3)
        reply(handler, content)

    return answer


def test_what_is_huge_ends_the_search(alice, site):
    names = [f"/huge{number}.jpg" for number in range(10)]
    huge = sends(b"\xff\xd8\xff" + b"x" * MOST_BYTES, "image/jpeg")
    site.pages |= dict.fromkeys(names, huge)
    site.pages["/coat"] = page_of(*names)
    draft = read(alice, f"{site.url}/coat")
    assert draft.job.error_code == "no_picture"
    assert len(site.requests) < 1 + 6


def test_a_picture_that_never_comes_does_not_hold_up_the_others(
    alice, site, monkeypatch
):
    monkeypatch.setattr("pinboard.actions.sources.DRAFT_IN_ALL_S", 2.0)
    ends = threading.Event()
    site.pages["/slow.jpg"] = lambda handler: ends.wait(10)
    site.pages["/coat"] = page_of("/slow.jpg", "/front.jpg", "/back.jpg")
    start = timezone.now()
    draft = read(alice, f"{site.url}/coat")
    ends.set()
    assert widths(draft) == [640, 320]
    assert draft.job.state == JobState.DONE
    assert timezone.now() - start < timedelta(seconds=6)


def test_pictures_that_lead_inside_are_not_asked_for(alice, site):
    with running() as canary:
        site.pages["/coat"] = page_of(f"{canary.url}/secret.jpg", "/front.jpg")
        assert widths(read(alice, f"{site.url}/coat")) == [640]
        assert canary.connections == 0


def test_a_draft_read_twice_has_its_pictures_once(alice, site):
    draft = read(alice, f"{site.url}/coat")
    read_draft(DraftReadJob.objects.get(draft=draft))
    assert widths(draft) == [640, 320]


def test_the_address_of_a_picture_is_that_picture_and_fetched_once(alice, site):
    draft = read(alice, f"{site.url}/front.jpg")
    assert widths(draft) == [640]
    assert asked(site) == ["/front.jpg"]


@pytest.mark.parametrize(
    ("images", "code"), [((), "no_picture"), (("/tiny.png", "/gone.jpg"), "no_picture")]
)
def test_a_page_without_a_usable_picture_says_so(client, alice, site, images, code):
    site.pages["/tiny.png"] = draw(40, 40, "PNG")
    site.pages["/coat"] = page_of(*images)
    draft = read(alice, f"{site.url}/coat")
    assert (draft.job.state, draft.job.error_code) == (JobState.FAILED, code)
    client.force_login(alice)
    html = client.get(draft.get_absolute_url()).content.decode()
    assert "no picture we can use" in html


def test_no_place_at_a_host_and_no_connection_stays_taken(alice, site):
    read(alice, f"{site.url}/coat")
    assert counted("pg_locks WHERE locktype = 'advisory'") == 0
    others = (
        "pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 5  # a connection that was closed takes its moment
    while counted(others):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def counted(what):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {what}")
        return cursor.fetchone()[0]


@pytest.fixture
def offered(alice, site):
    draft = read(alice, f"{site.url}/coat", board=make_board(alice))
    make_pictures()
    return draft.pictures.select_related("picture", "draft").first()


def files_of(picture):
    return [*(rendition.path for rendition in picture.renditions), original_of(picture)]


def statuses(client, picture):
    paths = files_of(picture)
    paths += [path.removeprefix("private/") for path in paths]
    return {client.get(media_url(path)).status_code for path in paths}


def test_the_owner_of_the_draft_sees_its_pictures(client, alice, offered):
    client.force_login(alice)
    for path in files_of(offered.picture):
        answer = client.get(media_url(path))
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-store"


def test_strangers_and_the_signed_out_get_none_of_its_files(client, bob, offered):
    assert statuses(client, offered.picture) == {404}
    client.force_login(bob)
    assert statuses(client, offered.picture) == {404}
    assert client.get(offered.draft.get_absolute_url()).status_code == 404


def test_a_stranger_cannot_choose_from_somebody_elses_draft(client, bob, offered):
    mine = PinDraft.objects.create(owner=bob, url="https://x.example/", facts={})
    DraftReadJob.objects.create(draft=mine, state=JobState.DONE)
    own = Picture.objects.create(sha256="o", name="o", is_ready=True)
    DraftPicture.objects.create(draft=mine, picture=own, url="https://x/", position=0)
    client.force_login(bob)
    chosen = {"picture_url": offered.pk, "board": make_board(bob).pk}
    assert client.post(mine.get_absolute_url(), chosen).status_code == 422
    assert client.post(offered.draft.get_absolute_url(), chosen).status_code == 404
    assert not Pin.objects.exists()


@pytest.mark.parametrize(
    "path", ["/explore/", "/search/?q=coat", "/api/v1/search?q=coat", "/people/alice/"]
)
def test_no_list_shows_what_nobody_has_pinned(client, alice, bob, offered, path):
    for viewer in (None, bob, alice):
        if viewer:
            client.force_login(viewer)
        answer = client.get(path, follow=True)
        assert answer.status_code == 200
        assert offered.picture.name not in answer.content.decode()


def test_seeing_it_in_a_draft_makes_it_no_more_public(client, alice, offered):
    tidy_pictures()
    offered.picture.refresh_from_db()
    assert not offered.picture.is_public


def choose(client, offered, **fields):
    board = fields.pop("board", offered.draft.board)
    return client.post(
        offered.draft.get_absolute_url(),
        {"picture_url": offered.pk, "board": board.pk} | fields,
    )


def test_the_choice_shows_thumbnails_the_first_one_chosen(client, alice, offered):
    client.force_login(alice)
    html = client.get(offered.draft.get_absolute_url()).content.decode()
    assert len(re.findall(r'type="radio" name="picture_url"', html)) == 2
    shown = re.findall(r'<img src="(/media/private/[^"]+)"', html)
    assert len(shown) == 2
    assert {client.get(address).status_code for address in shown} == {200}
    assert "640 × 800" in html
    assert re.search(rf'value="{offered.pk}"[^>]* checked', html)
    assert "data-renew-s" not in html
    assert "shop.example" not in html


def test_choosing_pins_that_very_picture_and_fetches_nothing(
    client, alice, site, offered
):
    client.force_login(alice)
    before = site.connections
    second = offered.draft.pictures.last()
    answer = choose(client, second, title="Mine", price="199.00", currency="CNY")
    pin = Pin.objects.get()
    assert answer.headers["Location"] == pin.get_absolute_url()
    assert pin.picture == second.picture
    assert pin.state == "ready"
    assert not hasattr(pin, "fetch_job")
    assert site.connections == before
    assert (pin.title, pin.alt, pin.source_url) == ("Mine", "Mine", offered.draft.url)
    assert (pin.product.price_minor, pin.product.currency) == (19900, "CNY")
    assert pin.product.picture == second.picture
    pin.picture.refresh_from_db()
    assert pin.picture.is_public
    client.logout()
    assert client.get(pin.picture.renditions[0].path).status_code == 404
    assert client.get(media_url(pin.picture.renditions[0].path)).status_code == 200


def test_a_choice_on_a_secret_board_stays_secret(client, alice, bob, offered):
    client.force_login(alice)
    secret = make_board(alice, visibility=Visibility.SECRET)
    choose(client, offered, board=secret, price="199.00", currency="CNY")
    assert Pin.objects.get().board == secret
    assert not Product.objects.exists()
    offered.picture.refresh_from_db()
    client.force_login(bob)
    assert statuses(client, offered.picture) == {404}


def test_a_picture_may_be_chosen_while_it_is_being_made(client, alice, site):
    draft = read(alice, f"{site.url}/coat", board=make_board(alice))
    client.force_login(alice)
    choose(client, draft.pictures.first())
    pin = Pin.objects.get()
    assert pin.state == "processing"
    make_pictures()
    pin.refresh_from_db()
    assert pin.state == "ready"


def test_the_choice_is_there_from_the_first_picture_on(client, alice, site):
    draft = start_draft(by=alice, url=f"{site.url}/coat")
    client.force_login(alice)
    html = client.get(draft.get_absolute_url()).content.decode()
    assert "data-reload-s" in html
    assert f'url={draft.get_absolute_url()}?whole=1"' in html
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    html = client.get(draft.get_absolute_url()).content.decode()
    assert html.count('type="radio"') == 2
    assert "<img" not in html.partition("picture-choices")[2]
    assert "data-renew-s" in html
    assert 'http-equiv="refresh"' not in html  # it would take what is being typed


def test_without_a_script_the_choice_comes_once_all_is_there(client, alice, site):
    draft = read(alice, f"{site.url}/coat")
    whole = f"{draft.get_absolute_url()}?whole=1"
    client.force_login(alice)
    html = client.get(whole).content.decode()
    assert "<noscript><meta" in html
    assert 'type="radio"' not in html
    make_pictures()
    html = client.get(whole).content.decode()
    assert html.count('type="radio"') == 2
    assert "<noscript><meta" not in html


def test_a_picture_that_turns_out_broken_is_offered_no_more(client, alice, site):
    draft = read(alice, f"{site.url}/coat")
    client.force_login(alice)
    RenditionJob.objects.get(picture__width=640).fail("picture_broken")
    html = client.get(draft.get_absolute_url()).content.decode()
    assert "320 × 400" in html
    assert "640 × 800" not in html
    RenditionJob.objects.get(picture__width=320).fail("picture_broken")
    html = client.get(draft.get_absolute_url()).content.decode()
    assert "no picture we can use" in html


@pytest.mark.parametrize("count", [1, 6])
def test_the_choice_costs_the_same_for_one_picture_and_for_six(
    client, alice, site, django_assert_num_queries, count
):
    names = [f"/{number}.jpg" for number in range(count)]
    site.pages |= {name: draw(200 + 10 * n, 200) for n, name in enumerate(names)}
    site.pages["/coat"] = page_of(*names)
    draft = read(alice, f"{site.url}/coat", board=make_board(alice))
    make_pictures()
    client.force_login(alice)
    client.get(draft.get_absolute_url())
    with django_assert_num_queries(11):
        client.get(draft.get_absolute_url())


def let_pass(**time):
    before = timezone.now() - timedelta(**time)
    for model in (PinDraft, Picture):
        model.objects.update(created_at=before)


def test_a_draft_picture_is_kept_while_one_may_choose(alice, offered):
    let_pass(hours=24, minutes=30)
    tidy_pictures()
    assert DraftPicture.objects.count() == 2


def test_a_draft_of_yesterday_is_open_no_more(client, alice, offered):
    let_pass(hours=24, minutes=1)
    client.force_login(alice)
    assert client.get(offered.draft.get_absolute_url()).status_code == 404


def test_what_nobody_chose_vanishes_with_the_draft_and_its_files(
    client, alice, offered
):
    client.force_login(alice)
    choose(client, offered)
    other = Picture.objects.exclude(pk=offered.picture_id).get()
    files = files_of(other)
    assert all(map(default_storage.exists, files))
    let_pass(hours=26)
    tidy_pictures()
    assert not PinDraft.objects.exists()
    assert Picture.objects.get() == Pin.objects.get().picture == offered.picture
    assert not any(map(default_storage.exists, files))


def test_a_draft_counts_against_the_hour_whether_pinned_or_not(
    client, alice, offered, settings
):
    settings.FETCHES_PER_HOUR = 1
    client.force_login(alice)
    assert choose(client, offered).status_code == 302  # it costs no fetch
    answer = client.post(
        "/pins/new/", {"url": offered.draft.url, "board": offered.draft.board.pk}
    )
    assert answer.status_code == 429
