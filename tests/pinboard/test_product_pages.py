from datetime import timedelta

import pytest
from django.utils import timezone

from pinboard.models import PricePoint, Visibility
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_point,
    make_product,
    make_shop,
)


def page_of(client, product):
    return client.get(product.get_absolute_url())


def test_a_product_shows_its_price_shop_and_picture(client, db):
    product = make_product(
        make_shop(name="Qiao"), title="Ivory coat", picture=make_picture()
    )
    html = page_of(client, product).content.decode()
    assert "Ivory coat" in html
    assert "¥199" in html
    assert "Qiao" in html
    assert 'alt="Ivory coat"' in html
    assert html.count("<h1") == 1


def test_without_a_programme_there_is_a_plain_way_to_the_shop(client, db):
    html = page_of(client, make_product()).content.decode()
    assert "Visit shop" in html
    assert 'rel="ugc nofollow noopener"' in html
    assert "/go/" not in html


def test_the_price_history_is_a_picture_with_a_sentence(client, db):
    product = make_product(price_minor=21900)
    today = timezone.localdate()
    for days, minor in ((60, 28900), (30, 25900), (1, 21900)):
        PricePoint.objects.create(
            product=product,
            day=today - timedelta(days=days),
            price_minor=minor,
            currency="CNY",
        )
    html = page_of(client, product).content.decode()
    assert 'role="img"' in html
    assert "Highest ¥289, lowest ¥219, now ¥219" in html


def test_other_offers_are_joined_by_the_article_number(client, db):
    product = make_product(gtin="4006381333931")
    other = make_product(make_shop(name="Cheaper"), gtin="4006381333931")
    make_product(make_shop(name="Unrelated"))
    html = page_of(client, product).content.decode()
    assert f'href="/products/{other.pk}/"' in html
    assert "Cheaper" in html
    assert "Unrelated" not in html


def test_what_was_pinned_of_it_by_people_who_show_it(client, alice, bob):
    product = make_product()
    seen = make_pin(make_board(alice), product=product)
    make_pin(make_board(bob, visibility=Visibility.SECRET), product=product)
    assert page_of(client, product).context["pins"] == [seen]


def test_pictures_that_show_it_among_others_are_there_as_well(client, alice, bob):
    product = make_product()
    own = make_pin(make_board(alice), product=product)
    room = make_pin(own.board)
    for pin in (own, room, make_pin(make_board(bob, visibility=Visibility.SECRET))):
        make_point(pin, product)
    make_point(make_pin(own.board))
    assert page_of(client, product).context["pins"] == [room, own]


def test_a_removed_or_unknown_product_is_not_found(client, db):
    assert page_of(client, make_product(removed_at=timezone.now())).status_code == 404
    assert client.get(f"/products/{10**30}/").status_code == 404


@pytest.mark.parametrize("rows", [1, 20])
def test_the_page_costs_the_same_for_one_and_for_twenty_pins(
    client, alice, rows, django_assert_num_queries
):
    product = make_product()
    board = make_board(alice)
    for _ in range(rows):
        make_pin(board, product=product)
    # product, offers, site's link, price points, pins, their links
    with django_assert_num_queries(6):
        page_of(client, product)
