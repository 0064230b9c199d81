"""What a card says of a price that fell: only of late, only what we saw ourselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pinboard.models import PricePoint
from tests.factories import make_board, make_pin, make_product

pytestmark = pytest.mark.django_db

FALL = "price drop </span>24%"


def see(product, *points, currency="CNY"):
    """Price points: days ago, and the price in minor units."""
    for days, price_minor in points:
        PricePoint.objects.create(
            product=product,
            day=timezone.localdate() - timedelta(days=days),
            price_minor=price_minor,
            currency=currency,
        )


@pytest.fixture
def product(alice):
    """Costs ¥219, and is pinned to a public board."""
    product = make_product(price_minor=21900)
    make_pin(make_board(alice), product=product)
    return product


def cards(client):
    return client.get("/explore/").content.decode()


@pytest.mark.parametrize(
    "points",
    [
        [(80, 28900), (30, 28900), (3, 21900)],
        [(80, 28900), (0, 21900)],  # held for long, and fell today
        [(80, 28900), (29, 21900), (5, 21900), (1, 21900)],
    ],
)
def test_a_fall_of_the_last_30_days_is_told_with_the_old_price(client, product, points):
    see(product, *points)

    page = cards(client)

    assert FALL in page
    assert "was </span>¥289" in page


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(80, 28900), (40, 21900), (1, 21900)],  # fell, but long ago
        [(80, 28900), (30, 21900)],  # the 30th day is the last that is long ago
        [(20, 19900), (3, 21900)],  # rose
        [(20, 28900), (10, 19900), (3, 21900)],  # fell far, and rose since
        [(20, 21900), (3, 21900)],
    ],
)
def test_other_histories_are_no_fall(client, product, points):
    see(product, *points)

    page = cards(client)

    assert "¥219" in page
    assert "price drop" not in page
    assert "was </span>" not in page


def test_prices_of_another_currency_are_not_compared(client, product):
    see(product, (10, 28900), currency="USD")
    assert "price drop" not in cards(client)


@pytest.mark.parametrize(
    "fields",
    [
        {"availability": "sold_out"},
        {"price_at": timezone.now() - timedelta(days=9)},
        {"removed_at": timezone.now()},
    ],
)
def test_a_price_that_nobody_can_count_on_did_not_fall(client, product, fields):
    see(product, (10, 28900), (3, 21900))
    type(product).objects.update(**fields)
    assert "price drop" not in cards(client)


@pytest.mark.parametrize("count", [1, 20])
def test_telling_falls_asks_no_query_more(
    client, alice, django_assert_num_queries, count
):
    board = make_board(alice)
    for _ in range(count):
        product = make_product(price_minor=21900)
        see(product, (10, 28900), (3, 21900))
        make_pin(board, product=product)
    client.get("/explore/")

    with django_assert_num_queries(2):
        page = cards(client)
    assert page.count(FALL) == count
