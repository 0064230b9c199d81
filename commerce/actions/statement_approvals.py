"""What an approved statement pays for is approved, each commission by itself. Those on
hold, or still returnable, or refused, roll over: they are tried again with the next
statement of the network, and keep the reason."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.commissions import approve
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.models import Commission, Statement, StatementLine
from users.models import User

LINES_AT_ONCE = 200
# A page or a worker is at it for as long; what is older comes with the next statement.
AT_WORK, SWEPT_FOR = timedelta(minutes=2), timedelta(days=1)

Outcome = StatementLine.Outcome


def approve_matched(
    *,
    statement: Statement,
    by: User,
    after: int = 0,
    budget_s: float | None = None,
) -> int | None:
    """From this line on, those that the statement and the network's statements before
    it pay for. The last line that was looked at comes back if there may be more."""
    ends_at = math.inf if budget_s is None else time.monotonic() + budget_s
    while lines := list(_due(statement).filter(pk__gt=after)[:LINES_AT_ONCE]):
        for line in lines:
            _approve(line, by)
            after = line.pk
            if time.monotonic() > ends_at:
                return after
    return None


def try_again(
    *, statement: Statement, by: User, budget_s: float | None = None
) -> int | None:
    """What rolled over may be ready by now."""
    if not by.has_perm("commerce.approve_statement"):
        raise ApprovalRefused(_("Only reviewers approve statements."))
    if statement.state != Statement.State.APPROVED:
        raise TransitionRefused
    return approve_matched(statement=statement, by=by, budget_s=budget_s)


def unfinished() -> Sequence[int]:
    """Statements of which a line was never looked at: the message is lost."""
    now = timezone.now()
    left = StatementLine.objects.paying().filter(statement=OuterRef("pk"), outcome="")
    rows = Statement.objects.filter(
        state=Statement.State.APPROVED,
        approved_at__range=(now - SWEPT_FOR, now - AT_WORK),
    )
    return list(rows.filter(Exists(left)).order_by("pk").values_list("pk", flat=True))


def _due(statement: Statement) -> QuerySet[StatementLine]:
    return (
        StatementLine.objects.paying()
        .filter(statement__network=statement.network_id, statement__lte=statement.pk)
        .exclude(outcome=Outcome.APPROVED)
        .order_by("pk")
    )


@transaction.atomic
def _approve(line: StatementLine, by: User) -> None:
    """One after the other, should two be at it."""
    line = StatementLine.objects.select_for_update().get(pk=line.pk)
    commission = Commission.objects.filter(line=line.order_line_id).first()
    outcome, note = Outcome.APPROVED, ""
    if commission is None:
        outcome, note = Outcome.WAITS, _("It has no commission.")
    elif commission.approved_at is None:
        try:
            with transaction.atomic():
                approve(commission=commission, by=by)
        except (ApprovalRefused, TransitionRefused) as error:
            outcome, note = Outcome.WAITS, str(error.for_user)
    if (line.outcome, line.outcome_note) != (outcome, note[:300]):
        line.outcome, line.outcome_note = outcome, note[:300]
        line.save(update_fields=["outcome", "outcome_note"])
