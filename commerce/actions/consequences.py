"""What follows for our money from what an order line says. In memory: dossiers are read
before and written afterwards.

The line is a state, not an event: whatever came, how often and in which order, the
same line gives the same commission and the same balances.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from commerce.actions.attributions import clue_of, current_attribution, decide_on
from commerce.actions.dossiers import Dossier
from commerce.actions.evidence import Evidence, gather
from commerce.actions.holds import (
    HOLDING,
    holds_at_attribution,
    holds_of_discrepancies,
    new_discrepancies,
)
from commerce.actions.shares import share_out, shares_for
from commerce.exceptions import TransitionRefused
from commerce.figures import RECEIVED, Figures, TermsAtOrder, figures_of
from commerce.ledger.booking import booking_of
from commerce.models import (
    Attribution,
    Basis,
    Commission,
    CommissionEvent,
    CommissionShare,
    CommissionState,
    JournalKind,
    Payout,
    PayoutLine,
)
from commerce.money import amount_text
from users.models import User

S = CommissionState
BOOKED = (S.MATURING, S.PAYABLE, S.IN_PAYOUT, S.PAID)
RETURNED = (S.VOID, S.CLAWED_BACK)
FIRST_VERSION = 2  # after it was followed for the first time


def sync(
    dossier: Dossier,
    *,
    terms: TermsAtOrder,
    evidence: Evidence | None = None,
    event_at: datetime | None = None,
    by: User | None = None,
) -> None:
    """Attribute the line if nobody has, then make our money what it says."""
    line = dossier.line
    if dossier.attribution is None:
        dossier.attribution = current_attribution(line) if line.pk else None
    if dossier.attribution is None:
        evidence = evidence or gather([clue_of(line)], line.network)
        dossier.attribution = decide_on(line, evidence)
    if dossier.commission is None:
        _open(dossier, dossier.attribution, terms)
    follow(dossier, terms, event_at=event_at, by=by)


def stage_of(commission: Commission) -> str:
    """How far booked money has come, from what was decided and paid."""
    return _stage_of(commission, list(commission.shares.all()))


def commission_in(dossier: Dossier) -> Commission:
    if dossier.commission is None:
        raise ValueError(dossier.line)
    return dossier.commission


def follow(
    dossier: Dossier,
    terms: TermsAtOrder,
    *,
    event_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> None:
    """Figures, shares, ledger, state. What is returned is told when it is written."""
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
