from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from pinboard.actions.products import (
    note_price,
    post_product,
    product_at,
    product_of_page,
    upsert_product,
)
from pinboard.actions.shops import open_shop
from pinboard.discovery.words import query_of
from pinboard.exceptions import AddressRefused, PictureRefused, ProductAddressTaken
from pinboard.models import PricePoint, Product
from pinboard.signals import product_price_changed
from pinboard.sources.addresses import url_key, without_tracking
from pinboard.sources.extract import PageFacts
from tests.factories import make_product, make_shop
from tests.pictures import draw

URL = "https://shop.example/coats/red"


@pytest.fixture
def shop(rita):
    return open_shop(owner=rita, name="Rita's coats", host="shop.example")


@pytest.fixture
def heard():
    products = []

    def hear(product, **_):
        products.append((product.price_minor, product.currency))

    product_price_changed.connect(hear)
    yield products
    product_price_changed.disconnect(hear)


def facts(**told):
    known = {"title": "Red coat", "price": "199.00", "currency": "CNY"}
    return PageFacts(**(known | told))


# A retailer's product -----------------------------------------------------------------


def test_a_product_is_new_once(shop):
    coat, is_new = upsert_product(
        shop=shop,
        title="Red coat",
        url=URL,
        sku="RC-1",
        price_minor=19900,
        currency="CNY",
    )
    assert is_new
    again, is_new = upsert_product(
        shop=shop, title="Red coat, lined", url=f"{URL}-lined", sku="RC-1"
    )
    assert not is_new
    assert again == coat
    coat.refresh_from_db()
    assert (coat.title, coat.url) == ("Red coat, lined", f"{URL}-lined")
    assert coat.price_minor == 19900


def test_a_product_without_a_sku_is_known_by_its_address(shop):
    coat, _ = upsert_product(shop=shop, title="Red coat", url=f"{URL}?utm_source=feed")
    again, is_new = upsert_product(shop=shop, title="Coat", url=f"{URL}#top")
    assert (again, is_new) == (coat, False)
    assert coat.url == URL


def test_a_sku_comes_to_a_product_that_had_none(shop):
    coat, _ = upsert_product(shop=shop, title="Red coat", url=URL)
    again, is_new = upsert_product(shop=shop, title="Red coat", url=URL, sku="RC-1")
    assert (again, is_new, again.sku) == (coat, False, "RC-1")


def test_two_skus_cannot_stand_at_one_address(shop):
    upsert_product(shop=shop, title="Red coat", url=URL, sku="RC-1")
    with pytest.raises(ProductAddressTaken):
        upsert_product(shop=shop, title="Blue coat", url=URL, sku="BC-1")
    assert Product.objects.count() == 1


def test_a_stranger_cannot_take_another_shops_product(shop, alice):
    coat, _ = upsert_product(shop=shop, title="Red coat", url=URL)
    other = open_shop(owner=alice, name="Alice's")
    with pytest.raises(ProductAddressTaken):
        upsert_product(shop=other, title="Mine now", url=URL)
    coat.refresh_from_db()
    assert (coat.shop, coat.title) == (shop, "Red coat")


def test_a_shop_takes_over_what_pins_made_of_its_own_host(shop, alice):
    unclaimed = make_product(make_shop(), url=URL, url_key=url_key(URL))
    elsewhere = open_shop(owner=alice, name="Alice's", host="alice.example")
    with pytest.raises(ProductAddressTaken):
        upsert_product(shop=elsewhere, title="Mine now", url=URL)
    coat, is_new = upsert_product(shop=shop, title="Red coat", url=URL, sku="RC-1")
    assert (coat, is_new, coat.shop) == (unclaimed, False, shop)


def test_one_sku_may_be_of_many_shops(shop, alice):
    other = open_shop(owner=alice, name="Alice's")
    one, _ = upsert_product(shop=shop, title="Coat", url=URL, sku="1")
    two, is_new = upsert_product(shop=other, title="Coat", url=f"{URL}/2", sku="1")
    assert is_new
    assert one != two


