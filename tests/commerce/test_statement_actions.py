"""Statements from the file to the second pair of eyes: every bucket, every way out."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from commerce.actions.commissions import approve, why_not_approve
from commerce.actions.holds import hold, release
from commerce.actions.resolutions import resolve_line, resolve_lines
from commerce.actions.statement_approvals import approve_matched, try_again
from commerce.actions.statement_approvals import unfinished as approvals_left
from commerce.actions.statement_lines import advance, unfinished
from commerce.actions.statements import (
    approve_statement,
    cancel_statement,
    compare_again,
    discard_statement,
    set_totals,
)
from commerce.exceptions import (
    ApprovalRefused,
    FileUnreadable,
    MalformedNotice,
    TransitionRefused,
)
from commerce.ledger import accounts, replay, verify
from commerce.models import (
    Account,
    Commission,
    Journal,
    Observation,
    OrderLine,
    ParkedObservation,
    Statement,
    StatementLine,
)
from commerce.networks.adapters import read_report
from commerce.networks.direct import kept_of
from commerce.reconciliation.exceptions import (
    ColumnsUnfit,
    StatementKnown,
)
from commerce.tasks import approve_lines
from tests.commerce.statements import (
    HEAD,
    SETTLED,
    confirm,
    make_league,
    open_statement,
    poll,
    poll_order,
    sheet_of,
    upload,
)
from tests.commerce.waiting import beside, wait_until_somebody_waits
from tests.factories import make_programme, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_ledger_is_right_afterwards(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []
    assert list(replay()) == []


@pytest.fixture
def league(alice):
    return make_league(alice)


@pytest.fixture
def order(league):
    """An order line of the league that alice earns by, as it was polled."""
    return partial(poll_order, league)


@pytest.fixture
def opened(league, rosa):
    """A statement that rosa imported, read and compared."""
    return partial(open_statement, league, rosa)


def buckets(statement):
    rows = statement.lines.order_by("line_no")
    return {line.line_id: line.bucket for line in rows}


def balance(kind, key):
    row = Account.objects.filter(kind=kind, key=str(key)).first()
    return row.balance_minor if row else 0


def resolve(statement, line_id, action, by, **fields):
    line = statement.lines.get(line_id=line_id, **fields.pop("find", {}))
    return resolve_line(line=line, action=action, reason="As agreed.", by=by, **fields)


# The file -----------------------------------------------------------------------------


def test_a_preview_writes_nothing_but_the_file(league, rosa):
    draft = upload(league, rosa, ("1", *SETTLED))
    assert draft.state == "draft"
    assert not StatementLine.objects.exists()
    discard_statement(statement=draft, by=rosa)
    assert not Statement.objects.exists()


def test_a_statement_uploaded_twice_is_refused_and_leads_to_the_first(league, rosa):
    first = upload(league, rosa, ("1", *SETTLED))
    with pytest.raises(StatementKnown) as caught:
        upload(league, rosa, ("1", *SETTLED), month=date(2026, 9, 1))
    assert caught.value.statement == first
    assert Statement.objects.count() == 1


def test_only_who_uploaded_a_file_confirms_it(league, rosa, ruth, charlie):
    draft = upload(league, rosa, ("1", *SETTLED))
    for other in (ruth, charlie):
        with pytest.raises(ApprovalRefused):
            confirm(draft, other)
    with pytest.raises(ApprovalRefused):
        upload(league, charlie, ("2", *SETTLED))


def test_columns_that_read_nothing_are_refused(league, rosa):
    draft = upload(league, rosa, ("1", *SETTLED))
    for columns in ({"line_id": 0}, {"line_id": 0, "fee": 1}):
        with pytest.raises(ColumnsUnfit):
            confirm(draft, rosa, columns=columns)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_both_encodings_and_three_delimiters_are_read(
    opened, order, encoding, delimiter
):
    order("9007199254740993001")
    text = sheet_of(("9007199254740993001", *SETTLED)).decode()
    content = text.replace(",", delimiter).encode(encoding)
    statement = opened(content=content)
    assert buckets(statement) == {"9007199254740993001": "exact"}
    assert statement.lines_minor == 13


def test_the_columns_of_a_network_are_remembered(opened, league):
    opened(("1", *SETTLED))
    league.refresh_from_db()
    assert league.statement_columns["fee"] == "结算预估收入"
    assert league.statement_columns["line_id"] == "淘宝子订单号"


def test_rows_that_cannot_be_read_are_left_out_and_counted(opened):
    statement = opened(
        ("9007199254740993001", *SETTLED),
        ("9.00719925474099E+18", *SETTLED),
        ("", *SETTLED),
        ("3", "???", "2.80", "0.14", "0.01"),
        ("4", "已结算", "2.80", "1,000.00".replace(",", "，"), "0.01"),
        ("5", "已结算", "2.80", "１２", "0.01"),
        ("6", "已结算", "--", "--", ""),
    )
    assert set(buckets(statement)) == {"9007199254740993001", "6"}
    assert (statement.line_count, statement.unread_count) == (2, 5)


def test_formulas_are_text_and_what_a_spreadsheet_wrapped_is_unwrapped(opened, order):
    order("77")
    content = sheet_of(("=1+1", *SETTLED)) + b'\n"=""77""",\xe5\xb7\xb2\xe7\xbb\x93'
    content += b"\xe7\xae\x97,2.80,0.14,0.01,,"
    statement = opened(content=content)
    assert buckets(statement) == {"=1+1": "missing_ours", "77": "exact"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (HEAD.encode(), "no rows"),
        (b"PK\x03\x04 a workbook", "Save it as CSV"),
        (b"a,b\n1,\x00\n", "no text in"),
        (b"a,b\n\xff\xff,1", "no text in"),
        (b",".join([b"x"] * 129) + b"\n" + b"1,2", "128 columns"),
        (b"id,fee\n1," + b"9" * 20_001, "20 kB"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(league, rosa, content, told):
    with pytest.raises(FileUnreadable) as caught:
        upload(league, rosa, content=content or b"\n")
    assert told in str(caught.value.for_user)
    assert not Statement.objects.exists()


def test_a_worker_reads_on_where_another_stopped(opened, league, rosa):
    draft = upload(league, rosa, *((str(n), *SETTLED) for n in range(1, 8)))
    confirm(draft, rosa)
    assert unfinished() == [draft.pk]
    assert not advance(statement=draft, budget_s=-1, at_once=3)
    draft.refresh_from_db()
    assert (draft.state, draft.line_count) == ("matching", 3)
    assert advance(statement=draft, at_once=3)
    assert advance(statement=draft)  # and again
    draft.refresh_from_db()
    assert (draft.state, draft.line_count, draft.lines.count()) == ("open", 7, 7)
    assert unfinished() == []


# The buckets --------------------------------------------------------------------------


def test_lines_that_agree_are_exact(opened, order):
    order("1")
    statement = opened(("1", *SETTLED))
    line = statement.lines.get()
    assert (line.bucket, line.pays_minor, line.ours_minor) == ("exact", 13, 13)
    assert (statement.open_count, statement.lines_minor) == (0, 13)


def test_another_amount(opened, order):
    order("1")
    line = opened(("1", "已结算", "2.80", "0.12", "0.01")).lines.get()
    assert (line.bucket, line.delta_minor, line.is_open) == ("amount_diff", -2, True)


def test_a_tolerance_of_one_fen_is_a_setting(opened, order, settings):
    order("1")
    settings.STATEMENT_TOLERANCE_MINOR = 1
    rows = [("1", "已结算", "2.80", "0.13", "0.01")]
    assert buckets(opened(*rows)) == {"1": "exact"}


def test_what_they_pay_and_we_do_not_know_waits_for_its_order(opened, order):
    statement = opened(("404", *SETTLED))
    line = statement.lines.get()
    assert (line.bucket, line.delta_minor) == ("missing_ours", 13)
    parked = ParkedObservation.objects.get()
    assert (parked.line_id, parked.observation.source) == ("404", "csv")
    assert parked.observation.outcome == "parked"
    order("404")  # the network reports it after all
    parked.refresh_from_db()
    assert parked.resolved_at


def test_what_the_network_reports_counts_before_what_waited(opened, order):
    opened(("404", "已结算", "2.80", "0.99", "0.01"))
    order("404")
    assert OrderLine.objects.get().gross_fee_minor == 14
    assert Commission.objects.get().shares.filter(party__username="alice").exists()


def test_what_we_expected_and_the_statement_lacks(opened, order):
    order("1")
    order("2")
    statement = opened(("1", *SETTLED))
    assert buckets(statement) == {"1": "exact", "2": "missing_theirs"}
    missing = statement.lines.get(line_id="2")
    assert (missing.line_no, missing.ours_minor, missing.delta_minor) == (None, 13, -13)
    assert statement.lines_minor == 13  # what is not there is in no sum


def test_orders_of_another_month_are_not_missed(opened, order):
    order(
        "1", tk_earning_time="2026-09-30 23:00:00", modified_time="2026-09-30 23:00:00"
    )
    order(
        "2", tk_earning_time="2026-11-01 09:00:00", modified_time="2026-11-01 09:00:00"
    )
    order("3", status=12)
    assert buckets(opened(("404", *SETTLED))) == {"404": "missing_ours"}


def test_another_status(opened, order):
    order("1", status=12)
    line = opened(("1", *SETTLED)).lines.get()
    assert (line.bucket, line.delta_minor) == ("status_diff", 13)


def test_a_status_that_went_back(opened, order):
    order("1")
    line = opened(("1", "已收货", "2.80", "0.14", "0.01")).lines.get()
    assert (line.bucket, line.delta_minor) == ("regression", 0)


def test_another_currency_is_in_no_sum(opened, order):
    order("1")
    content = b"trade_id,pub_share_fee,currency\n1,0.14,USD\n2,0.14,USD\n3,0.14,CNY"
    statement = opened(content=content)
    assert buckets(statement) == {
        "1": "currency_diff",
        "2": "currency_diff",
        "3": "missing_ours",
    }
    assert statement.lines_minor == 14


def test_twice_in_the_file(opened, order):
    order("1")
    statement = opened(("1", *SETTLED), ("1", *SETTLED))
    first, second = statement.lines.order_by("line_no")
    assert (first.bucket, second.bucket) == ("exact", "duplicate_in_file")
    assert (second.ours_minor, second.delta_minor) == (0, 13)


def test_a_row_that_takes_back_some_of_an_earlier_one_is_no_repetition(
    opened, order, rosa, ruth
):
    """The row that it corrects is compared together with it."""
    order("1", fee="0.11")
    rows = ("1", *SETTLED), ("1", "已结算", "2.80", "-0.03", "")
    statement = opened(*rows, declared=10, receipt=10)
    told = statement.lines.order_by("line_no").values_list("bucket", "ours_minor")
    assert list(told) == [
        ("exact", 13),
        ("exact", -3),
    ]
    compare_again(statement=statement, by=rosa)
    statement.refresh_from_db()
    assert (statement.lines_minor, statement.open_count) == (10, 0)
    approve_statement(statement=statement, by=ruth)
    assert balance("asset:receivable", "league") == 0
    later = opened(("1", "", "", "0.01", ""), month=date(2026, 11, 1))
    assert later.lines.get().delta_minor == 1  # all of October's is counted


def test_a_corrected_row_that_differs_is_taken_over_as_a_whole(opened, order, rosa):
    order("1")
    statement = opened(("1", *SETTLED), ("1", "", "", "-0.03", ""))
    line = resolve(statement, "1", "accept", rosa, find={"is_correction": False})
    assert (line.bucket, line.is_open) == ("exact", False)
    assert Commission.objects.get().net_minor == 10


def test_what_is_taken_back_in_full_is_what_was_declined(opened, order):
    order("1", status=13)
    statement = opened(("1", *SETTLED), ("1", "已失效", "2.80", "-0.13", ""))
    assert list(statement.lines.values_list("bucket", flat=True)) == ["exact"] * 2


def test_the_same_correction_twice_is_looked_at(opened, order):
    order("1", fee="0.11")
    taken = ("1", "", "", "-0.03", "")
    lines = opened(("1", *SETTLED), taken, taken).lines.order_by("line_no")
    assert list(lines.values_list("bucket", flat=True)) == [
        *("exact", "exact", "duplicate_in_file"),
    ]


def test_a_corrected_order_that_we_do_not_know_is_taken_over_as_a_whole(opened, rosa):
    statement = opened(("404", *SETTLED), ("404", "", "", "-0.03", ""))
    first = statement.lines.get(is_correction=False)
    assert (first.bucket, first.delta_minor) == ("missing_ours", 10)
    line = resolve(statement, "404", "accept", rosa, find={"is_correction": False})
    assert line.bucket == "exact"
    assert Commission.objects.get().net_minor == 10
    compare_again(statement=statement, by=rosa)
    assert {line.order_line.line_id for line in statement.lines.all()} == {"404"}
    assert set(statement.lines.values_list("bucket", flat=True)) == {"exact"}


def test_lines_of_nothing_agree_with_nothing(opened, order):
    order("1", status=12)
    statement = opened(
        ("1", "已付款", "2.80", "0.00", "0.01"), ("9", "已失效", "", "", "")
    )
    assert buckets(statement) == {"1": "exact", "9": "exact"}


def test_matching_twice_is_matching_once(opened, order, rosa):
    order("1")
    order("2")
    statement = opened(("1", *SETTLED), ("1", *SETTLED), ("404", *SETTLED))
    before = list(statement.lines.order_by("pk").values())
    compare_again(statement=statement, by=rosa)
    assert list(statement.lines.order_by("pk").values()) == before
    assert Observation.objects.filter(source="csv").count() == 1


def test_matching_takes_as_many_statements_for_a_line_as_for_twenty(
    opened, order, django_assert_max_num_queries, rosa
):
    for number in range(20):
        order(str(number))
    statement = opened(*((str(n), *SETTLED) for n in range(20)))
    with django_assert_max_num_queries(12):
        compare_again(statement=statement, by=rosa)


def test_an_order_that_is_paid_twice_differs(opened, order, rosa, ruth):
    order("1")
    first = opened(("1", *SETTLED), declared=13, receipt=13)
    approve_statement(statement=first, by=ruth)
    again = opened(
        ("1", *SETTLED),
        month=date(2026, 11, 1),
        content=sheet_of(("1", *SETTLED)) + b"\n",
    )
    line = again.lines.get()
    assert (line.bucket, line.ours_minor, line.delta_minor) == ("amount_diff", 0, 13)


def test_a_preview_that_another_file_overtook_pays_for_nothing_twice(
    opened, order, league, rosa, ruth
):
    order("1")
    preview = upload(league, rosa, ("1", *SETTLED))
    content = sheet_of(("1", *SETTLED)) + b"\n"
    second = opened(content=content, declared=13, receipt=13)
    approve_statement(statement=second, by=ruth)
    confirm(preview, rosa, declared=13, receipt=13)
    assert advance(statement=preview)
    assert buckets(preview) == {"1": "amount_diff"}
    with pytest.raises(ApprovalRefused):
        approve_statement(statement=preview, by=ruth)
    assert balance("asset:cash", "bank") == 13


def test_a_file_that_was_overtaken_while_it_was_open_pays_for_nothing_twice(
    opened, order, league, rosa, ruth
):
    """The later one was resolved against the earlier, which is then cancelled."""
    order("1")
    preview = upload(league, rosa, ("1", *SETTLED))
    second = opened(content=sheet_of(("1", *SETTLED)) + b"\n", declared=13, receipt=13)
    confirm(preview, rosa, declared=13, receipt=13)
    assert advance(statement=preview)
    with pytest.raises(ApprovalRefused):  # the first one counts as long as it is open
        approve_statement(statement=second, by=ruth)
    cancel_statement(statement=preview, by=rosa)
    approve_statement(statement=second, by=ruth)
    assert balance("asset:cash", "bank") == 13


def test_what_is_taken_back_a_month_later_agrees(opened, order, league, ruth):
    order("1")
    first = opened(("1", *SETTLED), declared=13, receipt=13)
    approve_statement(statement=first, by=ruth)
    refund = {
        "tb_trade_id": "1",
        "refund_suit_id": "R1",
        "refund_status": 2,
        "refund_fee": "2.80",
        "modified_time": "2026-11-03 10:00:00",
    }
    poll(league, refund)
    later = opened(
        ("1", "", "", "-0.14", "0.01"),
        month=date(2026, 11, 1),
        declared=-13,
        receipt=-13,
    )
    assert buckets(later) == {"1": "exact"}
    approve_statement(statement=later, by=ruth)
    assert balance("asset:receivable", "league") == 0
    assert balance("asset:cash", "bank") == 0


# What becomes of them -----------------------------------------------------------------


def test_the_networks_figure_is_taken_over_and_the_money_follows(opened, order, rosa):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    line = resolve(statement, "1", "accept", rosa)
    assert (line.bucket, line.resolution, line.is_open) == ("exact", "accept", False)
    assert Commission.objects.get().net_minor == 11
    done = line.resolutions.get()
    assert (done.by, done.reason) == (rosa, "As agreed.")
    told = done.observation.payload  # for ever: it names nobody who may leave
    assert rosa.username not in str(told)
    assert str(rosa.pk) in str(told)
    assert (done.before["delta_minor"], done.after["delta_minor"]) == (-2, 0)
    assert done.observation.source == "manual"
    assert Journal.objects.filter(kind="ADJUST").count() == 1
    statement.refresh_from_db()
    assert statement.open_count == 0


def test_a_settlement_that_we_have_not_heard_of_is_taken_over(opened, order, rosa):
    order("1", status=12)
    statement = opened(("1", *SETTLED))
    resolve(statement, "1", "accept", rosa)
    commission = Commission.objects.get()
    assert (commission.state, commission.net_minor) == ("maturing", 13)


def test_an_order_that_only_the_network_knows_goes_to_suspense(opened, rosa):
    statement = opened(("404", *SETTLED))
    line = resolve(statement, "404", "accept", rosa)
    assert (line.bucket, line.order_line.line_id) == ("exact", "404")
    assert Commission.objects.get().state == "unattributed"
    assert balance("liab:suspense", "unattributed") == -13
    assert ParkedObservation.objects.get().resolved_at


def test_what_the_network_dropped_is_taken_back(opened, order, rosa):
    order("1")
    statement = opened(("404", *SETTLED))
    line = resolve(statement, "1", "accept", rosa)
    assert (line.bucket, line.ours_minor) == ("exact", 0)
    assert Commission.objects.get().state == "clawed_back"


def test_a_refunded_order_takes_over_what_is_left(opened, order, league, rosa):
    order("1", paid="100.00", fee="10.00", tech="1.00")
    refund = {
        "tb_trade_id": "1",
        "refund_suit_id": "R1",
        "refund_status": 2,
        "refund_fee": "33.00",
        "modified_time": "2026-10-25 10:00:00",
    }
    poll(league, refund)
    assert Commission.objects.get().net_minor == 603
    statement = opened(("1", "已结算", "67.00", "6.70", "0.68"))
    assert statement.lines.get().delta_minor == -1
    resolve(statement, "1", "accept", rosa)
    assert Commission.objects.get().net_minor == 602


def test_a_status_that_went_back_is_not_taken_over(opened, order, rosa):
    order("1")
    statement = opened(("1", "已收货", "2.80", "0.14", "0.01"))
    with pytest.raises(ApprovalRefused, match="never goes back"):
        resolve(statement, "1", "accept", rosa)
    assert resolve(statement, "1", "ours", rosa).is_open is False


def test_a_disputed_line_holds_its_commission(opened, order, rosa):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.04", "0.01"))
    line = resolve(statement, "1", "dispute", rosa)
    assert (line.bucket, line.is_open) == ("amount_diff", False)
    assert Commission.objects.get().hold_reasons == ["dispute"]


def test_a_small_difference_is_written_off_either_way(opened, order, rosa):
    order("1")
    order("2")
    statement = opened(
        ("1", "已结算", "2.80", "0.12", "0.01"), ("2", "已结算", "2.80", "0.15", "0.01")
    )
    first = resolve(statement, "1", "write_off", rosa)
    second = resolve(statement, "2", "write_off", rosa)
    assert [first.is_open, second.is_open] == [False, False]
    assert balance("exp:clawback_loss", "site") == 2 - 1
    assert balance("asset:receivable", "league") == 26 - 1
    assert first.resolutions.get().journal.kind == "WRITE_OFF"
    assert Commission.objects.filter(net_minor=13).count() == 2  # theirs is theirs


def test_no_more_than_the_limit_is_written_off(opened, order, rosa, settings):
    settings.STATEMENT_WRITE_OFF_MINOR = 1
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    with pytest.raises(ApprovalRefused, match="is not written off"):
        resolve(statement, "1", "write_off", rosa)
    assert balance("exp:clawback_loss", "site") == 0


def test_a_line_is_given_to_the_order_that_it_means(opened, order, rosa):
    order("1")
    statement = opened(("one", *SETTLED))
    assert buckets(statement) == {"one": "missing_ours", "1": "missing_theirs"}
    line = resolve(statement, "one", "link", rosa, order_line_id="1")
    assert (line.bucket, line.order_line.line_id) == ("exact", "1")
    assert set(buckets(statement).values()) == {"exact"}
    compare_again(statement=statement, by=rosa)
    assert set(buckets(statement).values()) == {"exact"}
    with pytest.raises(TransitionRefused):
        resolve(statement, "1", "ours", rosa)


def test_a_line_is_given_to_no_order_that_is_not_there_or_taken(opened, order, rosa):
    order("1")
    statement = opened(("1", *SETTLED), ("one", *SETTLED))
    for name, told in (("nobody", "no order line"), ("1", "Another line")):
        with pytest.raises(ApprovalRefused, match=told):
            resolve(statement, "one", "link", rosa, order_line_id=name)


def test_a_correction_under_a_number_of_its_own_is_given_to_its_order(
    opened, order, rosa
):
    order("1", fee="0.11")
    statement = opened(("1", *SETTLED), ("c-1", "", "", "-0.03", ""))
    assert buckets(statement) == {"1": "amount_diff", "c-1": "missing_ours"}
    line = resolve(statement, "c-1", "link", rosa, order_line_id="1")
    assert line.is_correction
    assert buckets(statement) == {"1": "exact", "c-1": "exact"}
    compare_again(statement=statement, by=rosa)
    assert buckets(statement) == {"1": "exact", "c-1": "exact"}


def test_a_row_that_stands_twice_is_not_counted(opened, order, rosa):
    order("1")
    statement = opened(("1", *SETTLED), ("1", *SETTLED))
    assert statement.lines_minor == 26
    resolve(statement, "1", "ours", rosa, find={"bucket": "duplicate_in_file"})
    statement.refresh_from_db()
    assert (statement.lines_minor, statement.open_count) == (13, 0)


def test_ours_does_not_stand_against_another_amount(opened, order, rosa):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    with pytest.raises(ApprovalRefused, match="The amounts differ"):
        resolve(statement, "1", "ours", rosa)


def test_what_is_expected_with_a_later_statement_is_missed_again(
    opened, order, rosa, ruth
):
    order("1")
    order("2")
    first = opened(("1", *SETTLED), declared=13, receipt=13)
    resolve(first, "2", "ours", rosa)
    approve_statement(statement=first, by=ruth)
    november = {"month": date(2026, 11, 1)}
    later = opened(("404", *SETTLED), **november)
    assert buckets(later) == {"404": "missing_ours", "2": "missing_theirs"}
    cancel_statement(statement=later, by=rosa)
    paid = opened(("2", *SETTLED), **november)
    assert buckets(paid) == {"2": "exact"}


def test_what_came_back_after_it_was_paid_is_missed_until_the_network_takes_it(
    opened, order, rosa, ruth
):
    order("1")
    first = opened(("1", *SETTLED), declared=13, receipt=13)
    approve_statement(statement=first, by=ruth)
    order("1", status=13, modified_time="2026-11-02 09:00:00")
    later = opened(("404", *SETTLED), month=date(2026, 11, 1))
    line = later.lines.get(line_id="1")
    assert (line.bucket, line.ours_minor, line.delta_minor) == (
        "missing_theirs",
        -13,
        13,
    )
    resolve(later, "1", "ours", rosa)
    resolve(later, "404", "accept", rosa)
    set_totals(statement=later, declared_minor=13, receipt_minor=13, by=rosa)
    approve_statement(statement=later, by=ruth)
    taken = opened(("1", "已失效", "", "-0.14", "0.01"), month=date(2026, 12, 1))
    assert buckets(taken) == {"1": "exact"}


def test_what_is_still_disputed_is_missed_again(opened, order, rosa, ruth):
    order("1")
    first = opened(("1", "已结算", "2.80", "0.04", "0.01"), declared=3, receipt=3)
    resolve(first, "1", "dispute", rosa)
    approve_statement(statement=first, by=ruth)
    later = opened(("404", *SETTLED), month=date(2026, 11, 1))
    assert later.lines.get(line_id="1").ours_minor == 10
    cancel_statement(statement=later, by=rosa)
    rest = opened(("1", "已结算", "2.80", "0.10", "0.00"), month=date(2026, 11, 1))
    assert buckets(rest) == {"1": "exact"}


def test_a_reason_a_right_and_an_open_line_are_needed(
    opened, order, alice, rosa, charlie
):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    line = statement.lines.get()
    for by, reason, action in (
        (rosa, "  ", "dispute"),
        (charlie, "Because.", "dispute"),
        (rosa, "Because.", "steal"),
    ):
        with pytest.raises(ApprovalRefused):
            resolve_line(line=line, action=action, reason=reason, by=by)
    assert not line.resolutions.exists()


def test_nobody_decides_about_a_line_that_pays_them(opened, order, alice, rosa):
    from django.contrib.auth.models import Group

    order("1")
    alice.groups.add(Group.objects.get(name="Reviewers"))
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    with pytest.raises(ApprovalRefused, match="You have a share"):
        resolve(statement, "1", "accept", alice)


def test_a_double_click_resolves_once(opened, order, rosa):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    line = statement.lines.get()
    resolve_line(
        line=line, action="write_off", reason="x", by=rosa, version=line.version
    )
    for version in (line.version, None):
        with pytest.raises(TransitionRefused):
            resolve_line(
                line=line, action="write_off", reason="x", by=rosa, version=version
            )
    assert Journal.objects.filter(kind="WRITE_OFF").count() == 1


def test_many_at_once_say_which_are_refused(opened, order, rosa, settings):
    settings.STATEMENT_WRITE_OFF_MINOR = 5
    for number in "123":
        order(number)
    statement = opened(
        ("1", "已结算", "2.80", "0.12", "0.01"),
        ("2", "已结算", "2.80", "0.01", "0.01"),
        ("3", "已结算", "2.80", "0.13", "0.01"),
    )
    pks = list(statement.lines.values_list("pk", "version"))
    done, refused = resolve_lines(
        statement=statement, lines=pks, action="write_off", reason="Small.", by=rosa
    )
    assert done == 2
    assert [line_id for line_id, _ in refused] == ["2"]


def test_what_was_said_about_another_difference_is_open_again(
    opened, order, rosa, league
):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.04", "0.01"))
    resolve(statement, "1", "dispute", rosa)
    order("1", fee="0.20", modified_time="2026-10-22 09:00:00")
    compare_again(statement=statement, by=rosa)
    line = statement.lines.get()
    assert (line.is_open, line.resolution, line.delta_minor) == (True, "", -16)


# The totals and the second pair of eyes -----------------------------------------------


@pytest.mark.parametrize(
    ("declared", "receipt", "told"),
    [
        (None, 13, "What does the network declare"),
        (13, None, "What did the bank receive"),
        (14, 13, "The network declares"),
        (13, 12, "The bank received"),
    ],
)
def test_totals_that_differ_are_not_approved(
    opened, order, ruth, declared, receipt, told
):
    order("1")
    statement = opened(("1", *SETTLED), declared=declared, receipt=receipt)
    with pytest.raises(ApprovalRefused, match=told):
        approve_statement(statement=statement, by=ruth)


def test_open_differences_are_not_approved(opened, order, ruth):
    order("1")
    rows = ("1", "已结算", "2.80", "0.12", "0.01")
    statement = opened(rows, declared=11, receipt=11)
    with pytest.raises(ApprovalRefused, match="1 difference is open"):
        approve_statement(statement=statement, by=ruth)
    assert not Journal.objects.filter(kind="RECEIPT").exists()


def test_who_imported_does_not_approve_nor_does_a_stranger(
    opened, order, rosa, charlie
):
    order("1")
    statement = opened(("1", *SETTLED), declared=13, receipt=13)
    for by, told in ((rosa, "You imported it"), (charlie, "Only reviewers")):
        with pytest.raises(ApprovalRefused, match=told):
            approve_statement(statement=statement, by=by)


def test_only_the_importer_types_the_totals(opened, order, rosa, ruth):
    statement = opened(("404", *SETTLED))
    with pytest.raises(ApprovalRefused):
        set_totals(statement=statement, declared_minor=1, receipt_minor=1, by=ruth)
    set_totals(statement=statement, declared_minor=1, receipt_minor=2, by=rosa)
    statement.refresh_from_db()
    assert (statement.declared_minor, statement.receipt_minor) == (1, 2)


def test_an_approval_books_the_receipt_once(opened, order, ruth, rosa):
    order("1")
    statement = opened(("1", *SETTLED), declared=13, receipt=13)
    approve_statement(statement=statement, by=ruth)
    assert balance("asset:cash", "bank") == 13
    assert balance("asset:receivable", "league") == 0
    journal = Journal.objects.get(kind="RECEIPT")
    assert (journal.key, journal.by) == (f"RECEIPT:{statement.pk}:1", ruth)
    assert journal.statement == statement
    with pytest.raises(TransitionRefused):
        approve_statement(statement=statement, by=ruth)
    for deed in (cancel_statement, compare_again):
        with pytest.raises(TransitionRefused):
            deed(statement=statement, by=rosa)


def test_what_was_resolved_since_it_was_seen_is_looked_at_again(
    opened, order, rosa, ruth
):
    order("1")
    rows = ("1", "已结算", "2.80", "0.12", "0.01")
    statement = opened(rows, declared=11, receipt=11)
    seen = statement.version
    resolve(statement, "1", "write_off", rosa)
    with pytest.raises(TransitionRefused):
        approve_statement(statement=statement, by=ruth, version=seen)
    statement.refresh_from_db()
    approve_statement(statement=statement, by=ruth, version=statement.version)
    assert balance("asset:cash", "bank") == 11


def test_a_refund_since_the_matching_stops_the_approval(opened, order, ruth):
    order("1")
    statement = opened(("1", *SETTLED), declared=13, receipt=13)
    order("1", status=13, modified_time="2026-10-22 09:00:00")
    with pytest.raises(ApprovalRefused, match="1 difference is open"):
        approve_statement(statement=statement, by=ruth)
    statement.refresh_from_db()
    assert (statement.state, statement.open_count) == ("open", 1)


def test_matched_commissions_are_approved_and_those_on_hold_roll_over(
    opened, order, rosa, ruth
):
    for number in "123":
        order(number)
    held = Commission.objects.get(line__line_id="2")
    hold(commission=held, reason="fraud", by=rosa)
    late = Commission.objects.get(line__line_id="3")
    Commission.objects.filter(pk=late.pk).update(
        hold_until=datetime(2099, 1, 1, tzinfo=UTC)
    )
    statement = opened(*((n, *SETTLED) for n in "123"), declared=39, receipt=39)
    approve_statement(statement=statement, by=ruth)
    assert approve_matched(statement=statement, by=ruth) is None
    rows = statement.lines.order_by("line_no")
    assert [line.outcome for line in rows] == ["approved", "waits", "waits"]
    assert "on hold" in rows[1].outcome_note
    assert "2099-01-01" in rows[2].outcome_note
    assert Commission.objects.filter(state="payable").count() == 1

    release(commission=held, reason="fraud", by=rosa)
    november = opened(
        ("404", *SETTLED), month=date(2026, 11, 1), declared=13, receipt=13
    )
    resolve(november, "404", "accept", rosa)
    approve_statement(statement=november, by=ruth)
    approve_matched(statement=november, by=ruth)
    rows = statement.lines.order_by("line_no")
    assert [line.outcome for line in rows] == ["approved", "approved", "waits"]
    assert november.lines.get(line_id="404").outcome == "waits"  # it is nobody's yet


def test_approving_goes_on_where_its_time_ended(opened, order, ruth, charlie):
    for number in "123":
        order(number)
    statement = opened(*((n, *SETTLED) for n in "123"), declared=39, receipt=39)
    statement = approve_statement(statement=statement, by=ruth)
    after, rounds = 0, 0
    while after is not None:
        after = approve_matched(statement=statement, by=ruth, after=after, budget_s=-1)
        rounds += 1
    assert rounds == 4
    assert Commission.objects.filter(state="payable").count() == 3
    with pytest.raises(ApprovalRefused):
        try_again(statement=statement, by=charlie)
    assert try_again(statement=statement, by=ruth) is None


def test_an_approval_whose_message_was_lost_is_found_and_ended(
    opened, order, ruth, time_machine
):
    for line_id in ("1", "2", "3"):
        order(line_id)
    rows = [(line_id, *SETTLED) for line_id in ("1", "2", "3")]
    statement = opened(*rows, declared=39, receipt=39)
    Commission.objects.update(hold_until=statement.imported_at)
    approve_statement(statement=statement, by=ruth)
    assert approve_matched(statement=statement, by=ruth, budget_s=-1)  # and then killed
    assert approvals_left() == []  # somebody may still be at it
    time_machine.move_to(timezone.now() + timedelta(minutes=3))
    assert approvals_left() == [statement.pk]
    approve_lines(statement.pk)
    assert approvals_left() == []
    assert set(Commission.objects.values_list("state", flat=True)) == {"payable"}


def test_a_network_that_sends_statements_is_approved_by_them_alone(
    opened, order, league, rosa, ruth
):
    order("1")
    league.sends_statements = True
    league.save()
    commission = Commission.objects.get()
    assert "No approved statement" in why_not_approve(commission, by=rosa)
    statement = opened(("1", *SETTLED), declared=13, receipt=13)
    with pytest.raises(ApprovalRefused, match="No approved statement"):
        approve(commission=commission, by=rosa)
    approve_statement(statement=statement, by=ruth)
    assert approve(commission=commission, by=rosa).state == "payable"


def test_a_line_in_another_currency_pays_for_no_commission(
    opened, order, league, rosa, ruth
):
    """Ours stands, so it is not in the sum that the bank received."""
    league.sends_statements = True
    league.save()
    order("1")
    order("2")
    days = ("2026-10-02 10:00:00", "2026-10-20 09:00:00")
    rows = [
        ",".join(("1", *SETTLED, *days, "CNY")),
        ",".join(("2", *SETTLED, *days, "USD")),
    ]
    content = "\n".join([HEAD + ",币种", *rows]).encode()
    statement = opened(content=content, declared=13, receipt=13)
    resolve(statement, "2", "ours", rosa)
    Commission.objects.update(hold_until=statement.imported_at)
    approve_statement(statement=statement, by=ruth)
    approve_matched(statement=statement, by=ruth)
    states = dict(Commission.objects.values_list("line__line_id", "state"))
    assert states == {"1": "payable", "2": "maturing"}
    unpaid = Commission.objects.get(line__line_id="2")
    assert "No approved statement" in why_not_approve(unpaid, by=ruth)


def test_a_cancelled_statement_lets_its_file_come_again(opened, order, rosa):
    order("1")
    statement = opened(("1", *SETTLED))
    cancel_statement(statement=statement, by=rosa)
    again = opened(("1", *SETTLED))
    assert buckets(again) == {"1": "exact"}


def test_a_statement_about_which_something_was_said_is_not_cancelled(
    opened, order, rosa
):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    resolve(statement, "1", "write_off", rosa)
    with pytest.raises(ApprovalRefused, match="were resolved"):
        cancel_statement(statement=statement, by=rosa)


def test_a_shop_cannot_sign_a_report_in_the_form_of_statements(league):
    notice = {"statement_line": {}, "line_id": "1", "status": "settled"}
    with pytest.raises(MalformedNotice):
        read_report(make_programme().network, kept_of(notice))
    with pytest.raises(MalformedNotice):
        read_report(league, {"statement_line": {}, "line_id": "1"})


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_a_statement_at_once_one_wins(alice, rosa, ruth):
    league = make_league(alice)
    poll_order(league, "1")
    statement = open_statement(league, rosa, ("1", *SETTLED), declared=13, receipt=13)
    others = [ruth, make_user("remy", reviewer=True)]
    ready = threading.Barrier(2)

    def approve_now(by):
        try:
            ready.wait(timeout=10)
            return approve_statement(statement=statement, by=by).state
        except (ApprovalRefused, TransitionRefused):
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(approve_now, others))
    assert outcomes == ["approved", "refused"]
    assert balance("asset:cash", "bank") == 13


@pytest.mark.django_db(transaction=True)
def test_a_line_that_two_resolve_at_once_is_written_off_once(alice, rosa, ruth):
    league = make_league(alice)
    poll_order(league, "1")
    rows = ("1", "已结算", "2.80", "0.12", "0.01")
    line = open_statement(league, rosa, rows).lines.get()
    ready = threading.Barrier(2)

    def write_off(by):
        try:
            ready.wait(timeout=10)
            resolve_line(line=line, action="write_off", reason="Small.", by=by)
        except TransitionRefused:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write_off, [rosa, ruth])) == ["done", "refused"]
    assert balance("exp:clawback_loss", "site") == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_files_of_a_month_that_are_approved_at_once_one_is_paid(
    alice, rosa, ruth
):
    league = make_league(alice)
    poll_order(league, "1")
    older, newer = (
        upload(league, rosa, content=sheet_of(("1", *SETTLED)) + end)
        for end in (b"", b"\n")
    )
    outcomes = []

    def read(statement):
        confirm(statement, rosa, declared=13, receipt=13)
        assert advance(statement=statement)

    def approve_file(statement):
        try:
            outcomes.append(approve_statement(statement=statement, by=ruth).state)
        except ApprovalRefused as error:
            outcomes.append(str(error.for_user))

    def read_and_approve(statement):
        read(statement)
        approve_file(statement)

    read(newer)  # while the older one is a preview

    accounts([(Account.Kind.CASH, "bank", None)], "CNY")
    with (
        beside(lambda: read_and_approve(older)) as start_older,
        beside(lambda: approve_file(newer)) as start_newer,
        transaction.atomic(),
    ):
        Account.objects.select_for_update().get(kind=Account.Kind.CASH)
        start_newer()
        wait_until_somebody_waits()
        start_older()
        until = time.monotonic() + 3
        while not outcomes and time.monotonic() < until:
            time.sleep(0.02)
    assert sorted(outcomes)[1] == "approved"
    assert balance("asset:cash", "bank") == 13
