"""Rows of networks' files, read strictly; columns guessed, chosen and remembered."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commerce.models import Network, Statement
from commerce.networks.tables import read_table
from commerce.reconciliation.columns import guess, recall, remembered
from commerce.reconciliation.exceptions import RowUnreadable
from commerce.reconciliation.months import bounds, next_month
from commerce.reconciliation.preview import preview, well_chosen
from commerce.reconciliation.reading import Reader, pays_of

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "orders"
TAOBAO = [
    "淘宝子订单号",
    "订单状态",
    "结算预估收入",
    "技术服务费",
    "创建时间",
    "佣金比率",
]


def statement(adapter="taobao", currency="CNY", tz="Asia/Shanghai"):
    network = Network(code="n", adapter=adapter, tz=tz)
    return Statement(network=network, month=date(2026, 10, 1), currency=currency)


def read(*cells, header=TAOBAO, **of):
    return Reader(statement(**of), guess(header)).read(cells)


def test_a_row_of_the_league_is_read():
    fact = read(
        "9007199254740993001", "已结算", "0.14", "0.01", "2026/10/2 9:05", "5.00%"
    )
    assert (fact.line_id, fact.status) == ("9007199254740993001", "settled")
    assert (fact.fee_minor, fact.tech_fee_minor, fact.pays_minor) == (14, 1, 13)
    assert fact.rate_bp == 500
    zone = ZoneInfo("Asia/Shanghai")
    assert fact.ordered_at == datetime(2026, 10, 2, 9, 5, tzinfo=zone)


@pytest.mark.parametrize("nothing", ["", "--", "-", "—", " -- ", "N/A"])
def test_nothing_is_written_in_many_ways(nothing):
    fact = read("1", nothing, nothing, nothing, nothing, nothing)
    assert (fact.pays_minor, fact.status, fact.rate_bp) == (0, "", None)


@pytest.mark.parametrize(
    "amount",
    ["NaN", "1e3", "１２", "1,000.00", "1.234", "¥1.00", "+1", "--1", "1.", ".5", "١٢"],
)
def test_what_is_no_plain_amount_is_not_read(amount):
    with pytest.raises(RowUnreadable, match="is no amount"):
        read("1", "已结算", amount, "", "", "")


def test_currencies_without_decimals_have_none():
    assert read("1", "", "120", "", "", "", currency="JPY").pays_minor == 120
    with pytest.raises(RowUnreadable):
        read("1", "", "1.20", "", "", "", currency="JPY")


@pytest.mark.parametrize(
    ("fee", "service", "pays"),
    [(14, 1, 13), (14, 0, 14), (0, 5, 0), (3, 5, 0), (-14, 1, -13), (-14, -1, -13)],
)
def test_what_is_paid_is_the_fee_less_the_service(fee, service, pays):
    assert pays_of(fee, service) == pays


@pytest.mark.parametrize(
    ("line_id", "told"),
    [
        ("", "names no order line"),
        ("9.00719E+15", "has rounded"),
        ("1e+18", "has rounded"),
        ("x" * 65, "is no number"),
        ("a\nb", "is no number"),
        ("a\0b", "is no number"),
    ],
)
def test_what_names_no_order_is_not_read(line_id, told):
    with pytest.raises(RowUnreadable, match=told):
        read(line_id, "", "0.14", "", "", "")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("订单结算", "settled"),
        ("已失效", "invalid"),
        ("14", "received"),
        ("Approved", "settled"),
        ("pending", "paid"),
    ],
)
def test_words_of_networks_are_our_statuses(word, status):
    assert read("1", word, "0", "", "", "").status == status


def test_codes_are_those_of_their_own_network():
    with pytest.raises(RowUnreadable, match="is not known"):
        read("1", "14", "0", "", "", "", adapter="jd")


def test_a_time_that_cannot_be_is_left_out():
    for text in ("2026-13-01 10:00:00", "yesterday", "46297.5", "2026-10-02 25:00"):
        assert read("1", "", "0", "", text, "").ordered_at is None


def test_a_short_row_says_less():
    assert read("1", "已结算", "0.14").pays_minor == 14


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (["trade_id", "tk_status", "pub_share_fee"], {"line_id": 0, "fee": 2}),
        (["Order ID", "Commission"], {"line_id": 0, "fee": 1}),
        (["订单号", "实际佣金", "订单状态"], {"line_id": 0, "fee": 1, "status": 2}),
        (["Transaction-ID", "Commission Amount"], {"line_id": 0, "fee": 1}),
        (["a", "b"], {}),
    ],
)
def test_known_headings_are_guessed(header, found):
    assert found.items() <= guess(header).items()


def test_no_column_serves_two_fields():
    chosen = guess(["订单编号", "佣金", "订单号"])
    assert len(set(chosen.values())) == len(chosen)


def test_a_choice_is_remembered_by_heading_and_not_by_place():
    memory = remembered(["id", "mine", "x"], {"line_id": 0, "fee": 1})
    assert recall(["x", "mine", "id"], memory) == {"line_id": 2, "fee": 1}
    # A file of other headings is guessed anew.
    assert recall(["trade_id", "pub_share_fee"], memory) == {"line_id": 0, "fee": 1}


@pytest.mark.parametrize("text", ["", "-1", "7", "1e1", "²", "9" * 40, "x"])
def test_a_choice_that_is_no_column_is_none(text):
    assert well_chosen({"fee": text, "steal": "1"}, 7) == {}


def test_months_are_cut_in_the_sites_own_zone(settings):
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    settings.TIME_ZONE = "Asia/Shanghai"
    start, end = bounds(date(2026, 10, 17))
    assert start.isoformat() == "2026-10-01T00:00:00+08:00"
    assert end.isoformat() == "2026-11-01T00:00:00+08:00"


def test_of_a_long_file_the_first_rows_are_looked_at_and_all_are_counted():
    rows = "\n".join(f"{n},0.14" for n in range(50_001))
    seen = preview(
        statement(), read_table(f"id,fee\n{rows}".encode()), {"line_id": 0, "fee": 1}
    )
    assert (seen.row_count, seen.read_count, seen.looked_at) == (50_001, 50_000, 50_000)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not part of it")
def test_real_rows_of_the_league_are_read():
    told = json.loads((SAMPLES / "taobao_tbk_order_details.json").read_text())
    rows = told["tbk_order_details_get_response"]["data"]["results"]
    rows = rows["publisher_order_dto"]
    header = sorted({name for row in rows for name in row})
    written = io.StringIO()
    writer = csv.DictWriter(written, header)
    writer.writeheader()
    writer.writerows(rows)
    table = read_table(written.getvalue().encode("gb18030"))
    seen = preview(statement(), table, guess(table.header))
    assert (seen.read_count, seen.unread_count, seen.pays_minor) == (len(rows), 0, 0)
