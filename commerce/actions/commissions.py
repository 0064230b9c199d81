"""Bring our money to what an order line says, and what reviewers decide about it.

The line is a state, not an event: whatever came, how often and in which order, the
same line gives the same commission and the same balances.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.attributions import attribute, clue_of, decide_on, record
from commerce.actions.dossiers import (
    Dossier,
    dossier_of,
    read_dossiers,
    write_dossiers,
)
from commerce.actions.evidence import Evidence, gather
from commerce.actions.holds import (
    HOLDING,
    holds_at_attribution,
    holds_of_discrepancies,
    new_discrepancies,
)
from commerce.actions.news import tell_approved
from commerce.actions.rights import why_not_decide, without_reason
from commerce.actions.shares import share_out, shares_for
from commerce.attribution import Decision, Owner
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.figures import (
    RECEIVED,
    SELF_PURCHASE,
    Figures,
    TermsAtOrder,
    figures_of,
)
from commerce.ledger.booking import book, booking_of
from commerce.models import (
    Attribution,
    Basis,
    Commission,
    CommissionEvent,
    CommissionShare,
    CommissionState,
    JournalKind,
    OrderLine,
    Payout,
    PayoutLine,
    StatementLine,
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
    dossier = read_dossiers(line.network_id, [line.line_id])[line.line_id]
    dossier.line = line
    if dossier.commission:
        dossier.commission.line = line
    sync(
        dossier,
        terms=TermsAtOrder([line]),
        evidence=None,
        event_at=event_at,
        by=by,
    )
    write_dossiers([dossier])
    return commission_in(dossier)


def sync(
    dossier: Dossier,
    *,
    terms: TermsAtOrder,
    evidence: Evidence | None,
    event_at: datetime | None = None,
    by: User | None = None,
) -> None:
    """The same in memory, for `write_dossiers` to write."""
    line = dossier.line
    if dossier.attribution is None:
        dossier.attribution = current_attribution(line) if line.pk else None
    if dossier.attribution is None:
        evidence = evidence or gather([clue_of(line)], line.network)
        dossier.attribution = decide_on(line, evidence)
    if dossier.commission is None:
        _open(dossier, dossier.attribution, terms)
    _bring(dossier, terms, event_at=event_at, by=by)


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
    if commission.line.network.sends_statements and not is_paid_for(commission):
        return _("No approved statement of its network pays for it yet.")
    return ""


def is_paid_for(commission: Commission) -> bool:
    return StatementLine.objects.paying_for(commission.line).exists()


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
    dossier = dossier_of(commission, attribution)
    terms = TermsAtOrder([commission.line])
    _bring(dossier, terms, event_at=event_at, by=by, note=note)
    write_dossiers([dossier])


def stage_of(commission: Commission) -> str:
    """How far booked money has come, from what was decided and paid."""
    return _stage_of(commission, list(commission.shares.all()))


def commission_in(dossier: Dossier) -> Commission:
    if dossier.commission is None:
        raise ValueError(dossier.line)
    return dossier.commission


def _bring(
    dossier: Dossier,
    terms: TermsAtOrder,
    *,
    event_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> None:
    line, commission = dossier.line, commission_in(dossier)
    attribution = dossier.attribution
    if attribution is None:
        raise ValueError(line)
    rejection = commission.return_reason if commission.rejected_at else ""
    figures = figures_of(line, attribution, rejection=rejection, terms=terms)
    dossier.is_touched = True
    dossier.discrepancies += new_discrepancies(line, figures, dossier.discrepancies)
    state_before, net_before = commission.state, commission.net_minor
    is_accrual = (
        not commission.is_accrued and line.status in RECEIVED and figures.net > 0
    )
    _write(dossier, figures, is_accrual=is_accrual)
    for share in share_out(commission.net_minor, dossier.shares):
        dossier.changed_shares[share.role] = share
    booking = booking_of(
        commission,
        dossier.shares,
        dossier.booked,
        kind=JournalKind.ACCRUE if is_accrual else JournalKind.ADJUST,
        event_at=event_at or line.modified_at,
        by=by,
        note=note,
    )
    if booking:
        dossier.bookings.append(booking)
    _move(dossier, _state_for(dossier, attribution, figures), by=by, note=note)
    is_news = figures.net != net_before and commission.version > FIRST_VERSION
    if is_news and commission.state == state_before:
        _note(dossier, by=by, note=_change(commission, net_before))


def _stage_of(commission: Commission, shares: Sequence[CommissionShare]) -> str:
    if not commission.approved_at:
        return S.MATURING  # nothing else is ever put into a payout
    owed = [share for share in shares if share.party_id is not None]
    live = PayoutLine.objects.filter(share__in=owed, is_live=True)
    states = dict(live.values_list("share", "payout__state"))
    if not states:
        return S.PAYABLE
    unpaid = any(
        share.amount_minor > 0 and states.get(share.pk) != Payout.State.PAID
        for share in owed
    )
    return S.IN_PAYOUT if unpaid else S.PAID


def _locked_line(pk: int) -> OrderLine:
    return (
        OrderLine.objects.select_for_update(of=("self",))
        .select_related("programme__shop", "network", "product")
        .get(pk=pk)
    )


def _open(dossier: Dossier, attribution: Attribution, terms: TermsAtOrder) -> None:
    line = dossier.line
    commission = Commission(
        line=line,
        state=S.UNATTRIBUTED if attribution.basis == Basis.NONE else S.ESTIMATED,
        currency=line.currency,
        base_minor=line.paid_minor,
        rate_bp=0,
        full_gross_minor=0,
        gross_minor=0,
        net_minor=0,
        hold_reasons=holds_at_attribution(attribution, line.programme),
        split_rule=terms.split_of(line),
    )
    dossier.commission = commission
    _note(dossier)
    dossier.shares = shares_for(commission, line, attribution)


def _write(dossier: Dossier, figures: Figures, *, is_accrual: bool) -> None:
    line, commission = dossier.line, commission_in(dossier)
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
    held = holds_of_discrepancies(dossier.discrepancies)
    commission.hold_reasons = sorted({*others, *held})
    commission.version += 1


def _state_for(dossier: Dossier, attribution: Attribution, figures: Figures) -> str:
    commission = commission_in(dossier)
    if figures.returned:
        return S.CLAWED_BACK if commission.is_accrued else S.VOID
    if attribution.basis == Basis.NONE:
        return S.UNATTRIBUTED
    if not commission.is_accrued:
        return S.ESTIMATED
    if commission.state in BOOKED:
        return commission.state
    return _stage_of(commission, dossier.shares)


def _move(dossier: Dossier, state: str, *, by: User | None, note: str) -> None:
    commission = commission_in(dossier)
    if commission.state == state:
        return
    if commission.state == S.VOID and state in BOOKED:
        _move_to(dossier, S.ESTIMATED, by=by, note=note)
    was_somebodys = commission.state != S.UNATTRIBUTED
    _move_to(dossier, state, by=by, note=note or commission.return_reason)
    if state in RETURNED and was_somebodys:
        dossier.returned.append(commission.return_reason)


def _move_to(dossier: Dossier, state: str, *, by: User | None, note: str) -> None:
    """As `Commission.move_to`, of a row that is locked."""
    commission = commission_in(dossier)
    if state not in Commission.NEXT[commission.state]:
        raise TransitionRefused
    commission.state = state
    commission.version += 1
    _note(dossier, by=by, note=note)


def _note(dossier: Dossier, *, by: User | None = None, note: str = "") -> None:
    row = commission_in(dossier)
    event = CommissionEvent(commission=row, state=row.state, by=by, note=note)
    dossier.events.append(event)


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
