import re
from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from commerce.disclosure import disclosure_of
from commerce.models import RateCard, TrackingLink
from tests.factories import (
    LONG_AGO,
    make_board,
    make_link,
    make_pin,
    make_product,
    make_programme,
)


def sentence(link):
    return disclosure_of(TrackingLink.objects.with_terms().get(pk=link.pk))


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), product=make_product())


def test_it_names_the_rate_and_who_shares_it(pin, alice):
    alice.display_name = "Maya"
    alice.save()
    link = make_link(programme=make_programme(rate_bp=800), pin=pin)
    assert sentence(link) == (
        "The shop pays an 8% commission, shared by Pinboard and Maya. "
        "Your price stays the same."
    )


@pytest.mark.parametrize(
    ("rate_bp", "words"),
    [(600, "a 6% "), (850, "an 8.5% "), (825, "an 8.25% "), (1100, "an 11% ")],
)
def test_the_rate_is_written_as_people_say_it(pin, rate_bp, words):
    link = make_link(programme=make_programme(rate_bp=rate_bp), pin=pin)
    assert f"pays {words}commission" in sentence(link)


def test_it_names_the_original_pinner_too(pin, bob):
    link = make_link(programme=make_programme(), pin=pin, originator=bob)
    assert "shared by Pinboard, alice and bob." in sentence(link)


def test_a_link_of_the_site_names_the_site_alone(db):
    link = make_link(programme=make_programme(rate_bp=700), product=make_product())
    assert sentence(link) == (
        "The shop pays a 7% commission to Pinboard. Your price stays the same."
    )


def test_the_shops_own_account_is_not_said_to_earn(rita):
    shop = rita.shops.get()
    pin = make_pin(make_board(rita), product=make_product(shop))
    link = make_link(programme=make_programme(shop=shop), pin=pin)
    assert "to Pinboard." in sentence(link)
    assert "rita" not in sentence(link)


def test_a_products_own_rate_is_named_instead_of_the_programmes(pin):
    programme = make_programme(rate_bp=800)
    RateCard.objects.create(
        programme=programme,
        product=pin.product,
        scope_key=RateCard.key_of(pin.product),
        rate_bp=1000,
        valid=(LONG_AGO, None),
    )
    assert "a 10% commission" in sentence(make_link(programme=programme, pin=pin))


def test_a_rate_that_is_over_is_not_named(pin):
    programme = make_programme(rate_bp=800)
    now = timezone.now()
    programme.rate_cards.update(valid=(LONG_AGO, now - timedelta(minutes=1)))
    assert "pays a commission," in sentence(make_link(programme=programme, pin=pin))


def test_a_name_with_a_percent_sign_is_only_a_name(pin, alice):
    alice.display_name = "100%s %(name)s"
    alice.save()
    link = make_link(programme=make_programme(), pin=pin)
    assert "Pinboard and 100%s %(name)s." in sentence(link)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "tag", ["buy_button", "buy_bar", "buy_box", "product_buy", "gift_buy"]
)
def test_no_earning_link_is_rendered_without_its_label(pin, tag, language):
    programme = make_programme()
    make_link(programme=programme, pin=pin)
    make_link(programme=programme, product=pin.product)
    arguments = {
        "buy_button": "pin links",
        "buy_bar": "pin links",
        "buy_box": "pin",
        "product_buy": "pin.product",
        "gift_buy": "pin.product gifts",
    }[tag]
    source = "{% load commerce %}{% buy_links pins as links %}"
    source += "{% gift_links products as gifts %}"
    source += f"{{% {tag} {arguments} %}}"
    shown = {"pin": pin, "pins": [pin], "products": [pin.product]}
    with translation.override(language):
        html = Template(source).render(Context(shown))
        label = translation.gettext("commission link")
    anchors = re.findall(r"<a [^>]*?/go/.*?</a>", html, re.DOTALL)
    assert len(anchors) == 1
    assert f"<small>{label}</small>" in anchors[0]
    assert 'rel="sponsored nofollow noopener"' in anchors[0]
    if tag in ("buy_box", "product_buy", "gift_buy"):
        assert '<p class="disclosure">' in html
