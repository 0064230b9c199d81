"""Look for what looks like fraud. Nobody is ever banned here: a case keeps unpaid money
back until a reviewer has looked (`commerce.actions.cases`), and no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from commerce.actions.holds import hold
from commerce.ledger.verify import patient_snapshot
from commerce.models import (
    CaseCommission,
    Commission,
    CommissionState,
    HoldReason,
    RiskCase,
    RiskCaseEvent,
    RiskRule,
    RiskSignal,
    Role,
)
from commerce.risk_facts import facts_since, forged_since
from commerce.risk_rules import Finding, findings, is_suspicious, medians_of
from users.models import User

CLICKS_LOOKED_AT, ORDERS_LOOKED_AT = timedelta(days=7), timedelta(days=90)
UNPAID = (
    CommissionState.ESTIMATED,
    CommissionState.MATURING,
    CommissionState.PAYABLE,
)
State = RiskCase.State


def look_for_risk() -> int:
    """Once a night: keep the signals, open or join cases. How many people have one."""
    now = timezone.now()
    with patient_snapshot():
        everybody = facts_since(now - CLICKS_LOOKED_AT, now - ORDERS_LOOKED_AT)
        forged = forged_since(now - CLICKS_LOOKED_AT)
    medians = medians_of([row for facts in everybody.values() for row in facts.refunds])
    found = {pk: findings(facts, medians) for pk, facts in everybody.items()}
    _keep(
        [
            *(_signal(row, str(pk), pk) for pk, rows in found.items() for row in rows),
            *(_signal(_of_forged(count), code) for code, count in forged.items()),
        ]
    )
    suspects = [pk for pk, rows in found.items() if is_suspicious(rows)]
    for person in User.objects.filter(pk__in=suspects, closed_at=None).order_by("pk"):
        open_case(person=person)
    for case in RiskCase.objects.filter(state=State.OPEN).exclude(person__in=suspects):
        hold_owed(case=case, by=None)
    return len(suspects)


@transaction.atomic
def open_case(*, person: User) -> RiskCase:
    """Or the one that is undecided; what the person is owed and not yet paid is held.
    They are told of a decision only: it may come to nothing."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # one at a time
    undecided = RiskCase.objects.filter(
        person=person, state__in=[State.OPEN, State.APPEALED]
    )
    case = undecided.first()
    if case is None:
        case = RiskCase.objects.create(person=person)
        note_in(case, None)
    hold_owed(case=case, by=None)
    return case


@transaction.atomic
def hold_owed(*, case: RiskCase, by: User | None) -> int:
    """What the person earned as a pinner since is held, too; how many commissions. What
    somebody else earned of a pin that this one pinned first is none of the case's."""
    held = []
    for commission in owed_beside(case):
        was_held = HoldReason.FRAUD in commission.hold_reasons
        hold(commission=commission, reason=HoldReason.FRAUD, by=by)
        if not was_held:  # else somebody holds it by hand, and lets go of it by hand
            held.append(CaseCommission(case=case, commission=commission))
    CaseCommission.objects.bulk_create(held)
    if held:
        note_in(case, by, held_count=len(held))
    return len(held)


def owed_beside(case: RiskCase) -> Iterable[Commission]:
    """Unpaid commissions of the person that the case does not hold. One that a reviewer
    let go of by hand stays in the case, and is not held again."""
    owed = Commission.objects.filter(
        shares__party=case.person_id, shares__role=Role.PINNER, state__in=UNPAID
    )
    return owed.exclude(risk_cases__case=case).order_by("pk")


def note_in(
    case: RiskCase, by: User | None, note: str = "", *, held_count: int | None = None
) -> None:
    RiskCaseEvent.objects.create(
        case=case, state=case.state, by=by, note=note, held_count=held_count
    )


def _of_forged(orders: int) -> Finding:
    return Finding(RiskRule.FORGED_REF, 1, {"orders": orders})


def _signal(found: Finding, subject: str, person: int | None = None) -> RiskSignal:
    return RiskSignal(
        rule=found.rule,
        person_id=person,
        subject=subject,
        window=f"{timezone.localdate():%Y-%m-%d}",
        score=found.score,
        evidence=found.evidence,
    )


def _keep(signals: list[RiskSignal]) -> None:
    """Those that say more than the last of their kind: the windows of two nights
    overlap, and the same burst is in both."""
    newest = RiskSignal.objects.filter(subject__in={row.subject for row in signals})
    newest = newest.order_by("subject", "rule", "-pk").distinct("subject", "rule")
    known = {(row.subject, row.rule): row.evidence for row in newest}
    news = [
        row for row in signals if known.get((row.subject, row.rule)) != row.evidence
    ]
    RiskSignal.objects.bulk_create(news, ignore_conflicts=True)
