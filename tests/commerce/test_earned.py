"""What boards, pins and months brought, and a month's account, to the minor unit."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from commerce.account_statement import balances_of
from commerce.actions.commissions import approve
from commerce.actions.commissions import sync_commission as sync
from commerce.earned import earned_by_board, earned_by_month, earned_by_pin, sum_of
from commerce.earnings import totals_of
from commerce.ledger import account, reverse
from commerce.models import Account, Entry, Journal, OrderLine, Period
from commerce.months import CalendarMonth
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    tell_line,
)

NOW = CalendarMonth.of(timezone.localdate())


@pytest.fixture
def programme(rita):
    return make_programme(shop=rita.shops.get(), rate_bp=800)


def link_on(board, programme, **fields):
    product = make_product(programme.shop)
    return make_link(
        programme=programme, pin=make_pin(board, product=product, **fields)
    )


def order(link, **fields):
    click = make_click(link)
    line = make_line(link.programme, click=click, product=link.product, **fields)
    return sync(line=line)


def ordered_at(commission, moment):
    OrderLine.objects.filter(pk=commission.line_id).update(created_at=moment)
    return commission


def summed(rows):
    """As `totals_of` tells it, for comparison."""
    whole = sum_of(rows).sums
    return [{"currency": name, **words} for name, words in sorted(whole.items())]


@pytest.fixture
def trade(programme, alice, bob, rosa):
    """Orders in every state, in two currencies, on boards of all kinds."""
    abroad = make_programme(currency="USD")
    winter = make_board(alice, "Winter")
    hush = make_board(alice, "Hush", visibility="secret")
    one, two = link_on(winter, programme), link_on(hush, programme)
    order(one, paid_minor=10_001)
    approve(commission=tell_line(order(one).line, status="received"), by=rosa)
    tell_line(order(two).line, status="invalid")
    tell_line(order(two, paid_minor=777).line, status="received")
    order(link_on(winter, abroad), paid_minor=3_333)
    order(link_on(make_board(bob, "Bob's"), programme, origin_pinner=alice))
    gone = link_on(winter, programme)
    order(gone)
    gone.pin.delete()
    ordered_at(order(one), NOW.earlier().begins)
    return {"winter": winter, "hush": hush}


@pytest.mark.parametrize("by", [earned_by_board, earned_by_month])
def test_the_groups_sum_to_the_totals_to_the_last_minor_unit(trade, alice, bob, by):
    assert summed(by(alice)) == totals_of(alice)
    assert summed(by(bob)) == totals_of(bob)
    assert totals_of(alice)[0]["returned"] > 0


@pytest.mark.parametrize("month", [NOW, NOW.earlier(), NOW.earlier(2)])
def test_boards_of_a_month_sum_to_that_month(trade, alice, month):
    by_month = {row.month: row.sums for row in earned_by_month(alice)}
    assert sum_of(earned_by_board(alice, month)).sums == by_month.get(month, {})


def test_months_sum_to_the_ledger_where_all_is_received(programme, alice, rosa):
    link = link_on(make_board(alice), programme)
    for paid in (10_001, 777, 33_333):
        commission = tell_line(order(link, paid_minor=paid).line, status="received")
    tell_line(commission.line, refunded_minor=11_111, status="received")
    owed = -sum(row.balance_minor for row in Account.objects.filter(user=alice))
    assert owed > 0
    assert sum_of(earned_by_month(alice)).kept == [("CNY", owed)]
    assert [row.closing for row in balances_of(alice, NOW)] == [owed]


def test_each_order_is_on_the_board_where_its_pin_lies_now(trade, programme, alice):
    found = {row.board.title: row for row in earned_by_board(alice) if row.board}
    assert found["Hush"].orders == 2
    assert found["Winter"].orders == 4
    assert found["Winter"].clicks == 4
    link = link_on(trade["winter"], programme)
    order(link)
    link.pin.board = trade["hush"]
    link.pin.save()
    found = {row.board.title: row for row in earned_by_board(alice) if row.board}
    assert (found["Hush"].orders, found["Winter"].orders) == (3, 4)


def test_who_left_a_secret_board_is_not_told_its_name(programme, alice, bob):
    board = make_board(bob, "Hush", visibility="secret")
    pin = make_pin(board, product=make_product(programme.shop), pinner=alice)
    order(make_link(programme=programme, pin=pin, beneficiary=alice))
    (row,) = earned_by_board(alice)
    assert (row.board, row.kind, row.orders) == (None, "others", 1)


def test_a_first_pinner_learns_nothing_of_the_board_of_a_copy(
    client, programme, alice, bob
):
    order(link_on(make_board(bob, "Hush"), programme, origin_pinner=alice))
    (row,) = earned_by_board(alice)
    assert (row.board, row.kind) == (None, "copies")
    assert earned_by_pin(alice) == []
    client.force_login(alice)
    html = client.get("/earnings/").content.decode()
    assert "Copies of your pins" in html
    assert "Hush" not in html


def test_figures_of_a_secret_board_are_its_pinners_alone(client, trade, alice, charlie):
    client.force_login(alice)
    assert "Hush" in client.get("/earnings/").content.decode()
    client.force_login(charlie)
    html = client.get("/earnings/").content.decode()
    assert "Hush" not in html
    assert "Winter" not in html


def test_pins_tell_each_word_and_the_best_comes_first(programme, alice, rosa):
    board = make_board(alice)
    little, much = link_on(board, programme), link_on(board, programme)
    order(little)
    approve(commission=tell_line(order(much).line, status="received"), by=rosa)
    tell_line(order(much).line, status="invalid")
    order(much)
    first, second = earned_by_pin(alice)
    assert (first.pin, second.pin) == (much.pin, little.pin)
    assert (first.clicks, first.orders) == (3, 3)
    assert first.sums == {
        "CNY": {"on_its_way": 560, "approved": 560, "paid": 0, "returned": 560}
    }
    assert first.kept == [("CNY", 1120)]


def test_more_boards_than_are_listed_are_told_together(programme, alice):
    for number in range(32):
        order(link_on(make_board(alice, f"Board {number}"), programme))
    rows = earned_by_board(alice)
    assert len(rows) == 31
    assert (rows[-1].kind, rows[-1].orders) == ("others", 2)
    assert summed(rows) == totals_of(alice)


def page(client, user, query=""):
    client.force_login(user)
    return client.get(f"/earnings/{query}")


def test_a_month_shows_its_orders_alone(client, programme, alice):
    link = link_on(make_board(alice), programme)
    order(link, order_id="A-now")
    old = ordered_at(order(link, order_id="A-old"), NOW.begins - timedelta(seconds=1))
    answer = page(client, alice, f"?month={NOW.earlier()}")
    assert [share.commission for share in answer.context["orders"]] == [old]
    assert f"?month={NOW}" in answer.content.decode()  # the way on
    answer = page(client, alice, f"?month={NOW}")
    assert len(answer.context["orders"]) == 1
    assert f"?month={NOW.earlier()}" in answer.content.decode()


def test_a_month_without_an_order_says_so(client, alice):
    html = page(client, alice, f"?month={NOW}").content.decode()
    assert "No orders in this month" in html
    assert "Nothing was booked for you" in html


@pytest.mark.parametrize(
    "name", ["2026", "2026-13", "2026-1", "2999-01", "1999-01", "2026-01-01", "x"]
)
def test_what_names_no_month_is_not_found(client, alice, name):
    client.force_login(alice)
    assert client.get("/earnings/", {"month": name}).status_code == 404
    assert client.get(f"/earnings/months/{name}.csv").status_code == 404
    assert client.get("/earnings/statement.csv", {"month": name}).status_code == 404


def test_months_are_cut_in_the_sites_time_zone(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    november = CalendarMonth(datetime(2026, 11, 1, tzinfo=UTC).date())
    assert november.begins == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert november.ends == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert str(november.earlier(11)) == "2025-12"
    assert str(november.earlier(-2)) == "2027-01"


def test_pages_of_a_month_ask_who_reads(client, db):
    for path in (f"/earnings/?month={NOW}", f"/earnings/months/{NOW}.csv"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize(("query", "most"), [("", 23), (f"?month={NOW}", 16)])
def test_more_rows_ask_no_more_questions(
    client, programme, alice, count, query, most, django_assert_max_num_queries
):
    for _ in range(count):
        order(link_on(make_board(alice), programme))
    client.force_login(alice)
    with django_assert_max_num_queries(most):
        answer = client.get(f"/earnings/{query}")
    assert len(answer.context["by_board"]) == count


# The account of a month --------------------------------------------------------------


def booked(user, kind, pending=0, payable=0, *, month=NOW, currency="CNY"):
    """A journal in the books of that month; amounts good for the person are positive,
    the other side is the bank's."""
    day = month.starts_on
    period, _ = Period.objects.get_or_create(
        starts_on=day, defaults={"ends_on": month.ends.date() - timedelta(days=1)}
    )
    sides = [
        (Account.Kind.PENDING, str(user.pk), user, -pending),
        (Account.Kind.PAYABLE, str(user.pk), user, -payable),
        (Account.Kind.CASH, "bank", None, pending + payable),
    ]
    rows = [
        (account(kind_, key, currency, user=owner), amount)
        for kind_, key, owner, amount in sides
        if amount
    ]
    journal = Journal.objects.create(
        key=f"{kind}:{Journal.objects.count()}",
        kind=kind,
        period=period,
        entry_count=len(rows),
        event_at=timezone.now(),
    )
    for row, amount in rows:
        Entry.objects.create(
            journal=journal, account=row, currency=currency, amount_minor=amount
        )


