"""Each product in a picture has a link of its own, and the pin's owner earns."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from commerce.actions.links import (
    ensure_links,
    ensure_site_link,
    link_pins,
    link_saved,
)
from commerce.models import (
    Attribution,
    Click,
    CommissionShare,
    Network,
    Programme,
    TrackingLink,
)
from pinboard.actions.gift_lists import set_gift_list
from pinboard.actions.pins import save_pin
from pinboard.actions.points import add_point, remove_point
from pinboard.actions.products import upsert_product
from pinboard.models import BoardMember
from tests.commerce.till import Till, make_signing_programme
from tests.factories import (
    make_board,
    make_click,
    make_link,
    make_pin,
    make_point,
    make_product,
    make_programme,
    make_shop,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    return make_shop()


@pytest.fixture
def programme(shop):
    return make_programme(shop=shop)


@pytest.fixture
def pin(alice, shop):
    return make_pin(make_board(alice), product=make_product(shop))


def live(pin, product):
    return TrackingLink.objects.get(pin=pin, product=product, disabled_at=None)


def test_a_product_that_is_put_into_the_picture_can_be_bought(
    programme, pin, shop, alice
):
    lamp = make_product(shop)
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    link = live(pin, lamp)
    assert link.beneficiary == alice
    assert link.beneficiary_is_originator
    assert link.destination_url == lamp.url
    assert live(pin, pin.product).token != link.token
    assert TrackingLink.objects.filter(pin=None, product=lamp).count() == 1


def test_whoever_put_it_there_the_pins_owner_earns(programme, pin, shop, alice, bob):
    BoardMember.objects.create(
        board=pin.board, user=bob, role="editor", accepted_at=timezone.now()
    )
    lamp = make_product(shop)
    add_point(pin=pin, product=lamp, x=1, y=1, by=bob)
    link = live(pin, lamp)
    assert (link.beneficiary, link.originator) == (alice, None)
    human = Client(headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"})
    answer = human.get(f"/go/{link.token}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(lamp.url)
    click = Click.objects.get()
    assert (click.link, click.beneficiary, click.is_qualified) == (link, alice, True)


def test_a_copy_shares_with_who_found_the_product(programme, pin, shop, alice, bob):
    lamp, own = make_product(shop), make_product(shop)
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    add_point(pin=copy, product=own, x=1, y=1, by=bob)
    shared, his = live(copy, lamp), live(copy, own)
    assert (shared.beneficiary, shared.originator) == (bob, alice)
    assert not shared.beneficiary_is_originator
    assert (his.beneficiary, his.originator) == (bob, None)
    assert his.beneficiary_is_originator


def test_ones_own_product_saved_back_is_ones_own(programme, pin, shop, alice, bob):
    lamp = make_product(shop)
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    back = save_pin(pin=copy, board=make_board(alice), by=alice)
    link = live(back, lamp)
    assert (link.beneficiary, link.originator) == (alice, None)
    assert link.beneficiary_is_originator


def test_a_product_that_is_taken_off_leaves_its_link_switched_off(
    programme, pin, shop, alice
):
    point = add_point(pin=pin, product=make_product(shop), x=1, y=1, by=alice)
    main = live(pin, pin.product)
    link = live(pin, point.product)
    remove_point(point=point, by=alice)
    link.refresh_from_db()
    main.refresh_from_db()
    assert link.disabled_at
    assert main.disabled_at is None


def test_the_pins_own_product_at_a_point_has_one_link(programme, pin, alice):
    ensure_links(pin=pin)
    add_point(pin=pin, product=pin.product, x=1, y=1, by=alice)
    assert TrackingLink.objects.filter(pin=pin).count() == 1


def test_a_product_that_no_programme_covers_leaves_the_others_alone(
    programme, pin, alice
):
    elsewhere = make_product(url="https://else.example/1", url_key="e")
    add_point(pin=pin, product=elsewhere, x=1, y=1, by=alice)
    assert [link.product for link in ensure_links(pin=pin)] == [pin.product]


def test_a_link_rests_with_its_programme_and_wakes_with_it(programme, alice, shop):
    pin = make_pin(make_board(alice))
    point = add_point(pin=pin, product=make_product(shop), x=1, y=1, by=alice)
    link = live(pin, point.product)
    Programme.objects.update(is_active=False)
    assert ensure_links(pin=pin) == []
    Programme.objects.update(is_active=True)
    assert ensure_links(pin=pin) == [link]


def test_a_new_programme_reaches_what_stands_in_pictures(alice, shop):
    pin = make_pin(make_board(alice))
    point = make_point(pin, make_product(shop))
    link_pins(programme=make_programme(shop=shop))
    assert live(pin, point.product)
    assert TrackingLink.objects.filter(pin=None, product=point.product).exists()


def test_links_in_pictures_follow_a_product_whose_page_moved(programme, shop, alice):
    said = {"shop": shop, "title": "Lamp", "sku": "L-1"}
    lamp, _ = upsert_product(url="https://shop.example/old", **said)
    pin = make_pin(make_board(alice))
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    upsert_product(url="https://shop.example/new", **said)
    assert live(pin, lamp).destination_url == "https://shop.example/new"


def test_pins_that_were_saved_many_at_once_get_the_links_of_their_points(
    programme, shop, alice
):
    pin = make_pin(make_board(alice))
    point = make_point(pin, make_product(shop))
    link_saved([pin.pk])
    assert live(pin, point.product)


def test_the_number_that_a_network_returns_belongs_to_one_product(
    programme, pin, shop, alice
):
    Network.objects.update(adapter=Network.Adapter.TAOBAO)
    add_point(pin=pin, product=make_product(shop), x=1, y=1, by=alice)
    numbers = {link.network_sub_id for link in ensure_links(pin=pin)}
    assert len(numbers) == 2
    assert all(number.isdigit() for number in numbers)


@pytest.mark.parametrize(
    ("whose", "shares"),
    [
        ("found", {"pinner": 6000, "originator": 1000, "platform": 3000}),
        ("own", {"pinner": 7000, "platform": 3000}),
    ],
)
def test_a_sale_is_whose_product_was_pressed(shop, alice, bob, whose, shares):
    """Of two products in bob's copy one was found by alice, the other by him."""
    programme = make_signing_programme(shop=shop, rate_bp=1000)
    pin, lamp, own = make_pin(make_board(alice)), make_product(shop), make_product(shop)
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    add_point(pin=copy, product=own, x=1, y=1, by=bob)
    moment = timezone.now() - timedelta(hours=1)
    links = {"found": live(copy, lamp), "own": live(copy, own)}
    clicks = {
        name: make_click(link, rate_bp=1000, occurred_at=moment)
        for name, link in links.items()
    }
    till = Till(programme, clicks[whose])
    assert till.send(till.order()).status_code == 200
    assert Attribution.objects.get().click == clicks[whose]
    paid = CommissionShare.objects.values_list("role", "amount_minor")
    assert dict(paid) == shares


