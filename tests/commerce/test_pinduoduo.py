"""Pinduoduo DDK: its rows as they come, and the way from a click to a refund."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from commerce.actions.imports import Window, import_orders, read_past
from commerce.actions.links import ensure_links
from commerce.click_refs import click_ref_of
from commerce.exceptions import MalformedNotice, NetworkError
from commerce.models import Click, Discrepancy, Network, Observation, OrderLine
from commerce.models.link import new_click_id
from commerce.money import share_of
from commerce.networks.pinduoduo import PinduoduoAdapter, packed, unpacked
from tests.commerce.gateways import HOSTILE, KEY, SECRET, PddGateway, Refusal
from tests.factories import (
    make_board,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}

# Rows ---------------------------------------------------------------------------------

# An own row of the shape of real ones.
ROW = {
    "order_sn": "261124-367485000000007",
    "goods_id": 864621507,
    "goods_name": "Slippers",
    "goods_price": 990,
    "order_amount": 790,
    "order_create_time": 1795500000,
    "order_settle_time": None,
    "order_verify_time": None,
    "order_receive_time": None,
    "order_pay_time": 1795500006,
    "promotion_rate": 350,
    "promotion_amount": 276,
    "order_status": 1,
    "order_modify_at": 1795500010,
    "custom_parameters": "abcd",
    "p_id": "100001_10000001",
}


def read(**changes):
    return PinduoduoAdapter().read(ROW | changes)


def test_a_paid_row_is_read_as_it_is():
    report = read()
    assert (report.line_id, report.order_id) == (ROW["order_sn"], ROW["order_sn"])
    assert (report.status, report.currency) == ("paid", "CNY")
    assert (report.paid_minor, report.gross_fee_minor) == (790, 276)
    # The real row's figures: 350 permille of 790 fen, cut and not rounded.
    assert share_of(790, rate_bp=3500) == 276
    assert report.tech_fee_minor == 0
    assert report.created_at == datetime.fromtimestamp(1795500000, UTC)
    assert report.is_dated


def test_the_software_fee_is_a_part_of_the_commission_as_reported():
    report = read(duo_id_service_fee="27")
    assert (report.gross_fee_minor, report.tech_fee_minor) == (276, 27)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (-1, "created"),
        (0, "paid"),
        (1, "paid"),
        (2, "received"),
        (3, "received"),
        (4, "invalid"),
        (5, "settled"),
        (8, "invalid"),
        (10, "invalid"),
        (6, None),
        (99, None),
    ],
)
def test_their_codes_are_our_statuses(code, status):
    assert read(order_status=code).status == status
    assert read(order_status=str(code)).status == status


def test_an_older_account_names_the_order_its_own_way():
    row = {name: value for name, value in ROW.items() if name != "order_sn"}
    assert PinduoduoAdapter().read(row | {"orderSn": "1-2"}).line_id == "1-2"


def test_a_link_carries_sub_id_and_click_in_64_bytes():
    ref = click_ref_of(new_click_id())
    given = PinduoduoAdapter().click_parameters(
        parameter="", click_ref=ref, sub_id="9999999999"
    )
    text = given["custom_parameters"]
    assert len(text.encode()) <= 64
    report = read(custom_parameters=text)
    assert (report.sub_id, report.click_ref) == ("9999999999", ref)


@pytest.mark.parametrize(
    ("text", "sub_id"),
    [
        ("abcd", "abcd"),
        ("", "100001_10000001"),
        ("{}", "100001_10000001"),
        ('{"uid": 12}', "12"),
        ('{"uid": {"a": 1}, "sid": []}', "100001_10000001"),
        ('{"uid": true}', "100001_10000001"),
        ('{"uid": "1", "sid": "' + "A" * 31 + '"}', "1"),
        ('{"uid": "1", "sid": "' + "é" * 30 + '"}', "1"),
        ('{"cut', '{"cut'),
        ("[1]", "[1]"),
    ],
)
def test_what_others_put_there_is_no_reference(text, sub_id):
    report = read(custom_parameters=text)
    assert (report.sub_id, report.click_ref) == (sub_id, "")


def test_a_forged_reference_is_known_as_forged_later():
    """It has the form, so it is not taken for nothing; its tag is judged elsewhere."""
    ref = f"{new_click_id()}.{'0' * 12}"
    assert unpacked(packed(ref)) == ref


@pytest.mark.parametrize(
    "changes",
    [
        {"order_sn": ""},
        {"order_sn": {"a": 1}},
        {"order_create_time": None},
        {"order_create_time": 0},
        {"order_create_time": "2026-11-24 10:00:00"},
        {"order_create_time": 99999999999999},
        {"order_amount": 7.9},
        {"order_amount": -790},
        {"order_amount": "7,90"},
        {"promotion_amount": "1e3"},
        {"promotion_amount": 10**20},
        {"promotion_amount": True},
        {"order_modify_at": "soon"},
    ],
)
def test_a_row_against_the_networks_own_rules_is_refused(changes):
    with pytest.raises(MalformedNotice):
        read(**changes)


# The poller and a gateway -------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    gateway = PddGateway()
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(server):
    server.forget()
    return server


@pytest.fixture
def ddk(db, gateway, monkeypatch):
    monkeypatch.setenv("TEST_PDD_SECRET", SECRET)
    network = Network.objects.create(
        code="pdd",
        name="Pinduoduo",
        adapter=Network.Adapter.PDD,
        base_url=gateway.url,
        app_key=KEY,
        secret_ref="TEST_PDD_SECRET",
        polled_until=timezone.now() - timedelta(minutes=30),
    )
    make_programme(network=network, shop=None, hosts=["goods.pdd.example"])
    return network


@pytest.fixture
def link(ddk, alice):
    url = "https://goods.pdd.example/goods.html?goods_id=864621591"
    product = make_product(make_shop(), url=url, url_key=url)
    return ensure_links(pin=make_pin(make_board(alice), product=product))[0]


def poll(network, **options):
    network.refresh_from_db()
    return import_orders(network=network, **options)


def test_from_click_to_refund(client, gateway, ddk, link, alice):
    landing = client.get(link.get_absolute_url(), headers=BROWSER)["Location"]
    assert "goods_id=864621591" in landing
    gateway.buy(landing, price=10000, rate_bp=1000)
    poll(ddk)

    line = OrderLine.objects.get()
    assert (line.status, line.paid_minor, line.gross_fee_minor) == ("paid", 10000, 1000)
    attribution = line.attributions.get()
    assert (attribution.basis, attribution.beneficiary) == ("click_ref", alice)
    assert attribution.click == Click.objects.get()
    assert (line.product, line.commission.net_minor) == (link.product, 900)

    number = next(iter(gateway.orders))
    gateway.change(number, status=gateway.RECEIVED, received=gateway.now() - 20)
    poll(ddk)
    line.refresh_from_db()
    assert line.commission.state == "maturing"

    gateway.refund(number, 5000, status=gateway.AUDITED)
    poll(ddk)
    line.refresh_from_db()
    assert (line.paid_minor, line.commission.net_minor) == (5000, 450)

    gateway.change(number, status=gateway.SETTLED, settled=gateway.now() - 5)
    poll(ddk)
    line.refresh_from_db()
    assert (line.status, line.settled_minor) == ("settled", 5000)

    gateway.change(number, status=gateway.FAILED)
    poll(ddk)
    line.refresh_from_db()
    assert line.commission.state == "clawed_back"


def test_an_unknown_code_waits_for_a_person(gateway, ddk):
    gateway.buy(status=7)
    poll(ddk)
    assert Discrepancy.objects.get().kind == "unmapped_status"
    assert not OrderLine.objects.exists()


def test_pages_are_walked_from_the_last_to_the_first(gateway, ddk):
    for n in range(120):
        gateway.buy(at=gateway.now() - 300 + n)
    poll(ddk)
    assert OrderLine.objects.count() == 120
    assert gateway.pages == [(1, 50), (3, 20), (2, 50), (1, 50)]


def test_an_order_that_changes_meanwhile_hides_no_other(gateway, ddk):
    """It leaves the window, and what came after it slips a page forward: into one that
    is still to be read."""
    orders = iter([gateway.buy(at=gateway.now() - 300 + n) for n in range(150)])
    gateway.after_page = lambda number: gateway.change(
        next(orders), at=gateway.now() + 60
    )
    poll(ddk)
    moved = 150 - OrderLine.objects.count()
    assert moved <= 4  # they alone, and the next poll has them
    gateway.after_page = lambda number: None
    for order in gateway.orders.values():
        order["changed"] = min(order["changed"], gateway.now() - 1)
    poll(ddk)
    assert OrderLine.objects.count() == 150


def test_a_long_way_is_gone_in_windows_that_are_allowed(gateway, ddk):
    Network.objects.update(polled_until=timezone.now() - timedelta(hours=50))
    gateway.buy(at=gateway.now() - 40 * 3600)
    poll(ddk)
    assert OrderLine.objects.count() == 1


def test_a_month_past_is_read_again_by_change(gateway, ddk):
    gateway.buy(at=gateway.now() - 30 * 86400)
    now = gateway.now()
    window = Window("settled", now - 31 * 86400, now - 29 * 86400)
    assert read_past(network=ddk, window=window) is None
    assert OrderLine.objects.count() == 1
    assert read_past(network=ddk, window=Window("refunded", now - 86400, now)) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"app_key": "1" * 32}, "10016"), ({"secret_ref": "WRONG"}, "20004")],
)
def test_what_is_ours_to_mend_is_not_asked_again(
    gateway, ddk, monkeypatch, wrong, code
):
    monkeypatch.setenv("WRONG", "guess")
    Network.objects.update(**wrong)
    with pytest.raises(NetworkError) as refusal:
        poll(ddk)
    assert (refusal.value.network_code, refusal.value.retry) == (code, False)
    assert len(gateway.calls) == 1


def test_a_clock_that_is_off_is_told_by_its_code(gateway, ddk):
    gateway.clock_skew = -700
    with pytest.raises(NetworkError) as refusal:
        poll(ddk)
    assert (refusal.value.network_code, refusal.value.retry) == ("10001", False)


@pytest.mark.parametrize("code", [52101, 70031])
def test_a_limit_is_told_and_not_hammered(gateway, ddk, code):
    gateway.troubles = [Refusal(code, "too often")]
    with pytest.raises(NetworkError) as refusal:
        poll(ddk)
    assert (refusal.value.retry, refusal.value.retry_after_s) == (True, 60)
    assert len(gateway.calls) == 1


@pytest.mark.parametrize("code", [70032, 70034, 70036, 52004, 20005])
def test_a_ban_without_an_end_is_no_reason_to_ask_again(gateway, ddk, code):
    gateway.troubles = [Refusal(code, "forbidden")]
    with pytest.raises(NetworkError) as refusal:
        poll(ddk)
    assert not refusal.value.retry


@pytest.mark.parametrize(
    "trouble", [502, b'{"cut": ', Refusal(50001, "busy"), Refusal(70031, "1 秒")]
)
def test_a_trouble_that_passes_loses_nothing(gateway, ddk, trouble):
    gateway.buy()
    gateway.troubles = [trouble]
    poll(ddk)
    assert OrderLine.objects.exists()


def rooted(inner):
    return b'{"order_list_get_response": %s}' % inner


@pytest.mark.parametrize(
    "answer",
    [
        *HOSTILE,
        403,
        rooted(b"[]"),
        rooted(b"null"),
        rooted(b'{"order_list": {}, "total_count": 1}'),
        rooted(b'{"order_list": [], "total_count": -1}'),
        rooted(b'{"order_list": [], "total_count": 999999999}'),
        rooted(b'{"order_list": [], "total_count": "many"}'),
        b'{"order_list_increment_get_response": {"order_list": []}}',
    ],
)
def test_no_answer_stops_more_than_this_poll(gateway, ddk, answer):
    mark = ddk.polled_until
    gateway.troubles = [answer] * 3
    with pytest.raises(NetworkError):
        poll(ddk, budget_s=0.9)  # too short for a second try
    ddk.refresh_from_db()
    assert ddk.polled_until == mark


def test_rows_that_cannot_be_read_are_kept_and_the_rest_is_read(gateway, ddk):
    rows = rb'1, null, {}, {"order_sn": "\ud800\u0000"}, ' + json.dumps(ROW).encode()
    gateway.troubles = [rooted(b'{"order_list": [%s]}' % rows)]
    poll(ddk)
    assert OrderLine.objects.get().line_id == ROW["order_sn"]
    unread = Observation.objects.filter(outcome="rejected", code="malformed")
    assert unread.count() == 4
    assert unread.filter(line_id="\ufffd\ufffd").exists()
