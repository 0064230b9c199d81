"""JD Union: its rows as they come, and the way from a click to a refund."""

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
from commerce.networks.jd import JdAdapter
from tests.commerce.gateways import HOSTILE, KEY, SECRET, JdGateway, Refusal
from tests.factories import (
    make_board,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}

# Rows -------------------------------------------------------------------------------

# Own rows of the shape of real ones: numbers here, texts there.
ROW = {
    "id": "901829000000000007",
    "orderId": 276179000007,
    "parentId": 0,
    "orderTime": "2026-09-04 13:49:00",
    "finishTime": "",
    "modifyTime": "2026-09-04 13:50:00",
    "skuId": 10034328079107,
    "skuName": "A brush for shoes",
    "price": 39.9,
    "commissionRate": 30.0,
    "finalRate": 90.0,
    "estimateCosPrice": 9.9,
    "estimateFee": 2.67,
    "actualCosPrice": 0.0,
    "actualFee": 0.0,
    "validCode": 16,
    "positionId": 3000000001,
    "subUnionId": "2000000001",
    "ext1": "0000000000000000|__TRACK_ID__",
    "payMonth": "0",
}
TEXTS = ROW | {
    "orderId": "276179000007",
    "estimateCosPrice": "9.9",
    "estimateFee": "2.67",
    "actualFee": "0.0",
    "validCode": "16",
    "skuId": "10034328079107",
    "positionId": "3000000001",
}


def read(row=ROW, **changes):
    return JdAdapter().read(row | changes)


def test_numbers_and_texts_are_read_alike():
    assert read() == read(TEXTS)


def test_a_paid_row_is_read_as_it_is():
    report = read()
    assert (report.line_id, report.order_id) == ("901829000000000007", "276179000007")
    assert (report.status, report.currency) == ("paid", "CNY")
    # As reported: 9.90 at 30 % of which 90 % are ours would be 2.673.
    assert (report.paid_minor, report.gross_fee_minor) == (990, 267)
    assert share_of(990, rate_bp=2700) == 267
    assert report.created_at == datetime(2026, 9, 4, 5, 49, tzinfo=UTC)
    assert (report.sub_id, report.click_ref) == ("2000000001", "")
    assert report.is_dated
    assert report.received_at is None


def test_the_other_check_sum_of_real_rows():
    report = read(estimateCosPrice="54.0", estimateFee="2.43", commissionRate="5.0")
    assert (report.paid_minor, report.gross_fee_minor) == (5400, 243)
    assert share_of(5400, rate_bp=450) == 243


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ([15, 24], "created"),
        ([16], "paid"),
        ([17], "received"),
        ([2, 3, *range(4, 15), *range(19, 24), 25, 26, 27, 28], "invalid"),
        ([-1, 0, 1, 18, 29, 99], None),
    ],
)
def test_their_codes_are_our_statuses(codes, status):
    for code in codes:
        assert read(validCode=code).status == status, code
        assert read(validCode=str(code)).status == status, code


def test_a_finished_row_counts_by_its_final_figures():
    report = read(
        validCode=17,
        finishTime="2026-09-08 09:00:00",
        actualCosPrice="8.9",
        actualFee=2.4,
    )
    assert (report.paid_minor, report.gross_fee_minor) == (890, 240)
    assert report.received_at == datetime(2026, 9, 8, 1, tzinfo=UTC)
    assert report.settled_at is None


def test_before_the_end_the_final_figures_are_not_yet_true():
    assert read(validCode=16, actualFee="0.0").gross_fee_minor == 267


def test_times_may_be_milliseconds():
    assert read(orderTime=1788500940000).created_at == datetime(
        2026, 9, 4, 5, 49, tzinfo=UTC
    )


def test_without_a_sub_id_the_position_is_all_there_is():
    assert read(subUnionId="").sub_id == "3000000001"
    assert read(subUnionId="", positionId=0).sub_id == ""


def test_a_reference_of_ours_comes_back():
    ref = click_ref_of(new_click_id())
    assert read(ext1=ref).click_ref == ref


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": ["1"]},
        {"id": True},
        {"id": "9" * 65},
        {"orderId": None},
        {"orderTime": ""},
        {"orderTime": "0001-01-01 00:00:00"},
        {"orderTime": 9999999999999},
        {"modifyTime": "soon"},
        {"estimateFee": "2.673"},
        {"estimateFee": -2.67},
        {"estimateFee": 1e22},
        {"estimateFee": float("nan")},
        {"estimateCosPrice": {"amount": 1}},
        {"validCode": [16]},
    ],
)
def test_a_row_against_the_networks_own_rules_is_refused(changes):
    with pytest.raises(MalformedNotice):
        read(**changes)


