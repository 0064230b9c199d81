"""No link by which somebody earns lacks its mark: on any page that a reader can reach,
in any answer of the API. And nowhere else is there one."""

import re
from datetime import timedelta
from pathlib import Path

import allauth
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from selectolax.parser import HTMLParser

from commerce.actions.commissions import approve
from pinboard.actions import social
from pinboard.actions.gift_claims import claim_gift, guest_of_account
from pinboard.actions.gift_lists import set_gift_list
from pinboard.actions.indexing import index_pin
from pinboard.actions.pins import save_pin
from pinboard.actions.points import add_point
from pinboard.models import Notification, Product
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_token,
    tell_line,
)

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
REL = "sponsored nofollow noopener"
MOST_PAGES = 300
# Of other programs, or with an effect.
NOT_FOLLOWED = ("/go/", "/static/", "/media/", "/accounts/", "/admin/", "/api/docs")


class Site:
    """Alice's pin of a coat, bob's copy of it, a shop, a programme, and a sale."""

    def __init__(self, alice, bob, rita):
        self.shop = rita.shops.get()
        self.shop.board = make_board(rita, "Rita's window")
        self.shop.save()
        self.product = make_product(self.shop, title="Wool coat")
        self.programme = make_programme(shop=self.shop)
        self.board = make_board(alice, "Winter", pin_count=1)
        self.pin = make_pin(self.board, product=self.product, title="Wool coat")
        copies = make_board(bob, "Copies")
        self.copy = save_pin(pin=self.pin, board=copies, by=bob)
        # The same product, so that one is related to the other.
        window = make_pin(self.shop.board, product=self.product, title="Coat on show")
        # A picture of two products: each link says who earns by it.
        self.room = make_pin(self.board, title="A room for the coat")
        for title in ("Coat stand", "Coat hanger"):
            thing = make_product(self.shop, title=title)
            add_point(pin=self.room, product=thing, x=2500, y=7500, by=alice)
        for pin in (self.pin, self.copy, window):
            index_pin(pin)
            if not pin.tracking_links.exists():
                make_link(programme=self.programme, pin=pin)
        if not self.product.tracking_links.filter(pin=None).exists():
            make_link(programme=self.programme, product=self.product)
        social.like(pin=self.pin, by=bob)
        social.follow_person(person=alice, by=bob)
        social.follow_person(person=bob, by=alice)


@pytest.fixture
def site(alice, bob, rita):
    return Site(alice, bob, rita)


def pages_from(client, *places):
    """Every page that links lead to from these, each once."""
    waiting, seen = list(places), set(places)
    while waiting:
        place = waiting.pop()
        answer = client.get(place, follow=True)
        assert answer.status_code < 500, place
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        tree = HTMLParser(answer.content)
        yield place, tree
        for anchor in tree.css("a[href]"):
            way = anchor.attributes["href"] or ""
            way = place.partition("?")[0] + way if way.startswith("?") else way
            way = way.partition("#")[0]
            if way.startswith("/") and not way.startswith(("//", *NOT_FOLLOWED)):
                shape = re.sub(r"next=[^&]*", "next=", way)
                if shape not in seen:
                    seen.add(shape)
                    waiting.append(way)
        assert len(seen) < MOST_PAGES, "the crawl does not end"


def earning_links(tree):
    return [a for a in tree.css("a[href]") if "/go/" in a.attributes["href"]]


def is_disclosed(anchor, tree, label):
    """The mark is inside the control; in the box of a pin, product or gift, beside the
    things in a picture, and on the pages that have a bar at their foot or are a basket,
    the whole sentence stands as well."""
    marks = [small.text(strip=True) for small in anchor.css("small")]
    if anchor.attributes.get("rel") != REL or marks != [label]:
        return False
    parent = anchor.parent
    while parent is not None:
        classes = (parent.attributes.get("class") or "").split()
        if {"buybox", "gift-buy", "spot-card", "pointed"} & set(classes):
            return bool(_sentence(parent))
        if "stickybuy" in classes or "basket-item" in classes:
            return bool(_sentence(tree.css_first("main")))
        if "pin" in classes:
            return True
        parent = parent.parent
    return False


def _sentence(node):
    found = node.css_first(".disclosure")
    return found.text(strip=True) if found else ""


STARTS = [
    "/",
    "/explore/",
    "/search/?q=coat",
    "/search/?q=coat&kind=products",
    "/shops/",
]


