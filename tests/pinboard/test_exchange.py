"""From one currency to another, by dated rates and rounded once."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from pinboard.exchange import RATE_LIFE, Rates
from pinboard.models import ExchangeRate
from tests.factories import make_rate

pytestmark = pytest.mark.django_db


def about(minor, source, target):
    converted = Rates().sum({source: minor}, target)
    return None if converted.missing else converted.minor


@pytest.mark.parametrize(
    ("pair", "value", "minor", "about_minor"),
    [
        (("USD", "CNY"), "7.1234", 1899, 13527),  # 135.273366
        (("USD", "JPY"), "151.5", 1000, 1515),  # no decimals
        (("JPY", "USD"), "0.0066", 1500, 990),
        (("USD", "KRW"), "1384.55", 1001, 13859),  # 13859.3455
        (("USD", "JPY"), "150", 1, 2),  # half a yen goes up
    ],
)
def test_an_amount_is_converted_to_the_nearest_smallest_unit(
    pair, value, minor, about_minor
):
    make_rate(*pair, value)
    assert about(minor, *pair) == about_minor


def test_a_sum_is_rounded_once_and_not_currency_by_currency():
    make_rate("USD", "JPY", "0.4")
    make_rate("EUR", "JPY", "0.4")
    # 0.4 and 0.4 of a yen: each alone is nothing, together they are one.
    assert about(100, "USD", "JPY") == about(100, "EUR", "JPY") == 0
    assert Rates().sum({"USD": 100, "EUR": 100}, "JPY").minor == 1


def test_what_is_in_the_currency_already_needs_no_rate():
    converted = Rates().sum({"CNY": 100}, "CNY")
    assert (converted.minor, converted.rates) == (100, ())


def test_the_newest_rate_counts_and_one_of_tomorrow_not_yet():
    make_rate("USD", "CNY", "7", days_ago=5)
    newest = make_rate("USD", "CNY", "8", days_ago=1)
    make_rate("USD", "CNY", "9", days_ago=-1)
    converted = Rates().sum({"USD": 100}, "CNY")
    assert (converted.minor, converted.rates) == (800, (newest,))


def test_a_rate_older_than_a_month_is_none():
    make_rate("USD", "CNY", "7", days_ago=RATE_LIFE.days + 1)
    assert about(100, "USD", "CNY") is None
    make_rate("USD", "CNY", "7", days_ago=RATE_LIFE.days)
    assert about(100, "USD", "CNY") == 700


def test_the_other_way_round_serves_where_it_is_newer():
    make_rate("CNY", "USD", "0.2", days_ago=3)
    assert about(100, "USD", "CNY") == 500
    make_rate("USD", "CNY", "7", days_ago=1)
    assert about(100, "USD", "CNY") == 700


def test_two_currencies_meet_in_that_of_the_site_and_both_rates_are_named_once():
    dollar = make_rate("USD", "CNY", "7", days_ago=4)
    euro = make_rate("EUR", "CNY", "8", days_ago=1)
    converted = Rates().sum({"USD": 800, "CNY": 800}, "EUR")
    assert converted.minor == 800
    assert converted.rates == (dollar, euro)


def test_what_no_rate_leads_from_is_named():
    make_rate("USD", "CNY", "7")
    converted = Rates().sum({"USD": 100, "THB": 500, "CNY": 50}, "CNY")
    assert converted.missing == ("THB",)


def test_all_rates_are_one_question_and_none_where_nothing_is_converted(
    django_assert_num_queries,
):
    make_rate("USD", "CNY", "7")
    with django_assert_num_queries(1):
        Rates().sum({"USD": 1, "EUR": 1, "THB": 1}, "CNY")
    with django_assert_num_queries(0):
        Rates().sum({"CNY": 1}, "CNY")


@pytest.mark.parametrize(
    "wrong",
    [
        {"quote": "USD"},
        {"rate": Decimal(0)},
        {"rate": Decimal(-1)},
        {"base": "usd"},
        {"quote": "元"},
        {"source": ""},
    ],
)
def test_a_rate_that_makes_no_sense_is_refused_by_form_and_database(wrong):
    fields = {"base": "USD", "quote": "CNY", "rate": Decimal(7), "source": "A bank"}
    fields |= wrong
    row = ExchangeRate(day=timezone.localdate(), **fields)
    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_pair_has_one_rate_a_day():
    make_rate("USD", "CNY", "7")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rate("USD", "CNY", "8")


def test_administrators_keep_the_rates_in_the_admin(admin_client, settings):
    settings.STAFF_SECOND_FACTOR = False
    day = timezone.localdate()
    sent = {"base": "USD", "quote": "CNY", "rate": "7.12345678", "day": day}
    sent["source"] = "A bank"

    answer = admin_client.post("/admin/pinboard/exchangerate/add/", sent)

    assert answer.status_code == 302
    assert ExchangeRate.objects.get().rate == Decimal("7.12345678")
    page = admin_client.get("/admin/pinboard/exchangerate/").content.decode()
    assert "7.12345678" in page
    again = admin_client.post("/admin/pinboard/exchangerate/add/", sent)
    assert "This pair has a rate of this day already." in again.content.decode()


def test_reviewers_of_commissions_do_not_change_rates_unasked(client, settings, rosa):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    assert client.get("/admin/pinboard/exchangerate/add/").status_code == 403
    assert client.get("/admin/pinboard/exchangerate/").status_code == 403