def test_a_link_carries_its_sub_id_and_where_asked_for_the_click():
    given = {"click_ref": "a-click.tag", "sub_id": "1234567890"}
    assert JdAdapter().click_parameters(parameter="ext1", **given) == {
        "subUnionId": "1234567890",
        "ext1": "a-click.tag",
    }
    assert JdAdapter().click_parameters(parameter="", **given) == {
        "subUnionId": "1234567890"
    }


# The poller and a gateway -------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    gateway = JdGateway()
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(server):
    server.forget()
    return server


@pytest.fixture
def union(db, gateway, monkeypatch):
    monkeypatch.setenv("TEST_JD_SECRET", SECRET)
    network = Network.objects.create(
        code="jd",
        name="JD Union",
        adapter=Network.Adapter.JD,
        base_url=gateway.url,
        app_key=KEY,
        secret_ref="TEST_JD_SECRET",
        click_parameter="ext1",
        polled_until=timezone.now() - timedelta(minutes=30),
    )
    make_programme(network=network, shop=None, hosts=["item.jd.example"])
    return network


@pytest.fixture
def link(union, alice):
    url = "https://item.jd.example/100012043978.html"
    product = make_product(make_shop(), url=url, url_key=url)
    return ensure_links(pin=make_pin(make_board(alice), product=product))[0]


def poll(network, **options):
    network.refresh_from_db()
    return import_orders(network=network, **options)


def followed(client, link):
    """Where the link leads a person."""
    return client.get(link.get_absolute_url(), headers=BROWSER)["Location"]


def test_from_click_to_refund(client, gateway, union, link, alice):
    line_id = gateway.buy(followed(client, link), price=5400, rate_bp=450)
    poll(union)

    line = OrderLine.objects.get(line_id=line_id)
    assert (line.status, line.paid_minor, line.gross_fee_minor) == ("paid", 5400, 243)
    attribution = line.attributions.get()
    assert (attribution.basis, attribution.beneficiary) == ("click_ref", alice)
    assert attribution.click == Click.objects.get()
    assert line.product == link.product
    assert line.commission.net_minor == 243

    gateway.change(line_id, status=gateway.FINISHED, received=gateway.now() - 25)
    poll(union)
    line.refresh_from_db()
    assert line.status == "received"
    assert line.commission.state == "maturing"

    gateway.refund(line_id, 2700)
    poll(union)
    line.refresh_from_db()
    assert (line.paid_minor, line.commission.net_minor) == (2700, 121)

    gateway.change(line_id, status=gateway.CANCELLED)
    poll(union)
    line.refresh_from_db()
    assert line.commission.state == "clawed_back"
    assert line.commission.net_minor == 0


def test_an_account_without_sub_ids_names_nobody(client, gateway, union, link):
    gateway.returns_sub_ids = False
    gateway.buy(followed(client, link))
    poll(union)
    line = OrderLine.objects.get()
    assert line.sub_id == "3000000009"
    assert line.commission.state == "unattributed"


def test_the_sub_id_alone_finds_its_pinner(client, gateway, union, link, alice):
    """Where the link is an old one and JD keeps no more than the sub-id."""
    gateway.buy(f"https://item.jd.example/?subUnionId={link.network_sub_id}")
    poll(union)
    assert OrderLine.objects.get().attributions.get().beneficiary == alice


def test_an_unknown_code_waits_for_a_person(gateway, union):
    gateway.buy(status=-1)
    poll(union)
    assert Discrepancy.objects.get().kind == "unmapped_status"
    assert not OrderLine.objects.exists()


def test_all_pages_of_an_hour_are_read(gateway, union):
    at = gateway.now() - 120
    for _ in range(401):
        gateway.buy(at=at)
    poll(union)
    assert OrderLine.objects.count() == 401
    assert [size for _, _, size in gateway.pages] == [200, 200, 1]


def test_a_row_that_moves_between_pages_is_found_by_night(gateway, union):
    """It leaves the window by its change, and another one slips to the page before."""
    first, *_ = [gateway.buy(at=gateway.now() - 300 + n) for n in range(201)]
    gateway.after_page = lambda number: gateway.change(first, at=gateway.now() + 60)
    poll(union)
    gateway.after_page = lambda number: None
    assert OrderLine.objects.count() < 201

    now = gateway.now()
    read_past(network=union, window=Window("paid", now - 3600, now + 60))
    assert OrderLine.objects.count() == 201


