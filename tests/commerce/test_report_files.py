"""Each network's report as a file: what its rows say, and what is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from commerce.exceptions import FileUnreadable
from commerce.models import OrderStatus
from commerce.networks import json_rows
from commerce.networks.adapters import click_parameters, read_report
from commerce.networks.projection import project
from commerce.networks.reports import ReportFile
from tests.commerce.report_files import (
    amazon_return,
    amazon_row,
    amazon_total,
    as_json,
    awin_sale,
    cj_correction,
    cj_sale,
    network_of,
    notice,
    only_report,
    read,
    sheet,
    taobao_row,
)

SAMPLES = settings.BASE_DIR.parent / "shared" / "data" / "orders"
CLICK = "01920000-0000-7000-8000-000000000001.0123456789ab"
real = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")


def refusal_of(adapter, content, *, currency="USD"):
    with pytest.raises(FileUnreadable) as caught:
        ReportFile(network_of(adapter), content, currency=currency)
    return str(caught.value.for_user)


def refused(adapter, content, **more):
    (row,) = read(adapter, content, **more)
    assert row.report is None
    return row.refusal


# Awin ---------------------------------------------------------------------------------


def test_awins_amounts_are_the_digits_that_stand_there():
    content = as_json(awin_sale(saleAmount=1.1, commissionAmount=0.07))
    (row,) = read("awin", content)
    assert row.payload["saleAmount"]["amount"] == "1.1"
    assert (row.report.paid_minor, row.report.gross_fee_minor) == (110, 7)
    assert row.report.currency == "EUR"


def test_awins_row_names_its_order_and_where_it_came_from():
    report = only_report("awin", as_json(awin_sale(clickRefs={"clickRef": CLICK})))
    assert (report.line_id, report.order_id) == ("700100200", "A-77")
    assert (report.click_ref, report.sub_id) == (CLICK, "")
    assert report.created_at == datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    assert report.click_time == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_reference_that_is_not_ours_is_a_sub_id():
    report = only_report("awin", as_json(awin_sale()))
    assert (report.click_ref, report.sub_id) == ("", "spring")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", OrderStatus.PAID),
        ("approved", OrderStatus.SETTLED),
        ("declined", OrderStatus.INVALID),
        ("queried", None),
    ],
)
def test_awins_states(word, status):
    report = only_report("awin", as_json(awin_sale(commissionStatus=word)))
    assert (report.status, report.raw_status) == (status, word)


def test_awins_times_are_in_the_zone_of_the_network():
    report = only_report("awin", as_json(awin_sale()), tz="Europe/Berlin")
    assert report.created_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_what_awin_amended_is_the_later_word_in_any_order():
    first = only_report("awin", as_json(awin_sale()))
    lessened = awin_sale(amended=True, saleAmount=20, commissionAmount=1.6)
    second = only_report("awin", as_json(lessened))
    lines = [project(reports) for reports in ([first, second], [second, first])]
    assert [line.fields["paid_minor"] for line in lines] == [2000, 2000]
    assert [line.fields["gross_fee_minor"] for line in lines] == [160, 160]


def test_an_old_pending_row_after_the_approval_changes_nothing():
    pending = only_report("awin", as_json(awin_sale()))
    approved = awin_sale(
        commissionStatus="approved", validationDate="2026-04-01T00:00:00"
    )
    approved = only_report("awin", as_json(approved))
    assert approved.settled_at == datetime(2026, 4, 1, tzinfo=UTC)
    lines = [
        project(rows).fields for rows in ([approved, pending], [pending, approved])
    ]
    assert lines[0] == lines[1]


def test_awins_sheet_says_the_same_as_its_api():
    row = {
        "ID": "700100200",
        "Commission Status": "pending",
        "Sale Amount": "49.90",
        "Commission Amount": "3.99",
        "Currency": "EUR",
        "Click Ref": "spring",
        "Click Date": "2026-03-01 09:00:00",
        "Transaction Date": "2026-03-02 10:30:00",
        "Order Ref": "A-77",
    }
    assert only_report("awin", sheet(row)) == only_report("awin", as_json(awin_sale()))


def test_the_buyers_address_is_not_kept_not_even_hashed():
    (row,) = read("awin", as_json(awin_sale()))
    assert "ipHash" not in row.payload


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"saleAmount": "1e3"}, "saleAmount"),
        ({"saleAmount": "１２"}, "saleAmount"),
        ({"saleAmount": "1,000.00"}, "saleAmount"),
        ({"saleAmount": 1.005}, "saleAmount"),
        ({"saleAmount": -5}, "saleAmount"),
        ({"saleAmount": True}, "saleAmount"),
        ({"saleAmount": None}, "saleAmount"),
        ({"commissionAmount": 10**12}, "commissionAmount"),
        ({"transactionDate": "yesterday"}, "transactionDate"),
        ({"transactionDate": "9999-12-31T23:59:59"}, "transactionDate"),
        ({"clickRefs": "x"}, "clickRefs"),
        ({"id": ""}, "id"),
        ({"id": "9" * 65}, "id"),
        ({"orderRef": "a\0b"}, "row"),
        ({"orderRef": "\ud800"}, "row"),
        ({"note": "x" * 20_001}, "row"),
        ({"statement_line": {"row": 1}}, "row"),
        ({"beside": {"tz": "Asia/Shanghai"}}, "row"),
    ],
)
def test_what_awin_would_not_say_is_refused_by_the_name_of_its_field(changed, field):
    assert refused("awin", as_json(awin_sale(**changed))) == field


def test_two_currencies_in_one_row_are_refused():
    row = awin_sale()
    row["commissionAmount"]["currency"] = "USD"
    assert refused("awin", as_json(row)) == "commissionAmount.currency"


def test_zeros_behind_the_cents_say_nothing_and_other_digits_are_not_rounded():
    paid = only_report("awin", as_json(awin_sale(saleAmount="5.5900"))).paid_minor
    assert paid == 559
    assert refused("awin", as_json(awin_sale(saleAmount="5.5901"))) == "saleAmount"


def test_yen_have_no_decimals():
    row = awin_sale(saleAmount=1200, commissionAmount=96)
    for name in ("saleAmount", "commissionAmount"):
        row[name]["currency"] = "JPY"
    assert only_report("awin", as_json(row)).paid_minor == 1200
    row["saleAmount"]["amount"] = 1200.5
    assert refused("awin", as_json(row)) == "saleAmount"


# CJ -----------------------------------------------------------------------------------


def test_cjs_corrections_are_refunds_of_what_they_correct():
    sale, correction = (
        row.report for row in read("cj", as_json(cj_sale(), cj_correction()))
    )
    assert (sale.line_id, sale.paid_minor, sale.gross_fee_minor) == ("act-1", 8000, 640)
    assert (correction.line_id, correction.refund_id) == ("act-1", "9002")
    assert (correction.refunded_minor, correction.fee_minor) == (8000, 640)


def test_cjs_corrections_may_come_first_and_twice():
    half = cj_correction(saleAmountUsd=-30, pubCommissionAmountUsd="-2.40")
    rest = cj_correction(commissionId="9003", saleAmountUsd=-50)
    sale, half, rest = (r.report for r in read("cj", as_json(cj_sale(), half, rest)))
    in_order = project([sale, half, rest]).fields
    assert in_order["refunded_minor"] == 8000
    assert project([rest, half, half, sale, rest]).fields == in_order


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.PAID),
        ("extended", OrderStatus.PAID),
        ("locked", OrderStatus.SETTLED),
        ("closed", OrderStatus.SETTLED),
        ("frozen", None),
    ],
)
def test_cjs_states(word, status):
    report = only_report("cj", as_json(cj_sale(actionStatus=word)))
    assert report.status == status


def test_cjs_states_follow_each_other_whatever_order_they_are_read_in():
    words = ["new", "extended", "locked", "closed"]
    times = [
        only_report("cj", as_json(cj_sale(actionStatus=word))).modified_at
        for word in words
    ]
    assert times == sorted(set(times))
    assert times[-1] - times[0] < timedelta(milliseconds=1)


def test_cjs_amounts_are_in_our_currency_where_it_is_named():
    row = cj_sale(
        pubCurrency="EUR",
        saleAmountPubCurrency="73.50",
        pubCommissionAmountPubCurrency="5.88",
    )
    report = only_report("cj", as_json(row))
    assert (report.currency, report.paid_minor, report.gross_fee_minor) == (
        "EUR",
        7350,
        588,
    )


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (cj_sale(saleAmountUsd=-1), "negative"),
        (cj_correction(saleAmountUsd=80, pubCommissionAmountUsd=6), "saleAmount"),
        (cj_correction(saleAmountUsd=0), "saleAmount"),
        (cj_sale(original="perhaps"), "original"),
        (cj_sale(saleAmountUsd="80.001"), "saleAmountUsd"),
        (cj_sale(pubCommissionAmountUsd=None), "pubCommissionAmountUsd"),
        (cj_sale(eventDate=""), "eventDate"),
        (cj_sale(originalActionId=None), "originalActionId"),
    ],
)
def test_what_cj_would_not_say_is_refused(row, field):
    assert refused("cj", as_json(row)) == field


def test_cjs_answer_is_read_in_its_envelope():
    wrapped = b'{"data": {"publisherCommissions": {"count": 1, "records": %s}}}'
    assert only_report("cj", wrapped % as_json(cj_sale())).line_id == "act-1"


# Amazon -------------------------------------------------------------------------------


def test_the_same_row_twice_in_amazons_report_is_two_sales():
    first, second = (r.report for r in read("amazon", sheet(*[amazon_row()] * 2)))
    assert first.line_id == "20260305:B0OURS0001:ours-20:2500:1"
    assert second.line_id == "20260305:B0OURS0001:ours-20:2500:2"


def test_amazons_lines_are_the_same_in_whatever_order_the_rows_stand():
    rows = [
        amazon_row(),
        amazon_row(revenue="50.00", fee="2.50", shipped="2"),
        amazon_row(),
        amazon_row(asin="B0OURS0002"),
        amazon_return(),
    ]
    forth = {str(row.report) for row in read("amazon", sheet(*rows))}
    back = {str(row.report) for row in read("amazon", sheet(*reversed(rows)))}
    assert forth == back
    assert len(forth) == 5


@pytest.mark.parametrize(
    "day", ["03/05/2026", "March 5 2026", "March 05, 2026", "2026-03-05"]
)
def test_amazon_writes_days_in_more_than_one_way(day):
    report = only_report("amazon", sheet(amazon_row(day=day)))
    assert report.created_at == datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)
    assert report.line_id.startswith("20260305:")


def test_a_day_ends_where_the_network_is():
    report = only_report("amazon", sheet(amazon_row()), tz="America/Los_Angeles")
    assert report.created_at == datetime(2026, 3, 6, 7, 59, 59, tzinfo=UTC)


def test_amazons_returns_take_back_and_name_no_sale():
    report = only_report("amazon", sheet(amazon_return()))
    assert (report.refunded_minor, report.fee_minor) == (2500, 125)
    assert report.refund_id.endswith(":return:1")


def test_a_title_and_the_total_are_no_sales():
    content = sheet(
        amazon_row(),
        amazon_return(fee="-0.25"),
        amazon_total("1.00"),
        above="Fee-Earnings reports from 03-01-2026, to 03-31-2026\n",
    )
    rows = read("amazon", content)
    assert [row.number for row in rows] == [3, 4]
    assert ReportFile(network_of("amazon"), content, currency="USD").row_count == 2


def test_rows_that_do_not_sum_to_their_total_are_a_file_that_was_cut():
    content = sheet(amazon_row(), amazon_total("2.50"))
    told = "Its rows sum to 1.25, its Total is 2.50: some lack."
    assert refusal_of("amazon", content) == told


def test_amazons_amounts_are_in_the_programmes_currency():
    content = sheet(amazon_row())
    assert only_report("amazon", content, currency="MXN").currency == "MXN"
    assert refusal_of("amazon", content, currency="EUR") == (
        "Amounts in $ do not fit the programme, which is in EUR."
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"day": "31/12/2026"}, "Date Shipped"),
        ({"day": "Smarch 5 2026"}, "Date Shipped"),
        ({"fee": "1,25"}, "Ad Fees"),
        ({"fee": "NaN"}, "Ad Fees"),
        ({"fee": "=1+1"}, "Ad Fees"),
        ({"fee": "-1.25"}, "Revenue"),
        ({"price": ""}, "Price"),
        ({"asin": ""}, "ASIN"),
        ({"tag": "x" * 60}, "Tracking ID"),
    ],
)
def test_what_amazon_would_not_say_is_refused(changed, field):
    wrong = refused("amazon", sheet(amazon_row(**changed)))
    assert wrong.partition("(")[0] == field


def test_amazons_report_in_windows_letters_is_not_taken_for_chinese():
    content = sheet(amazon_row(name="Audífonos"), encoding="cp1252")
    assert refusal_of("amazon", content) == (
        "The file is not in UTF-8. Save it as CSV in UTF-8."
    )


# A shop's own -------------------------------------------------------------------------


def test_a_shops_sheet_has_the_fields_of_a_postback():
    report = only_report("direct", sheet(notice()))
    assert (report.line_id, report.paid_minor, report.gross_fee_minor) == (
        "A-1-1",
        19900,
        1592,
    )
    refund = notice(event_id="e-2", type="refund", refund_id="r-1", refunded="50.00")
    assert only_report("direct", sheet(refund)).refunded_minor == 5000


def test_an_empty_cell_is_a_field_that_the_notice_does_not_have():
    assert only_report("direct", sheet(notice(commission=""))).gross_fee_minor is None


def test_of_a_column_that_nobody_asked_for_only_a_digest_is_kept():
    (row,) = read("direct", sheet(notice(buyer="Li Lei, 13800000000")))
    assert "Li Lei" not in str(row.payload)
    assert row.report


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "１２"}, "amount"),
        ({"amount": "1,000.00"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": " 1.00"}, "amount"),
        ({"amount": "=199"}, "amount"),
        ({"amount": '=HYPERLINK("http://x.test")'}, "amount"),
        ({"currency": "cny"}, "currency"),
        ({"status": "shipped"}, "status"),
        ({"type": "sale"}, "type"),
        ({"event_id": ""}, "event_id"),
        ({"occurred_at": "2026-03-01"}, "occurred_at"),
        ({"click_id": ""}, "click_id"),
    ],
)
def test_a_shops_sheet_is_as_strict_as_its_postbacks(changed, field):
    assert refused("direct", sheet(notice(**changed))) == field


def test_a_shop_reports_by_csv_where_an_amount_cannot_be_a_number():
    told = "This report is a CSV. Upload that."
    assert refusal_of("direct", as_json(notice(amount=199.0))) == told


def test_a_comma_that_was_not_quoted_moves_no_amount_into_another_column():
    content = sheet(notice()) + b"e-2,order,A-2,A-2-1,x,paid,1,000.00,CNY,1,2026\n"
    good, bad = read("direct", content)
    assert good.report
    assert bad.refusal == "columns"


# Taobao's sheet -----------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_taobaos_sheet_is_read_under_its_chinese_headings(encoding):
    report = only_report("taobao", sheet(taobao_row(), encoding=encoding))
    assert report.line_id == "1446862000000000003"
    assert report.order_id == "1446862000000000001"
    assert report.status == OrderStatus.PAID
    assert (report.paid_minor, report.gross_fee_minor, report.tech_fee_minor) == (
        380,
        114,
        11,
    )
    assert report.created_at == datetime(2026, 3, 1, 10, 27, 7, tzinfo=UTC)
    assert report.item_title == "红色外套"
    assert report.sub_id == "100000000009"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("已付款", OrderStatus.PAID),
        ("已收货", OrderStatus.RECEIVED),
        ("已结算", OrderStatus.SETTLED),
        ("已失效", OrderStatus.INVALID),
        ("已冻结", None),
    ],
)
def test_taobaos_words_for_its_states(word, status):
    settled = {"结算时间": "2026-03-20 08:00:00", "结算金额": "3.80"}
    row = taobao_row(订单状态=word, 结算预估收入="1.14", **settled)
    assert only_report("taobao", sheet(row)).status == status


def test_an_id_beyond_2_to_the_53_survives_what_spreadsheets_do_to_keep_it():
    for wrapped in ("\t{}", '="{}"', "'{}"):
        row = taobao_row(淘宝子订单号=wrapped.format("9007199254740993"))
        assert only_report("taobao", sheet(row)).line_id == "9007199254740993"


def test_what_is_wrong_in_taobaos_sheet_is_named_as_it_is_there():
    assert refused("taobao", sheet(taobao_row(付款金额="1e3"))) == "付款金额"


def test_a_sheet_without_line_ids_says_so_in_its_own_words():
    row = taobao_row()
    del row["淘宝子订单号"]
    told = refusal_of("taobao", sheet(row))
    assert told.startswith("No row has the headings of this report")
    assert "淘宝子订单号" in told


# JSON ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b'[{"id": NaN}]',
        b'[{"id": Infinity}]',
        b'[{"id": 1, "id": 2}]',
        b'[{"id": "\xff"}]',
        b"[" * 100_000,
        b'[{"id": ' + b"9" * 5000 + b"}]",
    ],
)
def test_what_is_no_json_is_refused_in_one_sentence(content):
    told = "The file is no whole JSON in UTF-8. Fetch it again."
    assert refusal_of("awin", content) == told


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b"[1, 2]", b'{"data": {"rows": []}}']
)
def test_json_without_rows_is_refused(content):
    assert refusal_of("awin", content) == "The file has no rows."


def test_json_of_more_than_20_mb_is_refused_unread():
    told = refusal_of("awin", b"[".ljust(json_rows.MOST_BYTES + 1))
    assert told == "The file is larger than 20 MB. Send it in parts, or as a CSV."


# All of them --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adapter", "name"), [("awin", "clickref"), ("cj", "sid"), ("amazon", "ascsubtag")]
)
def test_links_carry_the_click_where_the_report_returns_it(adapter, name):
    given = click_parameters(
        adapter=adapter, parameter="pb_click", click_ref=CLICK, sub_id=None
    )
    assert given == {name: CLICK}


def test_a_row_is_read_the_same_from_what_was_kept_of_it():
    for adapter, content in (
        ("awin", as_json(awin_sale())),
        ("cj", as_json(cj_sale())),
        ("amazon", sheet(amazon_row())),
        ("amazon", sheet(amazon_return())),
        ("direct", sheet(notice())),
        ("taobao", sheet(taobao_row())),
    ):
        for row in read(adapter, content, tz="Europe/Berlin"):
            assert read_report(network_of(adapter), row.payload) == row.report


def sums(adapter, name):
    rows = read(adapter, (SAMPLES / name).read_bytes())
    assert all(row.report for row in rows)
    return [row.report for row in rows]


@real
def test_the_samples_of_networks_are_read_to_the_cent():
    (awin,) = sums("awin", "awin_transactions.json")
    assert (awin.paid_minor, awin.gross_fee_minor) == (5596, 559)
    sale, correction = sums("cj", "cj_publisher_commissions.json")
    assert project([correction, sale]).fields["refunded_minor"] == sale.paid_minor
    amazon = sums("amazon", "amazon_associates_earnings_en.csv")
    fees = [getattr(r, "gross_fee_minor", None) or -r.fee_minor for r in amazon]
    assert sum(fees) == Decimal("139.84") * 100
    assert len({r.line_id for r in amazon}) == 4
    paid, received = sums("taobao", "taobao_tbk_order_details.json")
    assert (paid.gross_fee_minor, paid.tech_fee_minor) == (
        380 * 30 // 100,
        114 * 10 // 100,
    )
    assert received.gross_fee_minor == 1
    jd = sums("jd", "jd_union_order_row.json")
    assert [r.gross_fee_minor for r in jd] == [267, 243]
    (pdd,) = sums("pdd", "pinduoduo_order_list.json")
    assert pdd.gross_fee_minor == 790 * 350 // 1000
