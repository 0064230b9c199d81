"""A shop's rates: history for everybody, and what another rate would have cost."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from django.utils import timezone

from commerce.actions.commissions import reject, sync_commission
from commerce.actions.studio import set_rate
from commerce.models import Commission, CommissionShare, Network, OrderLine, RateCard
from commerce.months import CalendarMonth
from commerce.rate_history import RateSpan, spans_of
from commerce.rate_trial import try_rate
from commerce.words import why_owed
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_shop,
    tell_line,
)

JAN, MAR, MAY, JUL = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5, 7))
NOW = datetime(2026, 9, 1, tzinfo=UTC)
LAST_MONTH = CalendarMonth.of(timezone.localdate()).earlier()


def card(rate_bp, since, until=None, *, product=False):
    scope = "product:7" if product else RateCard.WHOLE_PROGRAMME
    return RateCard(scope_key=scope, rate_bp=rate_bp, valid=_range(since, until))


def _range(since, until):
    return DateTimeTZRange(since, until)


# What held when ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "spans"),
    [
        ([], []),
        ([card(800, None)], [RateSpan(800, None)]),
        (
            [card(800, JAN, MAR), card(600, MAR)],
            [RateSpan(600, MAR), RateSpan(800, JAN, MAR)],
        ),
        # A product's own card goes before the shop's, and the shop's comes back.
        (
            [card(600, JAN), card(900, MAR, MAY, product=True)],
            [RateSpan(600, MAY), RateSpan(900, MAR, MAY), RateSpan(600, JAN, MAR)],
        ),
        # What changes nothing is no change.
        (
            [card(800, JAN, MAR), card(800, MAR), card(800, MAY, product=True)],
            [RateSpan(800, JAN)],
        ),
        # A time without a rate, and one that is only planned.
        (
            [card(800, JAN, MAR), card(700, MAY, JUL), card(500, NOW + timedelta(1))],
            [RateSpan(700, MAY, JUL), RateSpan(800, JAN, MAR)],
        ),
    ],
)
def test_the_history_is_what_was_promised_at_each_time(cards, spans):
    assert spans_of(cards, until=NOW) == spans


@pytest.mark.django_db
def test_everybody_reads_which_rate_a_product_paid_when(client, rita):
    programme = make_programme(shop=rita.shops.get(), rate_bp=800)
    product = make_product(programme.shop)
    make_link(programme=programme, product=product, beneficiary=None)
    set_rate(programme=programme, product=product, rate_bp=900)
    html = client.get(product.get_absolute_url()).content.decode()
    assert "Commission over time" in html
    assert "<b>9%</b>" in html
    assert "<b>8%</b>" in html


@pytest.mark.django_db
def test_a_product_that_earns_nothing_has_no_rates(client, rita):
    product = make_product(rita.shops.get())
    html = client.get(product.get_absolute_url()).content.decode()
    assert "Commission over time" not in html


# What it would have cost --------------------------------------------------------------


@pytest.fixture
def programme(rita):
    return make_programme(shop=rita.shops.get(), rate_bp=600)


@pytest.fixture
def link(programme, alice):
    product = make_product(programme.shop)
    pin = make_pin(make_board(alice), product=product)
    return make_link(programme=programme, pin=pin)


def order(link, *, at=LAST_MONTH.begins + timedelta(days=9), rate_bp=600, **fields):
    card = RateCard.objects.rate_for(link.programme, link.product)
    click = make_click(link, rate_bp=rate_bp, rate_card=card)
    line = make_line(link.programme, click=click, product=link.product, **fields)
    commission = sync_commission(line=line)
    OrderLine.objects.filter(pk=line.pk).update(created_at=at)
    return commission


def figures(trial):
    return (
        trial.orders,
        trial.cost_minor,
        trial.cost_then_minor,
        trial.pinners_minor,
        trial.pinners_then_minor,
    )


def test_a_higher_rate_is_priced_on_last_months_orders(programme, link):
    order(link, paid_minor=10_000)
    order(link, paid_minor=3_333)
    # 6 % then: 600 + 199; 8 %: 800 + 266; a first pin has 70 % of each, rounded down.
    trial = try_rate(programme, None, 800)
    assert figures(trial) == (2, 1_066, 799, 560 + 186, 420 + 139)
    assert trial.difference_minor == 267


def test_the_rate_of_today_costs_what_it_cost(programme, link, rosa):
    """The trial is the commissions' own arithmetic: refunds, returns, fees and all."""
    order(link)
    tell_line(order(link).line, refunded_minor=3_333)
    tell_line(order(link).line, status="invalid")
    reject(commission=order(link), by=rosa, reason="No")
    order(link, paid_minor=777, tech_fee_minor=5)
    OrderLine.objects.update(created_at=LAST_MONTH.begins)
    trial = try_rate(programme, None, 600)
    assert trial.cost_minor == trial.cost_then_minor > 0
    assert trial.pinners_minor == trial.pinners_then_minor > 0
    stored = Commission.objects.values_list("gross_minor", flat=True)
    assert trial.cost_then_minor == sum(stored)


