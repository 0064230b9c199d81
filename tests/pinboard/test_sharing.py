"""Passing on: feeds, oEmbed, the page of ways, the manifest, and what stays unsaid."""

import xml.etree.ElementTree as ET

import pytest

from tests.factories import make_board, make_pin, make_product, make_shop

pytestmark = pytest.mark.django_db
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def pin(alice):
    product = make_product(make_shop(name="Qiao"), price_minor=19900)
    board = make_board(alice, "Lamps & more")
    return make_pin(board, title="A <b>lamp</b>", alt="Glows", product=product)


def hidden(owner, visibility):
    return make_pin(make_board(owner, "Zanzibar", visibility=visibility))


def test_a_board_has_a_feed_with_alt_text_and_price(client, pin):
    answer = client.get(f"{pin.board.get_absolute_url()}feed.atom")
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    assert feed.findtext("a:title", namespaces=ATOM) == "Lamps & more"
    (entry,) = feed.findall("a:entry", ATOM)
    text = entry.findtext("a:summary", namespaces=ATOM)
    assert 'alt="Glows"' in text
    assert "199.00 CNY · Qiao" in text
    assert "/go/" not in answer.content.decode()


@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_a_hidden_board_has_no_feed_but_for_its_key(client, alice, visibility):
    pin = hidden(alice, visibility)
    address = f"{pin.board.get_absolute_url()}feed.atom"
    client.force_login(alice)  # nor for its owner: a feed reader is not signed in
    assert client.get(address).status_code == 404
    opened = client.get(address, {"key": pin.board.link_key})
    assert opened.status_code == (200 if visibility == "link" else 404)
    if visibility == "link":
        assert f"?key={pin.board.link_key}" in opened.content.decode()


def embedded(client, url, **query):
    return client.get("/oembed/", {"url": url, **query})


def test_a_pin_is_embedded_as_a_photo(client, pin, settings):
    told = embedded(client, settings.SITE_URL + pin.get_absolute_url()).json()
    assert (told["version"], told["type"]) == ("1.0", "photo")
    assert told["title"] == "A <b>lamp</b>"
    assert told["author_name"] == "alice"
    assert told["url"].startswith(settings.SITE_URL)
    assert told["width"] == 736
    page = client.get(pin.get_absolute_url()).content.decode()
    assert "application/json+oembed" in page


def test_boards_and_people_are_embedded_as_links(client, pin, alice):
    for page in (pin.board, alice):
        told = embedded(client, page.get_absolute_url()).json()
        assert told["type"] == "link"
        assert told["thumbnail_url"]


@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_what_is_hidden_is_not_embedded(client, alice, visibility):
    pin = hidden(alice, visibility)
    client.force_login(alice)
    for address in (
        pin.get_absolute_url(),
        pin.board.get_absolute_url(),
        f"{pin.board.get_absolute_url()}?key={pin.board.link_key}",
    ):
        answer = embedded(client, address)
        assert answer.status_code == 404
        assert b"Zanzibar" not in answer.content
    # Whose only pin is hidden has no picture either.
    assert "thumbnail_url" not in embedded(client, "/people/alice/").json()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "https://evil.example/pins/1/",
        "/settings/tokens/",
        "//evil/pins/1/",
        "[",
    ],
)
def test_what_is_none_of_our_pages_is_not_embedded(client, url):
    assert embedded(client, url).status_code == 404


def test_another_format_than_json_is_told(client, pin):
    assert embedded(client, pin.get_absolute_url(), format="xml").status_code == 501


def test_the_page_of_ways_has_links_and_a_code(client, pin, settings):
    path = pin.get_absolute_url()
    page = client.get("/share/", {"path": path, "title": "Tea & <b>"}).content.decode()
    assert f'value="{settings.SITE_URL}{path}"' in page
    assert "service.weibo.com" in page
    assert "Tea%20%26%20%3Cb%3E" in page
    assert "<svg" in page
    assert "<b>" not in page.split("<h1>")[1].split("</main>")[0].replace("<b></b>", "")


@pytest.mark.parametrize(
    "path", ["", "https://evil.example/", "//evil.example/", "/\\evil", "/" + "x" * 600]
)
def test_only_pages_of_ours_are_shared(client, path):
    assert client.get("/share/", {"path": path}).status_code == 404


def test_the_site_can_be_installed_and_shared_to(client, alice):
    told = client.get("/manifest.webmanifest")
    assert told.headers["Content-Type"] == "application/manifest+json"
    target = told.json()["share_target"]
    client.force_login(alice)
    shared = {"title": "A lamp", "text": "Look: https://shop.example/lamp?a=1 nice"}
    page = client.get(target["action"], shared).content.decode()
    assert 'value="https://shop.example/lamp?a=1"' in page
    assert 'value="A lamp"' in page


def test_a_public_board_has_a_card_and_a_secret_one_says_nothing(client, alice, pin):
    page = client.get(pin.board.get_absolute_url()).content.decode()
    assert 'property="og:image"' in page
    secret = hidden(alice, "secret").board
    client.force_login(alice)
    assert "og:" not in client.get(secret.get_absolute_url()).content.decode()