@pytest.mark.parametrize(
    ("reader", "language"),
    [
        (None, "en"),
        (None, "zh-hans"),
        ("alice", "en"),
        ("bob", "zh-hans"),
        ("rita", "en"),
    ],
)
def test_every_earning_link_of_every_page_is_marked(
    site, alice, bob, rita, reader, language
):
    client = Client(headers={"Accept-Language": language})
    if reader:
        client.force_login({"alice": alice, "bob": bob, "rita": rita}[reader])
    with translation.override(language):
        label = translation.gettext("commission link")
    assert label == {"en": "commission link", "zh-hans": "广告"}[language]
    found = {}
    for place, tree in pages_from(client, *STARTS):
        links = earning_links(tree)
        found[place] = len(links)
        bare = [a.html for a in links if not is_disclosed(a, tree, label)]
        assert bare == [], place
    with_links = {place for place, count in found.items() if count}
    expected = {
        "/explore/",
        "/search/?q=coat",
        f"/pins/{site.pin.pk}/",
        f"/pins/{site.copy.pk}/",
        f"/pins/{site.room.pk}/",
        f"/products/{site.product.pk}/",
        site.board.get_absolute_url(),
        f"/boards/{site.board.pk}/basket/",
        "/people/alice/?tab=pins",
    }
    assert expected <= with_links, expected - with_links


def test_the_link_beside_a_promised_gift_is_marked(site, bob):
    day = timezone.localdate() + timedelta(days=9)
    set_gift_list(board=site.board, by=site.pin.pinner, occasion="B", reveal_on=day)
    claim_gift(pin=site.pin, guest=guest_of_account(bob), quantity=1)
    client = Client()
    client.force_login(bob)
    tree = HTMLParser(client.get("/gifts/").content)
    (link,) = earning_links(tree)
    assert is_disclosed(link, tree, "commission link")


def test_a_link_without_its_mark_would_be_found():
    """The crawl's own eyes: each of these is refused."""
    good = (
        f'<article class="pin"><a href="/go/aaaaaaaaaa/" rel="{REL}">'
        "Buy<small>commission link</small></a></article>"
    )
    basket = "<main>" + good.replace('class="pin"', 'class="basket-item"') + "</main>"
    for html, is_good in [
        (good, True),
        (good.replace("sponsored ", ""), False),
        (good.replace("<small>commission link</small>", ""), False),
        (good.replace("commission link", "link"), False),
        (good.replace('class="pin"', 'class="buybox"'), False),
        (good.replace('class="pin"', 'class="spot-card"'), False),
        (good.replace('class="pin"', 'class="pointed"'), False),
        (good.replace('class="pin"', 'class="mail"'), False),
        (basket, False),
        (basket.replace("<main>", '<main><p class="disclosure">Told</p>'), True),
    ]:
        tree = HTMLParser(html)
        (anchor,) = earning_links(tree)
        assert is_disclosed(anchor, tree, "commission link") is is_good, html