def test_only_last_month_counts(programme, link):
    order(link, at=LAST_MONTH.begins - timedelta(seconds=1))
    order(link, at=LAST_MONTH.ends)
    assert try_rate(programme, None, 800).orders == 0
    order(link, at=LAST_MONTH.begins)
    order(link, at=LAST_MONTH.ends - timedelta(microseconds=1))
    assert try_rate(programme, None, 800).orders == 2


def test_products_with_a_rate_of_their_own_are_left_out_of_the_shops(programme, link):
    order(link)
    set_rate(programme=programme, product=link.product, rate_bp=900)
    order(link, rate_bp=900)
    assert figures(try_rate(programme, None, 800))[:3] == (1, 800, 600)
    assert figures(try_rate(programme, link.product, 1_000))[:3] == (2, 2_000, 1_500)


def test_an_order_without_a_click_is_priced_by_the_rate_at_its_time(
    programme, link, alice
):
    link.network_sub_id = "s1"
    link.save()
    line = make_line(programme, product=link.product, sub_id="s1")
    commission = sync_commission(line=line)
    assert commission.state == "estimated"
    OrderLine.objects.update(created_at=LAST_MONTH.begins)
    trial = try_rate(programme, None, 800)
    assert trial.cost_minor == 800


def test_a_shops_own_report_follows_its_promise_and_what_it_adds_stays(programme, link):
    order(link, gross_fee_minor=600)
    assert figures(try_rate(programme, None, 800))[:3] == (1, 800, 600)
    order(link, gross_fee_minor=1_500)  # more than any promise
    assert figures(try_rate(programme, None, 800))[:3] == (2, 2_300, 2_100)


def test_a_networks_report_is_not_moved_by_a_rate(programme, link):
    order(link, gross_fee_minor=550)
    Network.objects.update(adapter=Network.Adapter.TAOBAO)
    Commission.objects.update(gross_minor=550, net_minor=550)
    CommissionShare.objects.filter(role="platform").update(amount_minor=130)
    trial = try_rate(programme, None, 800)
    assert (trial.cost_minor, trial.cost_then_minor) == (550, 550)


def test_a_large_month_is_told_by_its_last_lines(programme, link):
    for day in range(3):
        at = LAST_MONTH.begins + timedelta(day)
        order(link, paid_minor=10_000 * (day + 1), at=at)
    assert not try_rate(programme, None, 800, most_lines=3).is_sample
    trial = try_rate(programme, None, 800, most_lines=2)
    assert (trial.orders, trial.is_sample) == (2, True)
    assert trial.cost_minor == 4_000


# On the pages -------------------------------------------------------------------------

RATES = "/studio/rates/"


def test_rates_ask_who_reads_and_lead_to_opening_a_shop(client, alice):
    assert client.get(RATES)["Location"].startswith("/accounts/login/")
    client.force_login(alice)
    assert client.get(RATES)["Location"] == "/studio/shop/new/"
    assert client.post(RATES, {"rate": "8"})["Location"] == "/studio/shop/new/"


