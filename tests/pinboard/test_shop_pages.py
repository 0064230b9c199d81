import re

import pytest
from django.utils import timezone

from pinboard.models import Follow, Visibility
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_product,
    make_shop,
)


def test_the_list_names_shops_that_sell_something(client, db):
    make_product(make_shop(name="Qiao Studio", slug="qiao"))
    make_shop(name="Empty")
    html = client.get("/shops/").content.decode()
    assert 'href="/shops/qiao/"' in html
    assert "Empty" not in html
    assert html.count("<h1") == 1


def test_an_empty_list_offers_something_to_do(client, db):
    assert "No shop yet" in client.get("/shops/").content.decode()


def test_a_shop_shows_its_catalogue_and_whether_its_domain_was_proved(client, rita):
    shop = make_shop(owner=rita, name="Qiao", host="qiao.example")
    product = make_product(shop, title="Ivory coat")
    make_product(shop, title="Withdrawn", removed_at=timezone.now())
    html = client.get(shop.get_absolute_url()).content.decode()
    assert f'href="/products/{product.pk}/"' in html
    assert "Ivory coat" in html
    assert "¥199" in html
    assert "Withdrawn" not in html
    assert "Verified" not in html
    assert "rita" in html
    shop.verified_at = timezone.now()
    shop.save()
    assert "Verified" in client.get(shop.get_absolute_url()).content.decode()


def test_an_unclaimed_shop_says_so(client, db):
    shop = make_shop()
    assert "not claimed yet" in client.get(shop.get_absolute_url()).content.decode()


def test_pins_of_what_a_shop_sells_stand_on_their_tab(client, alice, bob):
    shop = make_shop()
    seen = make_pin(make_board(alice), product=make_product(shop))
    make_pin(make_board(bob, visibility=Visibility.SECRET), product=make_product(shop))
    make_pin(make_board(bob))
    answer = client.get(shop.get_absolute_url() + "?tab=pins")
    assert answer.context["pins"] == [seen]


def test_a_secret_shop_board_is_not_linked(client, rita):
    board = make_board(rita, "Hush", visibility=Visibility.SECRET)
    shop = make_shop(owner=rita, board=board)
    assert "Hush" not in client.get(shop.get_absolute_url()).content.decode()


def test_following_a_shop_by_its_form(client, bob):
    shop = make_shop()
    client.force_login(bob)
    address = f"{shop.get_absolute_url()}follow/"
    answer = client.post(address, {"on": "1"})
    assert answer.headers["Location"] == shop.get_absolute_url()
    assert client.get(shop.get_absolute_url()).context["shop"].followed_by_viewer
    client.post(address, {"on": "0"})
    assert not Follow.objects.exists()
    client.logout()
    assert client.post(address).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("slug", ["no-such-shop", "9" * 40, "1'--"])
def test_an_unknown_shop_is_not_found(client, db, slug):
    assert client.get(f"/shops/{slug}/").status_code == 404


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize(("tab", "queries"), [("", 2), ("?tab=pins", 3)])
def test_a_shop_costs_the_same_for_one_and_for_twenty(
    client, alice, rows, tab, queries, django_assert_num_queries
):
    shop = make_shop()
    board = make_board(alice)
    for _ in range(rows):
        make_pin(board, product=make_product(shop))
    with django_assert_num_queries(queries):
        client.get(shop.get_absolute_url() + tab)


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_costs_two_queries(client, db, rows, django_assert_num_queries):
    for _ in range(rows):
        make_product(make_shop(), picture=make_picture())
    with django_assert_num_queries(2):
        client.get("/shops/")


def test_the_list_shows_what_each_shop_put_up_last(client, db):
    shop = make_shop()
    pictures = [make_picture() for _ in range(4)]
    for picture in pictures:
        make_product(shop, picture=picture)
    gone = make_product(shop, picture=make_picture(), removed_at=timezone.now())

    page = client.get("/shops/").content.decode()

    shown = re.findall(r'<img src="([^"]+)"', page)
    expected = [p.renditions[0].path for p in pictures[:0:-1]]
    assert [s.removeprefix("/media/") for s in shown] == expected
    assert gone.picture.renditions[0].path not in page


def test_an_unreadable_cursor_is_not_found(client, db):
    assert client.get("/shops/?cursor=x").status_code == 404
