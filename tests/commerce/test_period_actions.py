from datetime import date

import pytest
from django.utils import timezone

from commerce.actions.periods import close_period
from commerce.exceptions import ApprovalRefused, LedgerRefused, TransitionRefused
from commerce.ledger.posting import period_of
from commerce.models import Discrepancy, Period
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


def test_a_month_is_closed_in_the_admin(admin_client, settings):
    settings.STAFF_SECOND_FACTOR = False
    period = period_of(LAST_YEAR)
    admin_client.post(
        "/admin/commerce/period/",
        {"action": "close_chosen", "_selected_action": [period.pk]},
    )
    period.refresh_from_db()
    assert period.closed_at
