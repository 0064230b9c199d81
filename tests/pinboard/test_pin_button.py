"""From the button in a browser, or a phone's share sheet, to a board in two taps."""

import json
from urllib.parse import urlencode

import pytest

from pinboard.actions.sources import read_draft, start_draft
from pinboard.models import DraftReadJob, Pin, PinDraft
from tests.factories import make_board
from tests.loopback import running
from tests.pictures import draw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/coat"] = b"<title>Red coat</title><img src='/front.jpg'>"
        site.pages["/front.jpg"] = draw(640, 800)
        site.pages["/large.jpg"] = draw(800, 600)
        yield site


def pressed(client, site, **more):
    """Tap one, as the browser goes on from it: the composer, which sends itself."""
    told = {"via": "1", "url": f"{site.url}/coat", "title": "Coat | Shop", **more}
    page = client.get(f"/pins/new/?{urlencode(told)}")
    html = page.content.decode()
    assert "data-send-at-once" in html
    fields = {name: page.context["form"][name].value() or "" for name in told}
    fields["board"] = page.context["form"].fields["board"].queryset[0].pk
    answer = client.post("/pins/new/", fields)
    draft = PinDraft.objects.latest("pk")
    assert answer["Location"] == draft.get_absolute_url()
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    return draft


def test_the_second_tap_is_the_board(client, alice, site):
    coats, hats = make_board(alice, "Coats"), make_board(alice, "Hats")
    client.force_login(alice)
    draft = pressed(
        client, site, picture=f"{site.url}/large.jpg", description="So warm"
    )
    html = client.get(draft.get_absolute_url()).content.decode()
    assert f'name="to" value="{coats.pk}"' in html
    first = draft.pictures.first()
    assert (first.picture.width, draft.pictures.count()) == (800, 2)
    fields = {"to": coats.pk, "board": hats.pk, "picture_url": first.pk}
    client.post(draft.get_absolute_url(), fields)
    pin = Pin.objects.get()
    assert (pin.board, pin.picture) == (coats, first.picture)


def test_what_was_chosen_on_the_page_comes_along(client, alice, site):
    make_board(alice)
    client.force_login(alice)
    draft = pressed(client, site, description="So warm")
    form = client.get(draft.get_absolute_url()).context["form"]
    assert form.initial["description"] == "So warm"
    assert form.initial["title"] == "Red coat"  # the page's, not the tab's


def test_a_page_that_keeps_us_out_is_pinned_by_its_picture(client, alice, site):
    make_board(alice)
    client.force_login(alice)
    told = {"picture": f"{site.url}/large.jpg", "url": f"{site.url}/not-there"}
    draft = pressed(client, site, **told)
    form = client.get(draft.get_absolute_url()).context["form"]
    assert form.initial["title"] == "Coat | Shop"
    assert [one.picture.width for one in draft.pictures.all()] == [800]


@pytest.mark.parametrize("address", ["http://127.0.0.1/a.jpg", "data:x", "file:///e"])
def test_a_picture_that_may_not_be_opened_is_left_out(alice, site, address):
    draft = start_draft(by=alice, url=f"{site.url}/coat", picture_url=address)
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    assert [one.picture.width for one in draft.pictures.all()] == [640]


def test_a_phone_shares_an_address_within_a_text(client, alice):
    make_board(alice)
    client.force_login(alice)
    text = "Look at this https://shop.example/p?id=1"
    page = client.get("/pins/new/", {"title": "Coat", "text": text})
    form = page.context["form"]
    assert form.initial["url"] == "https://shop.example/p?id=1"
    assert form.initial["description"] == "Look at this"
    assert "data-send-at-once" in page.content.decode()


def test_nothing_is_sent_by_itself_without_an_address_or_a_board(client, alice):
    client.force_login(alice)
    asked = {"via": "1", "url": "https://shop.example/p"}
    html = client.get("/pins/new/", asked).content.decode()
    assert "data-send-at-once" not in html
    make_board(alice)
    for fields in ({"via": "1"}, {"url": "https://shop.example/p"}):
        html = client.get("/pins/new/", fields).content.decode()
        assert "data-send-at-once" not in html


def test_a_tap_on_the_board_of_somebody_else_is_refused(client, alice, bob, site):
    make_board(alice)
    client.force_login(alice)
    draft = pressed(client, site)
    fields = {"to": make_board(bob).pk, "picture_url": draft.pictures.first().pk}
    assert client.post(draft.get_absolute_url(), fields).status_code == 422
    assert not Pin.objects.exists()


def test_the_page_of_the_button_leads_to_the_composer(client, alice, settings):
    settings.SITE_URL = "https://pins.example"
    assert client.get("/settings/pin-button/").status_code == 302
    client.force_login(alice)
    html = client.get("/settings/pin-button/").content.decode()
    assert 'href="javascript:' in html
    assert "https://pins.example/pins/new/?" in html
    manifest = json.loads(client.get("/manifest.webmanifest").content)
    assert manifest["share_target"]["action"] == "/pins/new/"
