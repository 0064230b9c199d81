from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from commerce.models import TrackingLink
from pinboard.models import PricePoint
from tests.factories import (
    make_board,
    make_link,
    make_pin,
    make_product,
    make_programme,
)


def render(source, **context):
    return Template("{% load commerce %}" + source).render(Context(context))


def pill(pin):
    source = "{% buy_links pins as links %}{% buy_button pin links %}"
    return render(source, pin=pin, pins=[pin])


def box(pin):
    return render("{% buy_box pin %}", pin=pin)


@pytest.fixture
def pin(alice):
    product = make_product(price_minor=26900)
    return make_pin(make_board(alice), product=product, title="Tulle skirt")


@pytest.fixture
def link(pin):
    return make_link(programme=make_programme(), pin=pin)


def see_prices(product, *prices):
    """Price points, the first so many days ago that the last is of today."""
    today = timezone.localdate()
    for age, price in enumerate(reversed(prices)):
        PricePoint.objects.create(
            product=product,
            day=today - timedelta(days=age),
            price_minor=price,
            currency="CNY",
        )


def test_the_pill_says_price_and_label_and_leads_through_go(pin, link):
    html = pill(pin)
    assert f'href="/go/{link.token}/"' in html
    assert 'rel="sponsored nofollow noopener"' in html
    assert "Buy ¥269<small>commission link</small>" in html
    assert "Tulle skirt, opens the shop in a new tab" in html


def test_without_a_programme_the_pill_is_a_plain_link_of_its_finder(pin):
    html = pill(pin)
    assert "Visit shop" in html
    assert 'rel="ugc nofollow noopener"' in html
    assert "/go/" not in html
    assert "commission" not in html


def test_a_programme_that_is_switched_off_makes_the_link_plain_again(pin, link):
    link.programme.is_active = False
    link.programme.save()
    assert "/go/" not in pill(pin)
    assert "/go/" not in box(pin)


def test_a_disabled_link_is_not_shown(pin, link):
    TrackingLink.objects.update(disabled_at=timezone.now())
    assert "/go/" not in pill(pin)


def test_a_link_to_another_product_than_the_pin_shows_is_not_shown(pin, link):
    pin.product = make_product()
    pin.save()
    assert "/go/" not in pill(pin)


def test_what_is_sold_out_has_no_buy(pin, link):
    pin.product.availability = "sold_out"
    pin.product.save()
    assert pill(pin).strip() == ""
    assert "/go/" not in box(pin)
    assert "Sold out" in box(pin)


def test_a_pin_without_a_product_shows_nothing(alice):
    pin = make_pin(make_board(alice))
    assert pill(pin).strip() == ""
    assert box(pin).strip() == ""


def test_a_script_for_an_address_is_never_a_link(pin):
    pin.product.url = "javascript:alert(1)"
    pin.product.save()
    assert "javascript:" not in pill(pin)
    assert "javascript:" not in box(pin)


def test_titles_and_names_are_escaped(pin, link, alice):
    pin.title = alice.display_name = "<script>x</script>"
    pin.save()
    alice.save()
    assert "<script>" not in pill(pin)
    assert "<script>" not in box(pin)


@pytest.mark.parametrize("count", [1, 20])
def test_a_page_of_pins_asks_once_for_its_links(
    alice, count, django_assert_num_queries
):
    board, programme = make_board(alice), make_programme()
    pins = [make_pin(board, product=make_product()) for _ in range(count)]
    for pin in pins:
        make_link(programme=programme, pin=pin)
    source = "{% buy_links pins as links %}"
    source += "{% for pin in pins %}{% buy_button pin links %}{% endfor %}"
    with django_assert_num_queries(1):
        html = render(source, pins=pins)
    assert html.count("/go/") == count


def test_pins_without_products_ask_nothing(alice, django_assert_num_queries):
    pin = make_pin(make_board(alice))
    with django_assert_num_queries(0):
        pill(pin)


