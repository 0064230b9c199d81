"""Posting, by one and by many; and the proof that finds every cent that is off."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from commerce.actions.commissions import approve, reject
from commerce.actions.orders import observe
from commerce.actions.payouts import approve_batch, prepare_batch
from commerce.click_refs import click_ref_of
from commerce.exceptions import LedgerRefused
from commerce.ledger import (
    account,
    post,
    replay,
    replay_some,
    report,
    reverse,
    verify,
)
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    Journal,
    PayoutAccount,
    Period,
)
from commerce.networks.adapters import read_report
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def cash(db):
    return account("asset:cash", "bank", "CNY")


@pytest.fixture
def site(db):
    return account("rev:platform", "site", "CNY")


def receipt(cash, site, amount=500, key="RECEIPT:1:1"):
    return post(
        kind="RECEIPT", key=key, entries=[(cash, amount), (site, -amount)], event_at=NOW
    )


def balance_of(row):
    return Account.objects.get(pk=row.pk).balance_minor


def in_threads(function, count):
    """Run it in as many connections at once; the errors that came."""
    barrier = threading.Barrier(count)

    def run(number):
        try:
            barrier.wait(10)
            function(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        runs = [pool.submit(run, number) for number in range(count)]
    return [run.exception() for run in runs if run.exception()]


def test_a_journal_moves_its_accounts(cash, site):
    receipt(cash, site)
    assert (balance_of(cash), balance_of(site)) == (500, -500)
    assert Journal.objects.get().period.starts_on == timezone.localdate().replace(day=1)


def test_the_same_key_again_is_the_first_journal(cash, site):
    assert receipt(cash, site) == receipt(cash, site)
    assert balance_of(cash) == 500


def test_the_same_key_with_other_entries_is_refused(cash, site):
    receipt(cash, site)
    with pytest.raises(LedgerRefused):
        receipt(cash, site, amount=501)


def test_what_does_not_balance_is_refused_before_it_is_written(cash, site):
    with pytest.raises(LedgerRefused):
        post(kind="RECEIPT", key="k", entries=[(cash, 5), (site, -4)], event_at=NOW)
    with pytest.raises(LedgerRefused):
        post(kind="RECEIPT", key="k", entries=[], event_at=NOW)


def test_a_closed_month_takes_nothing_more(cash, site):
    receipt(cash, site)
    Period.objects.update(closed_at=NOW)
    with pytest.raises(LedgerRefused):
        receipt(cash, site, key="RECEIPT:2:1")


def test_a_reversal_undoes_to_the_cent_and_once(cash, site):
    journal = receipt(cash, site)
    assert reverse(journal, event_at=NOW) == reverse(journal, event_at=NOW)
    assert (balance_of(cash), balance_of(site)) == (0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_accounts_of_two_currencies_are_two(cash):
    assert account("asset:cash", "bank", "USD") != cash
    assert account("asset:cash", "bank", "CNY") == cash


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_four_threads_with_one_key_post_once():
    cash, site = account("asset:cash", "b", "CNY"), account("rev:platform", "s", "CNY")
    found = []
    errors = in_threads(lambda _: found.append(receipt(cash, site).pk), 24)
    assert errors == []
    assert len(found) == 24
    assert len(set(found)) == 1
    assert Journal.objects.count() == 1
    assert balance_of(cash) == 500


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_opposite_transfers_at_once_neither_block_nor_lose():
    cash, site = account("asset:cash", "b", "CNY"), account("rev:platform", "s", "CNY")

    def transfer(number):
        pair = [(cash, 1), (site, -1)]
        for turn in range(5):
            entries = pair if number % 2 else [(row, -a) for row, a in reversed(pair)]
            post(kind="ADJUST", key=f"{number}:{turn}", entries=entries, event_at=NOW)

    assert in_threads(transfer, 8) == []
    assert Journal.objects.count() == 40
    assert (balance_of(cash), balance_of(site)) == (0, 0)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_new_accounts_made_by_many_at_once_are_made_once():
    def make(number):
        with transaction.atomic():
            keys = [str(k) for k in range(6)]
            for key in keys if number % 2 else sorted(keys, key=int):
                account("liab:pending", key, "CNY")

    assert in_threads(make, 8) == []
    assert Account.objects.count() == 6


# The proof ----------------------------------------------------------------------------


def ask_the_guards():
    """What waits for the commit, now; what comes later waits again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def booked(alice):
    link = make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)
    line = make_line(link.programme, click=make_click(link, rate_bp=1000))
    commission = tell_line(line, status="received")
    ask_the_guards()
    return commission