@pytest.fixture
def year(alice, bob):
    """Two months of an account, with everything that can happen to it."""
    last = NOW.earlier()
    booked(alice, "ACCRUE", 1_000, month=last)
    booked(alice, "ADJUST", -200, month=last)
    booked(alice, "MATURE", -800, 800, month=last)
    booked(alice, "PAYOUT_SUBMIT", 0, -800, month=last)
    booked(alice, "ACCRUE", 500)
    booked(alice, "ADJUST", 0, -300)  # after the payout: a debt
    booked(alice, "ACCRUE", 70, currency="USD")
    booked(bob, "ACCRUE", 9_999)


def told(row):
    return row.currency, row.opening, row.earned, row.adjusted, row.paid, row.closing


def test_a_month_closes_with_what_the_next_opens_with(year, alice):
    assert [told(row) for row in balances_of(alice, NOW.earlier())] == [
        ("CNY", 0, 1_000, -200, 800, 0)
    ]
    assert [told(row) for row in balances_of(alice, NOW)] == [
        ("CNY", 0, 500, -300, 0, 200),
        ("USD", 0, 70, 0, 0, 70),
    ]
    assert balances_of(alice, NOW.earlier(2)) == []


def test_the_last_closing_balance_is_the_ledgers(year, alice, bob):
    for user in (alice, bob):
        for row in balances_of(user, NOW):
            accounts = Account.objects.filter(user=user, currency=row.currency)
            assert row.closing == -sum(one.balance_minor for one in accounts)


