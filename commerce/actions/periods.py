"""A month that is closed takes nothing more; late facts are posted into the next."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.models import Period
from commerce.period_checks import checks_of, first_unmet
from users.models import User


@transaction.atomic
def close_period(*, period: Period, by: User) -> Period:
    """For good: the database lets nobody open it again. Waits for postings in flight,
    which hold the row for share."""
    row = Period.objects.select_for_update().get(pk=period.pk)
    if row.closed_at:
        raise TransitionRefused
    if not by.has_perm("commerce.change_period"):
        raise ApprovalRefused(_("Only who may change periods closes one."))
    # The ledger last: it takes seconds, and the rest may refuse at once.
    if refusal := first_unmet(checks_of(row, with_ledger=False)[:-1]):
        raise ApprovalRefused(refusal)
    if refusal := first_unmet(checks_of(row, with_ledger=True)):
        raise ApprovalRefused(refusal)
    row.closed_at, row.closed_by = timezone.now(), by
    row.save(update_fields=["closed_at", "closed_by"])
    return row
