"""A month that is closed takes nothing more; late facts are posted into the next."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import Discrepancy, Period
from users.models import User


@transaction.atomic
def close_period(*, period: Period, by: User) -> Period:
    """For good: the database lets nobody open it again. Waits for postings in flight,
    which hold the row for share."""
    row = Period.objects.select_for_update().get(pk=period.pk)
    if row.closed_at:
        raise TransitionRefused
    if refusal := _why_not_close(row, by=by):
        raise ApprovalRefused(refusal)
    row.closed_at, row.closed_by = timezone.now(), by
    row.save(update_fields=["closed_at", "closed_by"])
    return row


def _why_not_close(period: Period, *, by: User) -> str:
    if not by.has_perm("commerce.change_period"):
        return _("Only who may change periods closes one.")
    if timezone.localdate() <= period.ends_on:
        return _("This month is not over.")
    is_open = Discrepancy.objects.filter(
        resolved_at=None, opened_at__date__lte=period.ends_on
    )
    if is_open.exists():
        return _("A discrepancy of this month is open.")
    if not verify().is_green:
        return _("The ledger is off. See ledger_verify.")
    return ""
