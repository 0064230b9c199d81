"""Look for what looks like fraud, and decide about it. Nobody is ever banned here: a
case keeps unpaid money back until a reviewer has looked, and no more."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commerce.actions.commissions import reject, restore
from commerce.actions.holds import hold, release
from commerce.actions.rights import REVIEW, without_reason
from commerce.exceptions import ApprovalRefused, TransitionRefused
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
from commerce.risk_rules import CASE_SCORE, Finding, findings, medians_of
from pinboard.actions.notifications import notify
from pinboard.models import Notification
from users.models import User

CLICKS_LOOKED_AT, ORDERS_LOOKED_AT = timedelta(days=7), timedelta(days=90)
UNPAID = (
    CommissionState.ESTIMATED,
    CommissionState.MATURING,
    CommissionState.PAYABLE,
)
State = RiskCase.State

CLEARED = gettext_noop("We looked into your commissions and found nothing amiss.")
UPHELD = gettext_noop("Commissions of yours were returned: “%(reason)s”")


def look_for_risk() -> int:
    """Once a night: keep the signals, open or join cases. How many people have one."""
    now = timezone.now()
    with patient_snapshot():
        everybody = facts_since(now - CLICKS_LOOKED_AT, now - ORDERS_LOOKED_AT)
        forged = forged_since(now - CLICKS_LOOKED_AT)
    medians = medians_of([row for facts in everybody.values() for row in facts.refunds])
    window = f"{timezone.localdate():%Y-%m-%d}"
    for code, orders in forged.items():
        _keep(None, code, window, [Finding(RiskRule.FORGED_REF, 1, {"orders": orders})])
    suspects = 0
    for pk, facts in everybody.items():
        found = findings(facts, medians)
        if not found:
            continue
        _keep(pk, str(pk), window, found)
        if sum(finding.score for finding in found) >= CASE_SCORE:
            suspects += 1
            open_case(person=User.objects.get(pk=pk))
    return suspects


@transaction.atomic
def open_case(*, person: User) -> RiskCase:
    """Or the one that is open; what the person is owed and not yet paid is held. After
    a case was cleared the same signals of the same days open none anew."""
    lately = timezone.now() - CLICKS_LOOKED_AT
    case, is_new = _case_of(person, lately)
    if is_new:
        _note(case, None)
    if not case.is_undecided:
        return case
    # Who merely pinned first is no reason to keep back what another earned.
    owed = Commission.objects.filter(
        shares__party=person, shares__role=Role.PINNER, state__in=UNPAID
    )
    for commission in owed.exclude(risk_cases__case=case).distinct().order_by("pk"):
        was_held = HoldReason.FRAUD in commission.hold_reasons
        hold(commission=commission, reason=HoldReason.FRAUD, by=None)
        if not was_held:  # else somebody holds it by hand, and lets go of it by hand
            CaseCommission.objects.create(case=case, commission=commission)
    return case


@transaction.atomic
def clear(*, case: RiskCase, by: User, reason: str) -> RiskCase:
    """Nothing was found: what the case held goes on, and after an appeal what it took
    is given back, but for what the network has taken meanwhile."""
    row = _decidable(case, by=by, reason=reason)
    was_appealed = row.state == State.APPEALED
    for held in row.held.select_related("commission").order_by("pk"):
        commission = held.commission
        if was_appealed and commission.rejected_at:
            with suppress(ApprovalRefused), transaction.atomic():
                commission = restore(commission=commission, by=by, reason=reason)
        if HoldReason.FRAUD in commission.hold_reasons:
            release(commission=commission, reason=HoldReason.FRAUD, by=by)
    _decide(row, State.CLEARED, by=by, reason=reason)
    if was_appealed:
        _tell(row, CLEARED)
    return row


@transaction.atomic
def uphold(*, case: RiskCase, by: User, reason: str) -> RiskCase:
    """What the case holds is returned, with a reason that the person reads. What was
    decided or paid meanwhile stays."""
    row = _decidable(case, by=by, reason=reason)
    for held in row.held.select_related("commission").order_by("pk"):
        if held.commission.state in UNPAID:
            reject(commission=held.commission, by=by, reason=reason)
    _decide(row, State.UPHELD, by=by, reason=reason)
    _tell(row, UPHELD)
    return row


@transaction.atomic
def appeal(*, case: RiskCase, by: User, text: str) -> RiskCase:
    """Once: another reviewer looks again."""
    row = RiskCase.objects.select_for_update().get(pk=case.pk)
    if row.person_id != by.pk or row.state != State.UPHELD or row.appealed_at:
        raise TransitionRefused
    if not text.strip():
        raise ApprovalRefused(_("Say why we should look again."))
    row.state, row.appeal = State.APPEALED, text.strip()[:1000]
    row.appealed_at = timezone.now()
    row.save(update_fields=["state", "appeal", "appealed_at"])
    _note(row, by, row.appeal)
    return row


def why_not_decide_case(case: RiskCase, *, by: User) -> str:
    """The first condition that does not hold; empty if this reviewer may."""
    if not by.has_perm(REVIEW):
        return _("Only reviewers decide about commissions.")
    if case.person_id == by.pk:
        return _("It is about you. Another reviewer must decide.")
    if not case.is_undecided:
        return _("It is decided.")
    if case.state == State.APPEALED and case.decided_by_id == by.pk:
        return _("You decided it. Another reviewer must hear the appeal.")
    return ""


def _case_of(person: User, lately: datetime) -> tuple[RiskCase, bool]:
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # one at a time
    cases = RiskCase.objects.filter(person=person)
    known = cases.filter(state__in=[State.OPEN, State.APPEALED]).first()
    known = known or cases.filter(decided_at__gte=lately).order_by("-pk").first()
    return (known, False) if known else (RiskCase.objects.create(person=person), True)


def _keep(person: int | None, subject: str, window: str, found: list[Finding]) -> None:
    """Once a day for the same thing, however often it is looked for."""
    RiskSignal.objects.bulk_create(
        [
            RiskSignal(
                rule=finding.rule,
                person_id=person,
                subject=subject,
                window=window,
                score=finding.score,
                evidence=finding.evidence,
            )
            for finding in found
        ],
        ignore_conflicts=True,
    )


def _decidable(case: RiskCase, *, by: User, reason: str) -> RiskCase:
    row = RiskCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if refusal := why_not_decide_case(row, by=by) or without_reason(reason):
        raise ApprovalRefused(refusal)
    return row


def _decide(row: RiskCase, state: str, *, by: User, reason: str) -> None:
    if row.state == State.APPEALED:
        row.heard_by = by
    else:
        row.decided_by = by
    row.state, row.reason = state, reason.strip()[:300]
    row.decided_at = timezone.now()
    row.save()
    _note(row, by, row.reason)


def _note(case: RiskCase, by: User | None, note: str = "") -> None:
    RiskCaseEvent.objects.create(case=case, state=case.state, by=by, note=note)


def _tell(case: RiskCase, text: str) -> None:
    notify(
        recipient=case.person,
        kind=Notification.Kind.NEWS,
        text=text,
        facts={"reason": case.reason},
        url=reverse("commerce:case-detail", args=[case.pk]),
    )
