"""The page that explains the terms, in the figures that decide."""

import re

import pytest
from django.utils import timezone

from commerce.how_it_works import site_terms
from commerce.models import SplitRule
from tests.factories import (
    make_board,
    make_link,
    make_pin,
    make_product,
    make_programme,
)

PAGE = "/how-it-works/"


def words_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_everybody_reads_it(client, alice):
    signed_out = client.get(PAGE)
    assert signed_out.status_code == 200
    client.force_login(alice)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE).status_code == 405


def test_caches_keep_it_for_those_who_are_signed_out_alone(client, alice):
    signed_out = client.get(PAGE)
    assert "public" in signed_out.headers["Cache-Control"]
    assert "Cookie" in signed_out.headers["Vary"]
    assert "Accept-Language" in signed_out.headers["Vary"]
    assert "Set-Cookie" not in signed_out.headers
    assert not signed_out.cookies
    client.force_login(alice)
    assert "public" not in client.get(PAGE).headers["Cache-Control"]


def test_the_split_is_that_of_the_rule_in_force(client, db):
    rule = SplitRule.objects.valid_at(timezone.now())
    assert [part.bp for part in site_terms().split] == [6000, 1000, 3000]
    SplitRule.objects.filter(pk=rule.pk).update(pinner_bp=5550, originator_bp=450)
    html = words_of(client.get(PAGE).content.decode())
    assert "You, the pinner 55.5% ¥8.88" in html
    assert "Who pinned it first 4.5% ¥0.72" in html
    assert "Pinboard 40% ¥6.40" in html
    assert "both parts: 60%" in html


def test_the_parts_of_the_example_sum_to_its_commission(db):
    terms = site_terms()
    assert sum(part.amount_minor for part in terms.split) == terms.example_minor
    assert sum(part.bp for part in terms.split) == 10_000


def test_days_and_rates_are_those_of_the_programmes_that_run(client, db):
    make_programme(window_days=7, hold_days=20, min_rate_bp=300)
    make_programme(window_days=30, hold_days=20, max_rate_bp=1250)
    make_programme(window_days=90, hold_days=99, is_active=False)
    html = words_of(client.get(PAGE).content.decode())
    assert "usually 3% to 12.5% of the price" in html
    assert "within 7 to 30 days" in html
    assert "20 days after it was received" in html
    assert "99" not in html


def test_without_programmes_it_says_what_a_new_one_has(client, settings, db):
    settings.HOLD_DAYS = 1
    settings.PAYOUT_MINIMUM_MINOR = 2_550
    html = words_of(client.get(PAGE).content.decode())
    assert "usually 6% to 10% of the price" in html
    assert "within 15 days" in html
    assert "1 day after it was received" in html
    assert "from ¥25.50 on" in html
    assert "for 60 days you can claim it" in html


def test_it_asks_two_questions_however_many_programmes_there_are(
    db, django_assert_num_queries
):
    for _ in range(20):
        make_programme()
    with django_assert_num_queries(2):
        site_terms()


@pytest.mark.parametrize("page", ["/", "/explore/", "/shops/", "/earnings/"])
def test_pages_lead_there(client, alice, page):
    client.force_login(alice)
    assert f'href="{PAGE}"' in client.get(page).content.decode()


def test_the_disclosure_leads_there(client, alice):
    pin = make_pin(make_board(alice), product=make_product())
    make_link(programme=make_programme(), pin=pin)
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    sentence = re.search(r'<p class="disclosure">.*?</p>', html, re.DOTALL)
    assert sentence
    assert f'href="{PAGE}"' in sentence[0]


def test_it_shows_the_mark_and_earns_nothing_itself(client, db):
    html = client.get(PAGE).content.decode()
    assert "<small>commission link</small>" in html
    assert "/go/" not in html
