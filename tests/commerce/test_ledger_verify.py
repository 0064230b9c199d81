"""The proof of the ledger over all that can be booked: by its command, and by night."""

from io import StringIO

import pytest
from celery.schedules import crontab
from django.conf import settings as site
from django.core.management import call_command
from django.db import connection

from commerce import tasks
from commerce.actions.claims import attribute_by_hand
from commerce.actions.commissions import approve, reject
from commerce.actions.payouts import (
    approve_batch,
    mark_failed,
    mark_paid,
    prepare_batch,
)
from commerce.actions.resolutions import resolve_line
from commerce.actions.statement_approvals import approve_matched
from commerce.actions.statements import approve_statement
from commerce.models import Commission, Journal
from tests.commerce.statements import SETTLED, make_league, open_statement, poll_order
from tests.commerce.test_payout_actions import can_be_paid
from tests.commerce.till import Till, make_signing_programme
from tests.factories import make_click, make_link
from users.actions import close_account

pytestmark = pytest.mark.django_db


def settle_a_month(league, rosa, ruth):
    """One order agrees, one is a cent short, and one only the network knows."""
    for number in "12":
        poll_order(league, number)
    statement = open_statement(
        league,
        rosa,
        ("1", *SETTLED),
        ("2", "已结算", "2.80", "0.13", "0.01"),
        ("404", *SETTLED),
        declared=38,
        receipt=38,
    )
    for line_id, action in [("2", "write_off"), ("404", "accept")]:
        line = statement.lines.get(line_id=line_id)
        resolve_line(line=line, action=action, reason="As agreed.", by=rosa)
    approve_statement(statement=statement, by=ruth)
    approve_matched(statement=statement, by=ruth)


def sell_and_pay(people, rosa, ruth):
    """A shop's orders: of alice, paid out and then refunded in part; of bob, who then
    leaves; of charlie, whose money the bank sends back; and one rejected."""
    alice, bob, charlie = people
    programme = make_signing_programme(rate_bp=1000)
    till, told = Till(programme, None), {}

    def sell(person):
        till.click = make_click(make_link(programme=programme, beneficiary=person))
        order = told[person] = till.order(status="received")
        assert till.send(order).status_code == 200
        return Commission.objects.latest("pk")

    for person in (alice, charlie):
        approve(commission=sell(person), by=rosa)
    sell(bob)
    reject(commission=sell(bob), by=rosa, reason="Not a sale.")
    close_account(user=bob)
    batch = approve_batch(batch=prepare_batch(currency="CNY", by=rosa), by=ruth)
    mark_paid(payout=batch.payouts.get(user=alice), by=rosa, external_ref="B-1")
    mark_failed(payout=batch.payouts.get(user=charlie), by=rosa, note="No account.")
    assert till.send(till.refund(told[alice], "250.00")).status_code == 200


@pytest.fixture
def booked(alice, bob, charlie, rosa, ruth, settings):
    settings.PAYOUT_MINIMUM_MINOR = 1
    can_be_paid(alice)
    can_be_paid(charlie)
    settle_a_month(make_league(alice), rosa, ruth)
    sell_and_pay((alice, bob, charlie), rosa, ruth)
    attribute_by_hand(
        commission=Commission.objects.get(line__line_id="404"),
        beneficiary=charlie,
        by=rosa,
        reason="Their receipt.",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def verified():
    """What the command says, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("ledger_verify", stdout=out, stderr=err)
    except SystemExit as ended:
        return ended.code, err.getvalue()
    return 0, out.getvalue()


def corrupt(sql):
    """With the guards off, as a superuser's hand or a restored dump would."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount
        cursor.execute("SET session_replication_role = DEFAULT")


def test_a_month_of_all_kinds_of_money_is_proved(booked):
    assert set(Journal.objects.values_list("kind", flat=True)) >= {
        *("ACCRUE", "MATURE", "ADJUST", "RECEIPT", "WRITE_OFF"),
        *("PAYOUT_SUBMIT", "PAYOUT_OK", "PAYOUT_FAIL"),
    }
    code, told = verified()
    assert code == 0, told
    assert "right to the last minor unit" in told


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE commerce_entry SET amount_minor = amount_minor + 1 WHERE id ="
        " (SELECT min(id) FROM commerce_entry)",
        "DELETE FROM commerce_entry WHERE id = (SELECT max(id) FROM commerce_entry)",
        "DELETE FROM commerce_journal WHERE kind = 'RECEIPT'",
        "DELETE FROM commerce_journal WHERE kind = 'PAYOUT_OK'",
        "UPDATE commerce_account SET balance_minor = 0 WHERE kind = 'liab:suspense'",
        "UPDATE commerce_commissionshare SET party_id = NULL WHERE role = 'pinner'",
        "UPDATE commerce_statementline SET is_counted = false",
        "UPDATE commerce_payout SET amount_minor = amount_minor + 1",
        "UPDATE commerce_orderline SET refunded_minor = 0 WHERE refunded_minor > 0",
        "DELETE FROM commerce_observation WHERE source = 'postback'",
    ],
)
def test_what_was_changed_behind_its_back_is_told(booked, damage):
    corrupt(damage)
    code, told = verified()
    assert code == 1
    assert "off" in told


def test_each_night_it_is_proved_and_what_is_off_is_an_alarm(booked, caplog):
    nightly = site.CELERY_BEAT_SCHEDULE["ledger"]
    assert nightly["task"] == tasks.verify_ledger.name
    assert nightly["schedule"] == crontab(hour="3", minute="20")

    def night():
        caplog.clear()
        tasks.verify_ledger()
        tasks.replay_lines()
        return [row.getMessage() for row in caplog.records if "is off" in row.msg]

    assert night() == []
    corrupt("UPDATE commerce_account SET balance_minor = 1 WHERE kind = 'rev:platform'")
    corrupt("UPDATE commerce_orderline SET paid_minor = paid_minor + 1")
    alarms = night()
    assert any("account balance" in alarm for alarm in alarms)
    assert any("paid of order line" in alarm for alarm in alarms)