# The page -----------------------------------------------------------------------------


@pytest.fixture
def room(alice, bob, programme, shop):
    """A pin of three products: one with a link, one that no programme covers, one sold
    out."""
    pin = make_pin(make_board(alice), title="A room")
    lamp = make_product(shop, title="Lamp")
    rug = make_product(title="Rug", url="https://else.example/rug", url_key="rug")
    vase = make_product(shop, title="Vase", availability="sold_out")
    for product in (lamp, rug, vase):
        make_point(pin, product)
    for product in (lamp, vase):
        make_link(programme=programme, pin=pin, product=product)
    return pin


def rows_of(html):
    part = html.partition('class="pointed"')[2].partition("</section>")[0]
    return part.split("<li>")[1:]


def test_each_product_of_the_list_has_its_own_link(room, client):
    html = client.get(room.get_absolute_url()).content.decode()
    lamp, rug, vase = rows_of(html)
    token = live(room, room.points.first().product).token
    assert f'href="/go/{token}/"' in lamp
    assert "commission link" in lamp
    assert "Qiao Studio" in lamp
    assert "¥199" in lamp
    assert 'href="https://else.example/rug"' in rug
    assert 'rel="ugc nofollow noopener"' in rug
    assert "Visit shop" in rug
    assert "/go/" not in vase
    assert "Sold out" in vase


def test_a_sentence_that_all_links_share_stands_once_below_the_list(
    room, client, programme, shop
):
    html = client.get(room.get_absolute_url()).content.decode()
    section = html.partition('class="pointed"')[2].partition("</section>")[0]
    assert section.count("shared by Pinboard and alice") == 1
    other = make_programme(rate_bp=500)
    point = make_point(room)
    make_link(programme=other, pin=room, product=point.product)
    html = client.get(room.get_absolute_url()).content.decode()
    section = html.partition('class="pointed"')[2].partition("</section>")[0]
    assert "an 8% commission" in section
    assert "a 5% commission" in section


def test_what_stands_in_a_picture_of_a_wish_list_is_bought_by_the_sites_links(
    room, client, shop, alice
):
    """Orders by a link of alice's would tell her of gifts before the day."""
    lamp = room.points.first().product
    site = ensure_site_link(product=lamp)
    assert f"/go/{live(room, lamp).token}/" in client.get(f"/pins/{room.pk}/").text
    day = timezone.localdate() + timedelta(days=9)
    set_gift_list(board=room.board, by=alice, occasion="Birthday", reveal_on=day)
    html = client.get(f"/pins/{room.pk}/").text
    assert set(re.findall("/go/([a-z2-7]+)/", html)) == {site.token}


def test_the_numbers_stand_where_the_points_are(room, client):
    html = client.get(room.get_absolute_url()).content.decode()
    for point in room.points.all():
        assert f'style="--x:{point.x};--y:{point.y}"' in html
    assert html.count('class="spot"') == 3


def test_what_its_shop_took_out_of_its_range_is_shown_no_more(room, client):
    product = room.points.first().product
    product.removed_at = timezone.now()
    product.save()
    html = client.get(room.get_absolute_url()).content.decode()
    assert "Lamp" not in html
    assert len(rows_of(html)) == 2


@pytest.mark.parametrize("count", [1, 12])
def test_a_page_asks_the_same_for_one_product_and_for_twelve(
    alice, programme, shop, count, client, django_assert_num_queries
):
    pin = make_pin(make_board(alice))
    for _ in range(count):
        point = make_point(pin, make_product(shop))
        make_link(programme=programme, pin=pin, product=point.product)
    make_pin(pin.board)
    client.get(pin.get_absolute_url())
    with django_assert_num_queries(PAGE_QUERIES):
        html = client.get(pin.get_absolute_url()).content.decode()
    assert len(rows_of(html)) == count


PAGE_QUERIES = 5