def test_trying_writes_nothing(client, programme, link, rita):
    order(link)
    client.force_login(rita)
    answer = client.get(RATES, {"rate": "8"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "1 order would have cost <b>¥8.00</b> instead of ¥6.00." in html
    assert "Pinners would have had <b>¥5.60</b> of it instead of ¥4.20." in html
    assert RateCard.objects.get().rate_bp == 600
    assert Commission.objects.get().gross_minor == 600


def test_a_rate_is_set_for_the_shop_and_for_one_product(client, programme, link, rita):
    client.force_login(rita)
    assert client.post(RATES, {"rate": "8.5"}).status_code == 302
    assert RateCard.objects.rate_for(programme, None).rate_bp == 850
    client.post(RATES, {"rate": "9", "product": link.product_id})
    assert RateCard.objects.rate_for(programme, None).rate_bp == 850
    assert RateCard.objects.rate_for(programme, link.product).rate_bp == 900
    html = client.get(RATES).content.decode()
    for rate in ("6%", "8.5%", "9%"):
        assert f"<b>{rate}</b>" in html


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("5", "The lowest rate is 6%."),
        ("11", "The highest rate is 10%."),
        ("eight", "Write the rate like 8 or 8.5."),
        ("", "This field is required."),
        ("8" * 7, "at most 6 characters"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_rate_that_cannot_be_is_422_and_stays_in_the_field(
    client, programme, rita, rate, said, method
):
    client.force_login(rita)
    answer = getattr(client, method)(RATES, {"rate": rate})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert 'class="err error"' in html
    assert f'value="{rate}"' in html or not rate
    assert RateCard.objects.count() == 1


@pytest.mark.parametrize("product", ["0", "x", "٣", "9" * 30, "-1"])
def test_a_product_that_is_no_product_is_not_found(client, programme, rita, product):
    client.force_login(rita)
    assert client.get(RATES, {"product": product}).status_code == 404


def test_nobody_sets_or_tries_the_rate_of_anothers_product(client, programme, rita):
    other = make_product(make_shop(name="Other"))
    client.force_login(rita)
    asked = {"rate": "8", "product": other.pk}
    assert client.get(RATES, asked).status_code == 404
    assert client.post(RATES, asked).status_code == 404
    assert not RateCard.objects.filter(product=other).exists()


def test_a_shop_without_a_programme_is_told_so(client, rita):
    client.force_login(rita)
    answer = client.get(RATES, {"rate": "8"})
    assert answer.status_code == 200
    assert "No programme yet" in answer.content.decode()


def test_the_product_form_leads_to_trying_its_rate(client, programme, link, rita):
    client.force_login(rita)
    edit = reverse("commerce:studio-product-edit", args=[link.product_id])
    assert f"{RATES}?product={link.product_id}" in client.get(edit).content.decode()


@pytest.mark.parametrize("count", [1, 20])
def test_trying_asks_the_same_number_of_questions_at_any_length(
    client, programme, link, rita, count, django_assert_max_num_queries
):
    for _ in range(count):
        order(link)
    client.force_login(rita)
    with django_assert_max_num_queries(16):
        answer = client.get(RATES, {"rate": "8"})
    assert answer.context["trial"].orders == count


# What a shop owes and why -------------------------------------------------------------


def test_each_order_says_who_pinned_and_how_its_commission_comes_about(
    client, programme, link, rita
):
    order(link)
    tell_line(order(link).line, refunded_minor=2_500)
    order(link, gross_fee_minor=1_500)
    client.force_login(rita)
    html = client.get("/studio/orders/").content.decode()
    assert "alice" in html
    assert "6% of ¥100<" in html
    assert "6% of ¥100, less returns" in html
    assert "15% of ¥100<" in html
    assert "<dd>¥25.50</dd>" in html  # on its way: 6.00 + 4.50 + 15.00


@pytest.mark.django_db
def test_a_figure_that_no_rate_gives_is_told_as_reported():
    commission = Commission(
        state="estimated",
        currency="CNY",
        base_minor=333,
        rate_bp=1_501,
        full_gross_minor=50,
        gross_minor=50,
    )
    assert why_owed(commission) == "¥0.50 as reported"


def test_a_copys_first_pinner_is_not_named_to_the_shop(
    client, programme, alice, bob, rita
):
    pin = make_pin(
        make_board(bob), product=make_product(programme.shop), origin_pinner=alice
    )
    order(make_link(programme=programme, pin=pin))
    client.force_login(rita)
    html = client.get("/studio/orders/").content.decode()
    assert "bob" in html
    assert "alice" not in html


@pytest.mark.parametrize("count", [1, 20])
def test_orders_ask_the_same_number_of_questions_at_any_length(
    client, programme, link, rita, count, django_assert_max_num_queries
):
    for _ in range(count):
        order(link)
    client.force_login(rita)
    with django_assert_max_num_queries(12):
        answer = client.get("/studio/orders/")
    assert len(answer.context["orders"]) == count