def test_the_box_says_shop_domain_disclosure_and_the_way_around(pin, link):
    html = box(pin)
    assert f"Buy at {pin.product.shop.name}" in html
    assert "shared by Pinboard and alice" in html
    assert "<b>shop.example</b>" in html
    assert "Go without referral" in html
    assert f'href="{pin.product.url}"' in html


def test_a_price_of_four_days_ago_asks_to_check_it(pin, link):
    pin.product.price_at = timezone.now() - timedelta(days=4)
    pin.product.save()
    assert "check price" in box(pin)
    pin.product.price_at = timezone.now() - timedelta(days=2)
    pin.product.save()
    assert "check price" not in box(pin)


def test_a_fallen_price_shows_what_it_was_and_that_it_is_the_lowest(pin, link):
    see_prices(pin.product, 35000, 28900, 28900, 21900)
    pin.product.price_minor = 21900
    html = box(pin)
    assert "¥289" in html
    assert "24%" in html
    assert "lowest in 90 days" in html
    assert "Highest ¥350, lowest ¥219, now ¥219." in html


def test_a_risen_price_claims_no_former_price(pin, link):
    see_prices(pin.product, 21900, 26900)
    html = box(pin)
    assert 'class="was"' not in html
    assert "lowest in 90 days" not in html


def test_a_price_seen_once_has_no_history(pin, link):
    see_prices(pin.product, 26900)
    assert '<svg viewBox="0 0 360 72"' not in box(pin)


def test_a_price_in_another_currency_is_no_former_price(pin, link):
    see_prices(pin.product, 99900, 26900)
    pin.product.price_points.filter(price_minor=99900).update(currency="USD")
    assert 'class="was"' not in box(pin)


def test_a_price_of_last_year_is_no_former_price(pin, link):
    today = timezone.localdate()
    for age, price in ((200, 50000), (150, 26900), (10, 26900), (0, 26900)):
        PricePoint.objects.create(
            product=pin.product,
            day=today - timedelta(days=age),
            price_minor=price,
            currency="CNY",
        )
    assert 'class="was"' not in box(pin)


def test_a_products_own_page_has_the_sites_link_and_no_pinners(pin, link):
    site = make_link(programme=link.programme, product=pin.product)
    html = render("{% product_buy product %}", product=pin.product)
    assert f"/go/{site.token}/" in html
    assert link.token not in html
    assert "alice" not in html


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (21900, "CNY", "¥219"),
        (1899, "USD", "$18.99"),
        (9631000, "CNY", "¥96,310"),
        (1500, "JPY", "JP¥1,500"),
        (5, "EUR", "€0.05"),
        (-150, "CNY", "−¥1.50"),
        (1200, "CHF", "CHF 12"),
        (0, "CNY", "¥0"),
        (None, "", ""),
    ],
)
def test_money_is_written_as_people_read_it(minor, currency, words):
    assert render("{{ m|money:c }}", m=minor, c=currency) == words


def test_commissions_keep_their_decimals():
    assert render("{{ m|commission:'CNY' }}", m=800) == "¥8.00"


def test_a_price_that_never_moved_is_told_in_words(pin, link):
    see_prices(pin.product, 26900, 26900)
    html = box(pin)
    assert "¥269 since" in html
    assert '<svg viewBox="0 0 360 72"' not in html


def test_the_box_names_the_port_of_where_it_leads(pin, link):
    pin.product.url = "http://127.0.0.1:8001/items/1"
    pin.product.save()
    assert "<b>127.0.0.1:8001</b>" in box(pin)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8001/item/7", "127.0.0.1:8001"),
        ("https://shop.example:443/item/7", "shop.example"),
        ("https://shop.example/item/7", "shop.example"),
    ],
)
def test_the_box_says_which_host_and_port_it_leads_to(pin, url, host):
    pin.product.url = url
    assert f"Leads to <b>{host}</b>" in box(pin)