def objects_in(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from objects_in(part)


def test_every_object_of_the_api_that_can_be_bought_says_who_earns(site, alice):
    """All addresses of the description that can be read, so that none is forgotten."""
    client = Client(headers={"Authorization": f"Bearer {make_token(alice)}"})
    schema = client.get("/api/v1/openapi.json").json()
    earning = {}
    for address in readable(schema, site):
        answer = client.get(address)
        assert answer.status_code == 200, address
        for found in objects_in(answer.json()):
            if "buy_url" not in found:
                continue
            assert "disclosure" in found, address
            assert (found["buy_url"] is None) == (found["disclosure"] is None), address
            if found["buy_url"]:
                assert "/go/" in found["buy_url"]
                assert "commission" in found["disclosure"]
                earning[address.partition("?")[0]] = True
            else:
                own = {
                    name: value for name, value in found.items() if name != "products"
                }
                assert "/go/" not in str(own)  # its parts come one by one
    room = client.get(f"/api/v1/pins/{site.room.pk}").json()
    assert len([p for p in room["products"] if p["buy_url"]]) == 2
    assert set(earning) >= {
        "/api/v1/feed",
        "/api/v1/explore",
        "/api/v1/search",
        f"/api/v1/pins/{site.pin.pk}",
        f"/api/v1/boards/{site.board.pk}/pins",
        "/api/v1/people/alice/pins",
    }


def readable(schema, site):
    """Each GET of the API with its parts filled in; one with a part that this test does
    not know fails, so that it is told."""
    for path, methods in schema["paths"].items():
        if "get" not in methods:
            continue
        noun = path.split("/v1/")[1].split("/")[0]
        parts = {
            "pins": {"pin_id": site.pin.pk},
            "boards": {"board_id": site.board.pk},
            "products": {"product_id": site.product.pk},
            "people": {"name": "alice"},
        }.get(noun, {})
        names = re.findall(r"{([a-z_]+)}", path)
        known = [next(iter(parts.values()))] if parts else []
        assert len(names) == len(known) or not names, f"what is {path}?"
        address = re.sub(r"{[a-z_]+}", str(known[0]) if known else "", path)
        yield f"{address}?q=coat" if noun == "search" else address


def test_a_pin_that_is_saved_by_the_api_is_marked_at_once(site, alice):
    client = Client(headers={"Authorization": f"Bearer {make_token(alice)}"})
    board = make_board(alice, "Saved")
    answer = client.post(
        f"/api/v1/pins/{site.copy.pk}/save",
        {"board": board.pk},
        content_type="application/json",
    )
    assert answer.status_code == 201
    saved = answer.json()
    assert (saved["buy_url"] is None) == (saved["disclosure"] is None)


# Where none may be --------------------------------------------------------------------


def test_feed_readers_get_no_earning_link(site):
    """Of every feed that a page names."""
    client, feeds = Client(), set()
    for place in ("/people/alice/", site.board.get_absolute_url()):
        tree = HTMLParser(client.get(place).content)
        found = tree.css('link[type="application/atom+xml"], a[href$=".atom"]')
        feeds |= {node.attributes["href"] for node in found}
    assert "/people/alice/feed.atom" in feeds
    for feed in feeds:
        text = client.get(feed).content.decode()
        assert f"/pins/{site.pin.pk}/" in text
        assert "/go/" not in text


def test_notifications_carry_no_earning_link(site, alice, bob, rosa):
    click = make_click(site.copy.tracking_links.first())
    line = make_line(site.programme, click=click, product=site.product)
    approve(commission=tell_line(line, status="received"), by=rosa)
    social.comment(pin=site.pin, by=bob, text="@alice look")
    assert Notification.objects.filter(kind="news").exists()
    for row in Notification.objects.all():
        assert "/go/" not in f"{row.url} {row.sentence}"
    client = Client()
    client.force_login(alice)
    html = client.get("/notifications/").content.decode()
    assert "/go/" not in html


def templates():
    """Ours, and allauth's, which write the mails."""
    ours = (ROOT / "templates").rglob("*.*")
    theirs = Path(allauth.__file__).parent.rglob("templates/**/*.*")
    return [path for path in (*ours, *theirs) if path.is_file()]


def test_no_mail_has_a_template_with_an_earning_link():
    mails = [path for path in templates() if "mail" in str(path.relative_to("/"))]
    assert len(mails) > 10
    for path in mails:
        text = path.read_text()
        assert not re.search(r"commerce:go|/go/|buy_(button|bar|box)|product_buy", text)


def test_three_templates_alone_write_an_earning_link():
    """Each is drawn by a tag that tests/commerce/test_disclosure.py looks at."""
    found = {path.name for path in templates() if "commerce:go" in path.read_text()}
    assert found == {"_buy_box.html", "_buy_bar.html", "_buy_pill.html"}


def test_python_names_the_redirect_where_a_link_knows_its_address_and_nowhere_else():
    rooms = ("users", "pinboard", "commerce", "config")
    sources = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    found = {
        str(path.relative_to(ROOT))
        for path in sources
        if '"commerce:go"' in path.read_text()
    }
    assert found == {"commerce/models/link.py"}


def test_what_cannot_be_bought_through_us_has_no_mark(site):
    """A sold-out product, and one whose programme is off."""
    Product.objects.update(availability="sold_out")
    for _place, tree in pages_from(Client(), f"/pins/{site.pin.pk}/"):
        assert earning_links(tree) == []
        break
    Product.objects.update(availability="in_stock")
    site.programme.is_active = False
    site.programme.save()
    html = Client().get(f"/pins/{site.pin.pk}/").content.decode()
    assert "/go/" not in html
    assert "Visit shop" in html
    assert "commission link" not in html
