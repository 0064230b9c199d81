from datetime import date

import pytest
from django.utils import timezone

from commerce.actions.periods import close_period
from commerce.exceptions import ApprovalRefused, LedgerRefused, TransitionRefused
from commerce.ledger import accounts
from commerce.ledger.posting import period_of
from commerce.models import (
    Account,
    Commission,
    Discrepancy,
    Journal,
    Period,
    Statement,
    WriteOff,
)
from commerce.period_checks import PROVED_AT_ONCE
from tests.factories import make_click, make_line, make_link, make_programme, tell_line

pytestmark = pytest.mark.django_db
LAST_YEAR = date(2025, 3, 9)


@pytest.fixture
def admin(admin_user):
    return admin_user


def test_a_month_that_is_over_is_closed_once(admin):
    period = close_period(period=period_of(LAST_YEAR), by=admin)
    assert period.closed_by == admin
    with pytest.raises(TransitionRefused):
        close_period(period=period, by=admin)


def test_the_month_that_runs_is_not_closed(admin, alice):
    with pytest.raises(ApprovalRefused, match="not over"):
        close_period(period=period_of(timezone.localdate()), by=admin)


def test_reviewers_and_strangers_close_nothing(rosa, charlie):
    for person in (rosa, charlie):
        with pytest.raises(ApprovalRefused):
            close_period(period=period_of(LAST_YEAR), by=person)


def test_an_open_discrepancy_of_the_month_keeps_it_open(admin):
    found = Discrepancy.objects.create(kind="regression")
    Discrepancy.objects.filter(pk=found.pk).update(opened_at="2025-03-01T00:00Z")
    with pytest.raises(ApprovalRefused, match="discrepancy"):
        close_period(period=period_of(LAST_YEAR), by=admin)


def test_a_refund_of_a_closed_month_is_posted_into_the_one_that_runs(admin, alice):
    link = make_link(programme=make_programme(), beneficiary=alice)
    line = make_line(link.programme, click=make_click(link))
    tell_line(line, status="received")
    close_period(period=period_of(LAST_YEAR), by=admin)
    commission = tell_line(line, refunded_minor=5000)
    assert commission.net_minor == 400
    Period.objects.filter(closed_at=None).update(closed_at="2026-01-01T00:00Z")
    with pytest.raises(LedgerRefused):
        tell_line(line, refunded_minor=6000)


def test_a_statement_that_is_not_approved_keeps_the_month_open(admin):
    rows = {"network": make_programme().network, "currency": "CNY"}
    statement = Statement.objects.create(
        **rows, month=date(2025, 3, 1), sha256="1", state="open", imported_by=admin
    )
    later = {"month": date(2025, 4, 1), "sha256": "2", "state": "open"}
    Statement.objects.create(**rows, **later, imported_by=admin)
    with pytest.raises(ApprovalRefused, match="statement"):
        close_period(period=period_of(LAST_YEAR), by=admin)
    Statement.objects.filter(pk=statement.pk).update(state="cancelled")
    assert close_period(period=period_of(LAST_YEAR), by=admin).closed_at


def test_a_write_off_that_waits_keeps_the_month_open(admin, alice, rosa):
    fields = {"currency": "CNY", "amount_minor": 1, "reason": "x", "created_by": rosa}
    row = WriteOff.objects.create(user=alice, **fields)
    with pytest.raises(ApprovalRefused, match="write-off"):
        close_period(period=period_of(LAST_YEAR), by=admin)
    WriteOff.objects.filter(pk=row.pk).update(state="refused")
    assert close_period(period=period_of(LAST_YEAR), by=admin).closed_at


def test_a_ledger_that_is_off_keeps_the_month_open(admin, alice):
    link = make_link(programme=make_programme(), beneficiary=alice)
    tell_line(make_line(link.programme, click=make_click(link)), status="received")
    Commission.objects.update(is_accrued=False)
    with pytest.raises(ApprovalRefused, match="ledger is off"):
        close_period(period=period_of(LAST_YEAR), by=admin)


@pytest.fixture
def page(settings):
    settings.STAFF_SECOND_FACTOR = False

    def page(client, day=LAST_YEAR):
        return f"/admin/commerce/period/{period_of(day).pk}/change/"

    return page


def marks(answer):
    return [check.is_met for check in answer.context["checks"]]


def test_the_checklist_says_what_is_left_to_do(admin_client, page):
    answer = admin_client.get(page(admin_client, timezone.localdate()))
    assert marks(answer) == [False, True, True, True, True, True]
    assert "This month is not over." in answer.content.decode()
    assert "disabled" in answer.content.decode()
    found = Discrepancy.objects.create(kind="regression")
    Discrepancy.objects.filter(pk=found.pk).update(opened_at="2025-03-01T00:00Z")
    answer = admin_client.get(page(admin_client))
    assert marks(answer) == [True, False, True, True, True, True]
    assert "/admin/commerce/discrepancy/?open=yes" in answer.content.decode()


def test_a_month_is_closed_by_its_button_once(admin_client, page):
    address = page(admin_client)
    button = admin_client.get(address).content.decode()
    assert "disabled" not in button
    close = address.replace("change", "close")
    assert admin_client.get(close).status_code == 405
    told = admin_client.post(close, follow=True).content.decode()
    assert "2025-03 is closed." in told
    assert "Closed for good" in told
    assert period_of(LAST_YEAR).closed_at
    assert "faster" in admin_client.post(close, follow=True).content.decode()


def test_a_long_ledger_is_proved_when_somebody_asks(admin_client, page):
    journal = Journal(
        pk=PROVED_AT_ONCE + 1,
        key="late",
        kind="ADJUST",
        period=period_of(timezone.localdate()),
        entry_count=2,
        event_at=timezone.now(),
    )
    journal.save(force_insert=True)
    names = [(Account.Kind.CASH, "bank", None), (Account.Kind.PLATFORM, "site", None)]
    for row, amount in zip(accounts(names, "CNY"), (100, -100), strict=True):
        journal.entries.create(account=row, currency="CNY", amount_minor=amount)
    answer = admin_client.get(page(admin_client))
    assert marks(answer)[-1] is None
    assert "disabled" in answer.content.decode()
    assert "Check it now" in answer.content.decode()
    answer = admin_client.get(page(admin_client) + "?ledger=now")
    assert marks(answer)[-1] is True
    assert "disabled" not in answer.content.decode()


def test_reviewers_read_the_checklist_and_strangers_do_not(client, page, rosa, charlie):
    address = page(client)
    assert client.get(address).status_code == 302
    client.force_login(rosa)
    assert "Who may change periods closes it." in client.get(address).content.decode()
    client.post(address.replace("change", "close"))
    assert not period_of(LAST_YEAR).closed_at
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert client.get(address).status_code == 403
    assert client.post(address.replace("change", "close")).status_code == 403