def test_a_product_is_found_by_its_words(shop):
    coat, _ = upsert_product(
        shop=shop, title="红色大衣 Red coat", url=URL, sku="RC-1", brand="Qiao"
    )
    for text in ("coat", "大衣", "qiao", "rc 1", "rita"):
        assert Product.objects.filter(search=query_of(text)).get() == coat, text


def test_texts_are_made_fit_to_keep(shop):
    coat, _ = upsert_product(
        shop=shop,
        title="Red\x00 \u202ecoat\ud800\u200b\n" + "x" * 300,
        url=URL,
        sku="S" * 100,
        brand="B" * 100,
        gtin="1" * 20,
        description="<p>Warm.</p>\n\n\n<b>Red.</b>" + "y" * 9000,
        availability="nonsense",
    )
    coat.refresh_from_db()
    assert coat.title.startswith("Red coat x")
    assert len(coat.title) == 200
    assert (len(coat.sku), len(coat.brand), len(coat.gtin)) == (64, 80, 14)
    assert coat.description.startswith("Warm.\n\nRed.")
    assert len(coat.description) == 5000
    assert coat.availability == "unknown"


@pytest.mark.parametrize("url", ["", "nonsense", "http://[", "https://a.example:port/"])
def test_a_product_needs_an_address(shop, url):
    with pytest.raises(AddressRefused):
        upsert_product(shop=shop, title="Red coat", url=url)


# Prices -------------------------------------------------------------------------------


def test_a_day_keeps_its_last_price(shop):
    coat = make_product(shop, price_minor=100, currency="CNY")
    for price in (300, 200):
        note_price(coat, price, "CNY")
    assert coat.price_points.get().price_minor == 200
    PricePoint.objects.update(day=timezone.localdate() - timedelta(days=1))
    note_price(coat, 200, "CNY")
    assert coat.price_points.count() == 2


def test_apps_above_hear_of_a_price_that_changed(shop, heard):
    coat = make_product(shop, price_minor=100, currency="CNY")
    note_price(coat, 100, "CNY")
    assert heard == []
    note_price(coat, 90, "CNY")
    note_price(coat, 90, "EUR")
    assert heard == [(90, "CNY"), (90, "EUR")]


def test_the_same_price_is_fresh_again(shop):
    coat = make_product(shop, price_at=timezone.now() - timedelta(days=9))
    assert coat.price_is_stale
    note_price(coat, coat.price_minor, coat.currency)
    assert not coat.price_is_stale


@pytest.mark.parametrize(
    ("price", "currency"),
    [(-1, "CNY"), (10**18, "CNY"), (1, "yuan"), (1, ""), (1, "cny")],
)
def test_an_absurd_price_is_not_kept(shop, price, currency):
    coat = make_product(shop)
    note_price(coat, price, currency)
    coat.refresh_from_db()
    assert (coat.price_minor, coat.currency) == (19900, "CNY")
    assert not coat.price_points.exists()


# A page's product ---------------------------------------------------------------------


def test_a_page_makes_a_product_of_an_unclaimed_shop(db):
    coat = product_of_page(facts(canonical=URL), f"{URL}?utm_source=mail")
    assert (coat.title, coat.url, coat.shop.host) == ("Red coat", URL, "shop.example")
    assert coat.shop.owner is None
    assert coat.price_points.get().price_minor == 19900
    assert product_of_page(facts(), URL) == coat


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("199", "CNY", 19900), ("24990", "CLP", 24990), ("0.5", "EUR", 50)],
)
def test_a_price_is_kept_in_minor_units(db, price, currency, minor):
    coat = product_of_page(facts(price=price, currency=currency), URL)
    assert (coat.price_minor, coat.currency) == (minor, currency)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1e400", "-5", "x", ""])
def test_a_price_that_is_none_is_left_out(db, price):
    coat = product_of_page(facts(price=price, gtin="4006381333931"), URL)
    assert coat.price_minor is None


def test_a_page_without_a_price_or_a_number_shows_no_product(db):
    assert product_of_page(PageFacts(title="Ten ways to wear red"), URL) is None
    assert not Product.objects.exists()


