"""What must be true of a month before it is closed for good, and what to do about each
that is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.ledger import verify
from commerce.models import Discrepancy, Entry, Journal, Period, Statement, WriteOff

# So many journals are proved while a page waits.
PROVED_AT_ONCE = 20_000


@dataclass(frozen=True)
class Check:
    title: str
    is_met: bool | None  # None: nobody looked yet
    todo: str = ""
    link: str = ""


def checks_of(period: Period, *, with_ledger: bool) -> list[Check]:
    """In the order in which one works through them."""
    return [
        _is_over(period),
        _no_discrepancy(period),
        _no_statement(period),
        _no_write_off(),
        _trial_balance(),
        _ledger(is_asked=with_ledger),
    ]


def first_unmet(checks: Sequence[Check]) -> str:
    """What to do about it; empty if the month may be closed."""
    return next((check.todo for check in checks if not check.is_met), "")


def is_proved_at_once() -> bool:
    """By the latest key: to count the journals would take as long."""
    latest = Journal.objects.order_by("-pk").values_list("pk", flat=True).first()
    return (latest or 0) <= PROVED_AT_ONCE


def _is_over(period: Period) -> Check:
    is_over = timezone.localdate() > period.ends_on
    todo = _("This month is not over. Wait until %(day)s has passed.")
    return Check(_("The month is over"), is_over, todo % {"day": period.ends_on})


def _no_discrepancy(period: Period) -> Check:
    found = Discrepancy.objects.filter(
        resolved_at=None, opened_at__date__lte=period.ends_on
    )
    return Check(
        _("No discrepancy of the month is open"),
        not found.exists(),
        _("A discrepancy of this month is open. Resolve it, with a reason."),
        reverse("admin:commerce_discrepancy_changelist") + "?open=yes",
    )


def _no_statement(period: Period) -> Check:
    months = Statement.objects.in_force().filter(month__lte=period.ends_on)
    return Check(
        _("The networks' statements of the month are approved"),
        not months.exclude(state=Statement.State.APPROVED).exists(),
        _("A statement of this month is not approved. Check and approve it."),
        reverse("admin:commerce_statement_changelist"),
    )


def _no_write_off() -> Check:
    waiting = WriteOff.objects.filter(state=WriteOff.State.REQUESTED)
    return Check(
        _("No write-off waits for a decision"),
        not waiting.exists(),
        _("A write-off waits for a second reviewer. Approve or refuse it."),
        reverse("admin:commerce_writeoff_changelist") + "?state__exact=requested",
    )


def _trial_balance() -> Check:
    sums = Entry.objects.order_by().values("currency").annotate(Sum("amount_minor"))
    return Check(
        _("Debits and credits are equal"),
        not sums.exclude(amount_minor__sum=0).exists(),
        _("The ledger is off. See ledger_verify."),
    )


def _ledger(*, is_asked: bool) -> Check:
    title = _("The ledger proves itself")
    if not is_asked:
        return Check(title, None, _("Have the ledger checked first."))
    todo = _("The ledger is off. See ledger_verify.")
    return Check(title, verify().is_green, todo)