def with_guards_off(sql, *values):
    """As a restored dump or a superuser's hand would leave it."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET session_replication_role = DEFAULT")


def checks_that_fail():
    return {finding.check for finding in verify().findings}


def test_a_right_ledger_is_proved(booked):
    outcome = verify()
    assert outcome.is_green
    assert (outcome.journals, outcome.commissions) == (1, 1)
    totals = {total.kind: total.balance_minor for total in outcome.totals}
    assert totals == {
        "asset:receivable": 1000,
        "liab:pending": -600,
        "rev:platform": -400,
    }


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        (
            "UPDATE commerce_account SET balance_minor = balance_minor + 1"
            " WHERE kind = 'liab:pending'",
            {"account balance"},
        ),
        (
            "UPDATE commerce_entry SET amount_minor = amount_minor - 1"
            " WHERE amount_minor = -600",
            {"trial balance", "journal sum", "account balance", "projection"},
        ),
        (
            "UPDATE commerce_journal SET entry_count = 2",
            {"journal seal"},
        ),
        (
            "UPDATE commerce_commissionshare SET amount_minor = 601"
            " WHERE role = 'pinner'",
            {"share sum", "projection"},
        ),
        (
            "UPDATE commerce_commission SET is_accrued = false",
            {"projection", "state"},
        ),
        (
            "UPDATE commerce_commission SET approved_at = now()",
            {"projection"},
        ),
        (
            "UPDATE commerce_commission SET state = 'clawed_back'",
            {"returned net"},
        ),
        (
            "UPDATE commerce_commission SET state = 'payable'",
            {"state"},
        ),
        (
            "UPDATE commerce_commission SET state = 'estimated'",
            {"state"},
        ),
        (
            "UPDATE commerce_commissionshare SET party_id ="
            " (SELECT id FROM users_user WHERE username = 'mallory')"
            " WHERE role = 'pinner'",
            {"owner", "projection"},
        ),
        (
            "UPDATE commerce_commissionshare SET party_id ="
            " (SELECT id FROM users_user WHERE username = 'mallory')"
            " WHERE role = 'platform'",
            {"owner", "projection"},
        ),
    ],
)
def test_every_cent_that_is_off_is_found(booked, damage, checks):
    make_user("mallory")
    with_guards_off(damage)
    assert checks_that_fail() == checks


def test_a_share_that_a_payout_forgot_is_found(booked, rosa, ruth, alice, settings):
    """It could be paid a second time."""
    settings.PAYOUT_MINIMUM_MINOR = 100
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True)
    PayoutAccount.objects.create(user=alice, method="bank", holder="A", number="1234")
    booked = approve(commission=booked, by=rosa)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    assert checks_that_fail() == set()
    with_guards_off("UPDATE commerce_payoutline SET is_live = false")
    assert checks_that_fail() == {"live lines"}


@pytest.fixture
def reported(alice):
    """An order as its shop told it, received and then refunded in part."""
    programme = make_programme(rate_bp=1000)
    click = make_click(make_link(programme=programme, beneficiary=alice), rate_bp=1000)
    told = {
        "type": "order",
        "order_id": "A-1",
        "line_id": "A-1-1",
        "click_id": click_ref_of(click.pk),
        "status": "received",
        "amount": "100.00",
        "currency": "CNY",
        "occurred_at": timezone.now().isoformat(),
    }
    refund = {"type": "refund", "refund_id": "r-1", "refunded": "40.00"}
    for number, payload in enumerate([told, told | refund]):
        payload = payload | {"event_id": f"e-{number}"}
        observe(
            network=programme.network,
            source="postback",
            report=read_report(programme.network, payload),
            payload=payload,
            event_id=payload["event_id"],
        )
    ask_the_guards()
    return Commission.objects.get()


def test_what_the_reports_say_is_proved(reported):
    assert reported.net_minor == 600
    assert list(replay()) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE commerce_orderline SET refunded_minor = 0", "refunded of order line"),
        ("UPDATE commerce_orderline SET paid_minor = 20000", "paid of order line"),
        (
            "UPDATE commerce_orderline SET gross_fee_minor = 9",
            "gross fee of order line",
        ),
        ("UPDATE commerce_orderline SET status = 'settled'", "status of order line"),
        ("DELETE FROM commerce_observation", "paid of order line"),
        (
            "UPDATE commerce_commission SET gross_minor = 601, fee_minor = 1",
            "gross of commission",
        ),
        (
            "UPDATE commerce_commission SET net_minor = 601, gross_minor = 601",
            "net of commission",
        ),
        ("UPDATE commerce_commission SET full_gross_minor = 9", "whole of commission"),
    ],
)
def test_what_no_report_says_is_found(reported, damage, named):
    """Though the ledger itself may balance: a forger changes all that belongs to it."""
    with_guards_off(damage)
    assert named in " ".join(map(str, replay()))


def test_the_command_replays_the_reports(reported):
    call_command("ledger_verify", stdout=StringIO(), stderr=StringIO())
    with_guards_off("UPDATE commerce_orderline SET paid_minor = 20000")
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("ledger_verify", stdout=StringIO(), stderr=err)
    assert "A-1-1" in err.getvalue()


def test_many_lines_are_replayed_some_at_a_time(reported, rosa):
    reject(commission=reported, by=rosa, reason="A reviewer's word is no forgery.")
    first, last = replay_some(after=0, limit=1)
    assert (first, last) == ([], reported.line_id)
    assert replay_some(after=last, limit=1) == ([], None)


def test_an_off_cent_is_named_with_both_sums(booked):
    with_guards_off(
        "UPDATE commerce_account SET balance_minor = -599 WHERE kind = 'liab:pending'"
    )
    (finding,) = verify().findings
    assert finding.off_minor == 1
    assert "-599" in str(finding)
    assert "-600" in str(finding)


def test_the_command_exits_with_one_and_says_what_is_off(reported):
    out, err = StringIO(), StringIO()
    call_command("ledger_verify", stdout=out, stderr=err)
    assert "right to the last minor unit" in out.getvalue()
    with_guards_off("UPDATE commerce_account SET balance_minor = 1")
    with pytest.raises(SystemExit) as ended:
        call_command("ledger_verify", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert "off by" in err.getvalue()


def test_the_report_is_read_from_rows(booked, alice):
    out = StringIO()
    call_command("ledger_report", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found == json.loads(json.dumps(report()))
    assert {
        "kind": "liab:pending",
        "key": str(alice.pk),
        "currency": "CNY",
        "balance_minor": -600,
    } in found["accounts"]
    assert found["journals"] == [{"kind": "ACCRUE", "currency": "CNY", "count": 1}]
    assert found["commissions"] == [
        {
            "state": "maturing",
            "currency": "CNY",
            "count": 1,
            "gross_minor": 1000,
            "fee_minor": 0,
            "net_minor": 1000,
        }
    ]
    shares = {row["role"]: row["amount_minor"] for row in found["shares"]}
    assert shares == {"pinner": 600, "platform": 400}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_proof_looks_at_one_moment_of_a_moving_ledger(alice):
    link = make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)
    line = make_line(link.programme, click=make_click(link, rate_bp=1000))
    commission = tell_line(line, status="received")
    stop, off = threading.Event(), []

    def look():
        while not stop.is_set():
            off.extend(verify().findings)
        connection.close()

    looking = threading.Thread(target=look)
    looking.start()
    for refunded in range(100, 2100, 100):
        tell_line(line, refunded_minor=refunded)
    stop.set()
    looking.join(30)
    assert off == []
    assert Commission.objects.get(pk=commission.pk).net_minor == 800
    assert CommissionShare.objects.count() == 2
