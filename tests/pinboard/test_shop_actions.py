import pytest

from pinboard.actions.shops import open_shop, shop_for_address
from pinboard.exceptions import AddressRefused, ShopHostTaken
from pinboard.models import Shop
from pinboard.signals import shop_claimed


def test_a_retailer_opens_a_shop_with_a_public_board(alice):
    shop = open_shop(owner=alice, name="Qiao  Studio", description="Coats.\x00")
    assert (shop.name, shop.slug) == ("Qiao Studio", "qiao-studio")
    assert shop.owner == alice
    assert (shop.board.title, shop.board.owner) == ("Qiao Studio", alice)
    assert shop.board.is_public
    assert shop.description == "Coats."


def test_apps_above_hear_of_the_new_owner(alice):
    heard = []

    def hear(shop, **_):
        heard.append(shop)

    shop_claimed.connect(hear)
    try:
        shop = open_shop(owner=alice, name="Qiao Studio")
    finally:
        shop_claimed.disconnect(hear)
    assert heard == [shop]


@pytest.mark.parametrize("name", ["乔的店", "!!!", "Qiao Studio"])
def test_every_shop_has_a_slug_of_its_own(alice, bob, name):
    slugs = {open_shop(owner=by, name=name).slug for by in (alice, bob)}
    assert len(slugs) == 2
    assert all(slugs)


def test_a_host_has_one_shop(alice, bob):
    open_shop(owner=alice, name="One", host="www.Shop.example")
    with pytest.raises(ShopHostTaken):
        open_shop(owner=bob, name="Two", host="shop.example")


def test_nobody_takes_an_unclaimed_shop_by_naming_its_host(alice, db):
    unclaimed = shop_for_address("https://shop.example/coats")
    with pytest.raises(ShopHostTaken):
        open_shop(owner=alice, name="Mine", host="shop.example")
    unclaimed.refresh_from_db()
    assert unclaimed.owner is None


def test_a_host_seen_for_the_first_time_becomes_an_unclaimed_shop(db):
    shop = shop_for_address("https://www.Shop.example/coats/red?utm_source=mail")
    assert (shop.host, shop.name, shop.slug) == (
        "shop.example",
        "shop.example",
        "shop-example",
    )
    assert shop.owner is None
    assert shop.board is None


def test_the_next_page_of_the_host_is_of_the_same_shop(db):
    first = shop_for_address("https://www.shop.example/a")
    assert shop_for_address("http://shop.example/b") == first
    assert shop_for_address("https://shop.example:8443/b") != first
    assert Shop.objects.count() == 2


def test_a_claimed_shops_pages_are_its_own(alice):
    shop = open_shop(owner=alice, name="Mine", host="shop.example")
    assert shop_for_address("https://shop.example/a") == shop


def test_two_hosts_that_read_alike_have_two_slugs(db):
    one = shop_for_address("https://my-shop.example/")
    two = shop_for_address("https://my.shop.example/")
    assert one.slug == "my-shop-example"
    assert two.slug.startswith("my-shop-example-")


@pytest.mark.parametrize("url", ["", "nonsense", "http://[", "https:///a"])
def test_no_address_no_shop(url, db):
    with pytest.raises(AddressRefused):
        shop_for_address(url)


def test_a_name_in_another_script_has_a_slug(db):
    shop = shop_for_address("https://商店.example/")
    assert shop.slug.startswith("xn-")
    assert Shop.objects.get(slug=shop.slug) == shop