def test_a_payout_that_came_back_was_not_paid(alice):
    booked(alice, "MATURE", 0, 800)
    booked(alice, "PAYOUT_SUBMIT", 0, -800)
    journal = Journal.objects.get(kind="PAYOUT_SUBMIT")
    reverse(journal, event_at=timezone.now(), kind="PAYOUT_FAIL")
    assert [told(row) for row in balances_of(alice, NOW)] == [
        ("CNY", 0, 0, 800, 0, 800)
    ]


def statement(client, user, month=NOW):
    client.force_login(user)
    answer = client.get(f"/earnings/months/{month}.csv")
    assert answer.status_code == 200
    assert f"account-{month}.csv" in answer["Content-Disposition"]
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_statement_goes_from_opening_to_closing_row_by_row(client, year, alice):
    rows = statement(client, alice, NOW.earlier())
    assert [(row["What"], row["Amount"], row["Balance"]) for row in rows] == [
        ("Opening balance", "", "0.00"),
        ("Earned", "10.00", "10.00"),
        ("Adjusted", "'-2.00", "8.00"),
        ("Sent to the bank", "'-8.00", "0.00"),
        ("Closing balance", "", "0.00"),
    ]


def test_each_currency_of_a_statement_has_its_own_balance(client, year, alice):
    rows = statement(client, alice)
    closing = {row["Currency"]: row["Balance"] for row in rows[-2:]}
    assert closing == {"CNY": "2.00", "USD": "0.70"}


def test_a_statement_names_the_order_and_holds_only_ones_own(
    client, programme, alice, bob
):
    link = link_on(make_board(alice), programme)
    commission = order(link, order_id="A-7")
    tell_line(commission.line, status="received")
    rows = statement(client, alice)
    assert [(row["Order"], row["Amount"]) for row in rows] == [
        ("", ""),
        ("A-7", "5.60"),
        ("", ""),
    ]
    assert statement(client, bob) == []


def test_the_page_of_a_month_shows_its_account(client, year, alice):
    html = page(client, alice, f"?month={NOW}").content.decode()
    assert "−¥3.00" in html
    assert "<b>¥2.00</b>" in html
    assert f"/earnings/months/{NOW}.csv" in html