def test_a_page_that_may_not_create_only_finds(db):
    assert product_of_page(facts(), URL, may_create=False) is None
    coat = make_product(url=URL, url_key=url_key(URL))
    assert product_of_page(facts(), URL, may_create=False) == coat


def test_a_claimed_product_is_not_changed_by_a_page(shop):
    coat, _ = upsert_product(
        shop=shop, title="Rita's coat", url=URL, price_minor=100, currency="CNY"
    )
    assert product_of_page(facts(availability="sold_out"), URL) == coat
    coat.refresh_from_db()
    assert (coat.price_minor, coat.availability) == (100, "unknown")


def test_sizes_that_share_a_sku_are_products_of_their_own(db):
    one = product_of_page(facts(sku="RC"), f"{URL}?size=s")
    two = product_of_page(facts(sku="RC"), f"{URL}?size=m")
    assert (one.sku, two.sku) == ("RC", "")
    assert one.shop == two.shop


def test_a_shop_whose_canonical_is_its_front_page_has_many_products(db):
    front = "https://shop.example/"
    one = product_of_page(facts(canonical=front), f"{URL}/1")
    two = product_of_page(facts(canonical=front), f"{URL}/2")
    assert one != two


def test_a_removed_product_is_not_made_anew(db):
    make_product(url=URL, url_key=url_key(URL), removed_at=timezone.now())
    assert product_of_page(facts(), URL) is None


def test_an_address_that_redirects_belongs_to_the_product_too(db):
    short = "https://s.example/7"
    coat = make_product(url=short, url_key=url_key(short))
    assert product_of_page(facts(), URL, came_by=short) == coat
    assert product_at(short) == coat
    assert product_at("http://[", "") is None


# Posting ------------------------------------------------------------------------------


def test_a_posted_product_is_pinned_to_the_shops_board_once(shop, rita):
    told = {"title": "Red coat", "url": URL, "sku": "RC-1"}
    coat, is_new = post_product(shop=shop, by=rita, content=draw(640, 480), **told)
    assert is_new
    pin = shop.board.pins.get()
    assert (pin.product, pin.pinner, pin.picture) == (coat, rita, coat.picture)
    assert (pin.title, pin.source_url) == ("Red coat", URL)
    post_product(shop=shop, by=rita, content=draw(320, 240), **told)
    coat.refresh_from_db()
    assert coat.picture.width == 320
    assert shop.board.pins.get() == pin


def test_a_product_may_come_without_a_picture(shop, rita):
    post_product(shop=shop, by=rita, content=None, title="Red coat", url=URL)
    assert not shop.board.pins.exists()


def test_a_broken_picture_posts_nothing(shop, rita):
    with pytest.raises(PictureRefused):
        post_product(shop=shop, by=rita, content=b"no", title="Red coat", url=URL)
    assert not Product.objects.exists()


def test_nobody_posts_in_another_persons_shop(shop, alice):
    with pytest.raises(PermissionDenied):
        post_product(shop=shop, by=alice, content=None, title="Red coat", url=URL)


# Addresses as names -------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/a?b=1&c=2",
        "http://shop.example/a?c=2&b=1",
        "HTTPS://SHOP.example:443/a?b=1&c=2#reviews",
        "https://shop.example/a?utm_source=x&b=1&c=2&gclid=1&spm=a.b",
        "https://shop.example/%61?b=1&c=2&pb_click=9".replace("%61", "a"),
    ],
)
def test_one_page_has_one_key(url):
    assert url_key(url) == "https://shop.example/a?b=1&c=2"


def test_other_pages_have_other_keys():
    addresses = [
        *(
            "https://shop.example/a",
            "https://shop.example/A",
            "https://shop.example/a/",
        ),
        *("https://shop.example/a?b=1", "https://www.shop.example/a"),
        *("http://shop.example:8001/a", "https://shop.example:8001/a"),
    ]
    assert len({url_key(url) for url in addresses}) == len(addresses)


def test_an_address_keeps_its_spelling_without_the_tracking():
    url = "https://shop.example/a?q=red+coat&utm_source=x&empty=&spm=1"
    assert without_tracking(url) == "https://shop.example/a?q=red+coat&empty="