def test_hours_are_asked_for_one_by_one(gateway, union):
    Network.objects.update(polled_until=timezone.now() - timedelta(hours=5))
    old = gateway.buy(at=gateway.now() - 4 * 3600)
    poll(union)
    assert OrderLine.objects.get().line_id == old
    assert len(gateway.pages) == 6  # five hours and the overlap


def test_refunds_are_in_the_rows_and_no_list_of_their_own(gateway, union):
    now = gateway.now()
    assert read_past(network=union, window=Window("refunded", now - 60, now)) is None
    assert not gateway.calls


@pytest.mark.parametrize("name", ["param_json", "360buy_param_json"])
def test_the_call_is_packed_as_the_account_needs(gateway, union, name):
    union.poll_cfg = {"parameters_in": name}
    union.save()
    gateway.packed_as = name
    gateway.root = "jd_union_open_order_row_query_response"
    gateway.buy()
    poll(union)
    assert OrderLine.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "code"), [({"app_key": "1" * 32}, "19"), ({"secret_ref": "WRONG"}, "12")]
)
def test_what_is_ours_to_mend_is_not_asked_again(
    gateway, union, monkeypatch, wrong, code
):
    monkeypatch.setenv("WRONG", "guess")
    Network.objects.update(**wrong)
    with pytest.raises(NetworkError) as refusal:
        poll(union)
    assert (refusal.value.network_code, refusal.value.retry) == (code, False)
    assert len(gateway.calls) == 1


def test_a_clock_that_is_off_is_told_by_its_code(gateway, union):
    gateway.clock_skew = 500
    with pytest.raises(NetworkError) as refusal:
        poll(union)
    assert (refusal.value.network_code, refusal.value.retry) == ("8", False)


def test_a_limit_is_told_and_not_hammered(gateway, union):
    gateway.troubles = [Refusal("2", "App Call Limited")]
    with pytest.raises(NetworkError) as refusal:
        poll(union)
    assert refusal.value.retry
    assert refusal.value.retry_after_s == 60
    assert len(gateway.calls) == 1


def test_a_ban_that_names_its_seconds_is_slept_through(gateway, union):
    gateway.buy()
    gateway.troubles = [Refusal("2", "limited, 1 more seconds")]
    poll(union)
    assert OrderLine.objects.exists()


@pytest.mark.parametrize("trouble", [503, b'{"cut": ', Refusal("500", "busy")])
def test_a_trouble_that_passes_loses_nothing(gateway, union, trouble):
    gateway.buy()
    gateway.troubles = [trouble]
    poll(union)
    assert OrderLine.objects.exists()


ROOT = b"jd_union_open_order_row_query_responce"


def wrapped(inner):
    return b'{"%s": {"code": "0", "queryResult": %s}}' % (ROOT, inner)


@pytest.mark.parametrize(
    "answer",
    [
        *HOSTILE,
        404,
        302,
        b'{"%s": []}' % ROOT,
        b'{"%s": {"code": "0"}}' % ROOT,
        b'{"%s": {"code": []}}' % ROOT,
        wrapped(b'"no json"'),
        wrapped(b'"[]"'),
        wrapped(b"5"),
        wrapped(b'{"code": 200, "data": "rows"}'),
        wrapped(b'{"code": 404}'),
    ],
)
def test_no_answer_stops_more_than_this_poll(gateway, union, answer):
    mark = union.polled_until
    gateway.troubles = [answer] * 3
    with pytest.raises(NetworkError):
        poll(union, budget_s=0.9)  # too short for a second try
    union.refresh_from_db()
    assert union.polled_until == mark


def test_rows_that_cannot_be_read_are_kept_and_the_rest_is_read(gateway, union):
    good = json.dumps(ROW)
    rows = rb'1, null, "\u0000", [], {}, {"id": "8\ud800", "x": "\u0000"}, ' + (
        good.encode()
    )
    gateway.troubles = [wrapped(b'{"code": 200, "data": [%s]}' % rows)]
    poll(union)
    assert OrderLine.objects.get().line_id == ROW["id"]
    unread = Observation.objects.filter(outcome="rejected", code="malformed")
    assert unread.count() == 6
    assert unread.filter(line_id="8\ufffd").exists()


def test_an_answer_that_is_not_packed_as_it_says_is_refused(gateway, union):
    gateway.headers = {"Content-Encoding": "gzip"}
    gateway.troubles = [b"plain"]
    with pytest.raises(NetworkError):
        poll(union, budget_s=0.9)
