"""Bring our money to what an order line says, and what reviewers decide about it.

The line is a state, not an event: whatever came, how often and in which order, the
same line gives the same commission and the same balances.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.attributions import attribute, record
from commerce.actions.holds import (
    HOLDING,
    holds_at_attribution,
    holds_of_discrepancies,
    note_discrepancies,
)
from commerce.actions.news import tell_approved, tell_returned
from commerce.actions.rights import why_not_decide, without_reason
from commerce.actions.shares import assign_parts, share_out
from commerce.attribution import Decision, Owner
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.figures import RECEIVED, SELF_PURCHASE, Figures, figures_of, split_rule_of
from commerce.ledger.booking import book
from commerce.models import (
    Attribution,
    Basis,
    Commission,
    CommissionState,
    JournalKind,
    OrderLine,
    Payout,
)
from commerce.money import amount_text
from users.models import User

S = CommissionState
BOOKED = (S.MATURING, S.PAYABLE, S.IN_PAYOUT, S.PAID)
RETURNED = (S.VOID, S.CLAWED_BACK)
FIRST_VERSION = 2  # after the first `bring`


@transaction.atomic
def sync_commission(
    *, line: OrderLine, event_at: datetime | None = None, by: User | None = None
) -> Commission:
    """Attribute the line if nobody has, then make commission, shares and ledger what
    the line says. Idempotent. Locks the line, then its commission."""
    line = _locked_line(line.pk)
    attribution = current_attribution(line) or attribute(line)
    commission = Commission.objects.select_for_update().filter(line=line).first()
    if commission is None:
        commission = _open(line, attribution)
    commission.line = line
    bring(commission, attribution, event_at=event_at, by=by)
    return commission


@transaction.atomic
def approve(*, commission: Commission, by: User) -> Commission:
    """Owe the shares for good: from `pending` to `payable`. Raises ApprovalRefused with
    the condition that does not hold, TransitionRefused if somebody was faster."""
    row, _attribution = locked(commission)
    if row.state != S.MATURING:
        raise TransitionRefused
    if reason := why_not_approve(row, by=by):
        raise ApprovalRefused(reason)
    row.approved_at = timezone.now()
    row.save(update_fields=["approved_at", "updated_at"])
    book(row, kind=JournalKind.MATURE, event_at=row.approved_at, by=by)
    row.move_to(S.PAYABLE, by=by)
    tell_approved(row)
    return row


@transaction.atomic
def reject(*, commission: Commission, by: User, reason: str) -> Commission:
    """Take it back, with a reason that the pinner reads. What was paid stays paid."""
    row, attribution = locked(commission)
    if refusal := _why_not_reject(row, by=by, reason=reason):
        raise ApprovalRefused(refusal)
    row.rejected_at = timezone.now()
    row.return_reason = reason.strip()[:300]
    bring(row, attribution, event_at=row.rejected_at, by=by, note=row.return_reason)
    return row


@transaction.atomic
def restore(*, commission: Commission, by: User, reason: str) -> Commission:
    """Undo a rejection, or the programme's own-purchase rule. What the network took
    back is not ours to give."""
    row, attribution = locked(commission)
    if row.state not in RETURNED:
        raise TransitionRefused
    if refusal := why_not_decide(row, by=by) or without_reason(reason):
        raise ApprovalRefused(refusal)
    row.rejected_at, row.return_reason = None, ""
    if attribution.reason == SELF_PURCHASE:
        attribution = record(
            row.line,
            Decision(
                attribution.basis,
                click_id=attribution.click_id,
                owner=owner_of(attribution),
                candidates=attribution.candidates,
            ),
            is_self=True,
            by=by,
        )
    bring(row, attribution, event_at=timezone.now(), by=by, note=reason.strip()[:300])
    if row.state in RETURNED:
        raise ApprovalRefused(_("The network took this back: nothing is left of it."))
    return row


def why_not_approve(commission: Commission, *, by: User) -> str:
    """The first condition that does not hold; empty if it may be approved."""
    if refusal := why_not_decide(commission, by=by):
        return refusal
    if commission.state != S.MATURING or commission.line.status not in RECEIVED:
        return _("It is not received, or was decided before.")
    if commission.hold_until and commission.hold_until > timezone.now():
        day = timezone.localtime(commission.hold_until)
        return _("Returns are possible until %(day)s.") % {"day": f"{day:%Y-%m-%d}"}
    if commission.hold_reasons:
        return _("It is on hold. Release it first.")
    return ""


def locked(commission: Commission) -> tuple[Commission, Attribution]:
    """The row as it is now, and its attribution. Everybody locks the line first."""
    line = _locked_line(commission.line_id)
    row = Commission.objects.select_for_update().get(pk=commission.pk)
    row.line = line
    attribution = current_attribution(line) or attribute(line)
    return row, attribution


def current_attribution(line: OrderLine) -> Attribution | None:
    current = line.attributions.filter(is_current=True)
    return current.select_related("click", "beneficiary", "originator").first()


def owner_of(attribution: Attribution) -> Owner:
    return Owner(
        attribution.beneficiary_id,
        attribution.originator_id,
        attribution.beneficiary_is_originator,
    )


def bring(
    commission: Commission,
    attribution: Attribution,
    *,
    event_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> None:
    """Figures, shares, ledger, state. Expects line and commission locked."""
    line = commission.line
    rejection = commission.return_reason if commission.rejected_at else ""
    figures = figures_of(line, attribution, rejection=rejection)
    note_discrepancies(line, figures)
    state_before, net_before = commission.state, commission.net_minor
    is_accrual = (
        not commission.is_accrued and line.status in RECEIVED and figures.net > 0
    )
    _write(commission, figures, is_accrual=is_accrual)
    share_out(commission)
    book(
        commission,
        kind=JournalKind.ACCRUE if is_accrual else JournalKind.ADJUST,
        event_at=event_at or line.modified_at,
        by=by,
        note=note,
    )
    _move(commission, _state_for(commission, attribution, figures), by=by, note=note)
    is_news = figures.net != net_before and commission.version > FIRST_VERSION
    if is_news and commission.state == state_before:
        change = _change(commission, net_before)
        commission.events.create(state=commission.state, by=by, note=change)


def stage_of(commission: Commission) -> str:
    """How far booked money has come, from what was decided and paid."""
    owed = commission.shares.exclude(party=None)
    if owed.filter(lines__is_live=True).exists():
        paid = owed.filter(
            lines__is_live=True, lines__payout__state=Payout.State.PAID
        ).values("pk")
        unpaid = owed.exclude(pk__in=paid).filter(amount_minor__gt=0)
        return S.IN_PAYOUT if unpaid.exists() else S.PAID
    return S.PAYABLE if commission.approved_at else S.MATURING


def _locked_line(pk: int) -> OrderLine:
    return (
        OrderLine.objects.select_for_update(of=("self",))
        .select_related("programme__shop", "network", "product")
        .get(pk=pk)
    )


def _open(line: OrderLine, attribution: Attribution) -> Commission:
    commission = Commission.objects.create(
        line=line,
        state=S.UNATTRIBUTED if attribution.basis == Basis.NONE else S.ESTIMATED,
        currency=line.currency,
        base_minor=line.paid_minor,
        rate_bp=0,
        full_gross_minor=0,
        gross_minor=0,
        net_minor=0,
        hold_reasons=holds_at_attribution(attribution, line.programme),
        split_rule=split_rule_of(line),
    )
    commission.events.create(state=commission.state, by=None)
    assign_parts(commission, line, attribution)
    return commission


def _write(commission: Commission, figures: Figures, *, is_accrual: bool) -> None:
    line = commission.line
    commission.base_minor = line.paid_minor
    commission.rate_bp = figures.rate_bp
    commission.full_gross_minor = figures.full_gross
    commission.full_fee_minor = figures.full_fee
    commission.gross_minor = figures.gross
    commission.net_minor = figures.net
    commission.fee_minor = figures.gross - figures.net
    commission.return_reason = figures.returned
    commission.is_accrued = commission.is_accrued or is_accrual
    if line.status in RECEIVED and commission.hold_until is None:
        since = line.received_at or line.settled_at or timezone.now()
        commission.hold_until = since + timedelta(days=line.programme.hold_days)
    others = [h for h in commission.hold_reasons if h not in HOLDING.values()]
    commission.hold_reasons = sorted({*others, *holds_of_discrepancies(line)})
    commission.version += 1
    commission.save()


def _state_for(
    commission: Commission, attribution: Attribution, figures: Figures
) -> str:
    if figures.returned:
        return S.CLAWED_BACK if commission.is_accrued else S.VOID
    if attribution.basis == Basis.NONE:
        return S.UNATTRIBUTED
    if not commission.is_accrued:
        return S.ESTIMATED
    return commission.state if commission.state in BOOKED else stage_of(commission)


def _move(commission: Commission, state: str, *, by: User | None, note: str) -> None:
    if commission.state == state:
        return
    if commission.state == S.VOID and state in BOOKED:
        commission.move_to(S.ESTIMATED, by=by, note=note)
    was_somebodys = commission.state != S.UNATTRIBUTED
    commission.move_to(state, by=by, note=note or commission.return_reason)
    if state in RETURNED and was_somebodys:
        tell_returned(commission)


def _change(commission: Commission, net_before: int) -> str:
    before = amount_text(net_before, commission.currency)
    now = amount_text(commission.net_minor, commission.currency)
    return f"{before} → {now} {commission.currency}"


def _why_not_reject(commission: Commission, *, by: User, reason: str) -> str:
    if refusal := why_not_decide(commission, by=by) or without_reason(reason):
        return refusal
    if commission.state in RETURNED:
        return _("It is returned already.")
    if commission.state == S.PAID:
        return _("It is paid. Only the network can take it back now.")
    return ""
