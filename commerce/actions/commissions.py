"""Bring our money to what an order line says.

The line is a state, not an event: whatever came, how often and in which order, the
same line gives the same commission and the same balances. What reviewers decide is in
commerce.actions.reviews.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from commerce.actions.attributions import NEEDS_REVIEW, attribute
from commerce.actions.news import tell_returned
from commerce.attribution import Owner
from commerce.figures import RECEIVED, Figures, figures_of, split_rule_of
from commerce.ledger.booking import book
from commerce.models import (
    Attribution,
    Basis,
    Commission,
    CommissionShare,
    CommissionState,
    Discrepancy,
    HoldReason,
    JournalKind,
    Network,
    OrderLine,
    Payout,
    Programme,
    Role,
)
from commerce.money import amount_text
from commerce.splits import Part, Rates, amounts_of, parts_of, parts_of_nobody
from users.models import User

S = CommissionState
SHARE_ORDER = [Role.PINNER, Role.ORIGINATOR, Role.PLATFORM]
BOOKED = (S.MATURING, S.PAYABLE, S.IN_PAYOUT, S.PAID)
RETURNED = (S.VOID, S.CLAWED_BACK)
FIRST_VERSION = 2  # after the first `bring`
# Open discrepancies that keep money back until somebody has looked.
HOLDING: dict[str, str] = {
    Discrepancy.Kind.UNMAPPED_STATUS: HoldReason.UNMAPPED_STATUS,
    Discrepancy.Kind.REGRESSION: HoldReason.DISCREPANCY,
    Discrepancy.Kind.REFUND_EXCEEDS: HoldReason.DISCREPANCY,
    Discrepancy.Kind.CURRENCY: HoldReason.DISCREPANCY,
    Discrepancy.Kind.FEE_ABOVE: HoldReason.DISCREPANCY,
}


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
    bring(commission, line, attribution, event_at=event_at, by=by)
    return commission


def locked(commission: Commission) -> tuple[Commission, OrderLine, Attribution]:
    """The row as it is now, with line and attribution, in the order all lock in."""
    line = _locked_line(commission.line_id)
    row = Commission.objects.select_for_update().get(pk=commission.pk)
    row.line = line
    attribution = current_attribution(line)
    if attribution is None:
        raise Attribution.DoesNotExist
    return row, line, attribution


def current_attribution(line: OrderLine) -> Attribution | None:
    return (
        line.attributions.filter(is_current=True)
        .select_related("click", "beneficiary", "originator")
        .first()
    )


def bring(
    commission: Commission,
    line: OrderLine,
    attribution: Attribution,
    *,
    event_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> None:
    """Figures, shares, ledger, state. Expects line and commission locked."""
    moment = event_at or line.modified_at
    figures = figures_of(line, attribution, rejection=_rejection_of(commission))
    _note_discrepancies(line, figures)
    net_before = commission.net_minor
    is_accrual = bool(
        not commission.is_accrued and line.status in RECEIVED and figures.net
    )
    _write(commission, line, figures, is_accrual=is_accrual)
    _share_out(commission)
    kind = JournalKind.ACCRUE if is_accrual else JournalKind.ADJUST
    book(commission, kind=kind, event_at=moment, by=by, note=note)
    state_before = commission.state
    _move(commission, _state_for(commission, attribution, figures), by=by, note=note)
    is_news = figures.net != net_before and commission.version > FIRST_VERSION
    if commission.state == state_before and is_news:
        commission.events.create(
            state=commission.state, by=by, note=_change(commission, net_before)
        )


def assign_parts(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> None:
    """Who has which part, by the current attribution. Amounts follow in `bring`."""
    parts = _parts(commission, line, attribution)
    commission.shares.exclude(role__in=[part.role for part in parts]).delete()
    for part in parts:
        commission.shares.update_or_create(
            role=part.role,
            defaults={"party_id": part.party_id, "bp": part.bp},
            create_defaults={
                "party_id": part.party_id,
                "bp": part.bp,
                "amount_minor": 0,
            },
        )


def holds_at_attribution(attribution: Attribution) -> list[str]:
    holds = []
    if (
        attribution.is_self_purchase
        and not attribution.reason
        and (attribution.line.programme.self_purchase == Programme.SelfPurchase.REVIEW)
    ):
        holds.append(HoldReason.SELF_PURCHASE)
    if attribution.reason == NEEDS_REVIEW:
        holds.append(HoldReason.DISPUTE)
    parties = [attribution.beneficiary, attribution.originator]
    if any(p and not p.is_active and p.closed_at is None for p in parties):
        holds.append(HoldReason.BANNED)
    return [str(hold) for hold in holds]


def holds_of_discrepancies(line: OrderLine) -> set[str]:
    kinds = line.discrepancies.filter(resolved_at=None).values_list("kind", flat=True)
    return {str(HOLDING[kind]) for kind in kinds if kind in HOLDING}


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
        hold_reasons=holds_at_attribution(attribution),
        split_rule=split_rule_of(line),
    )
    commission.events.create(state=commission.state, by=None)
    assign_parts(commission, line, attribution)
    return commission


def _parts(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> list[Part]:
    if attribution.basis == Basis.NONE:
        return parts_of_nobody()
    owner = Owner(
        attribution.beneficiary_id,
        attribution.originator_id,
        attribution.beneficiary_is_originator,
    )
    rule = commission.split_rule
    clicked_at = attribution.click.occurred_at if attribution.click else line.created_at
    site_has, nobody_has = set(), set()
    if line.programme.shop and line.programme.shop.owner_id:
        site_has.add(line.programme.shop.owner_id)
    for person in (attribution.beneficiary, attribution.originator):
        if person and person.closed_at:
            gone = site_has if person.closed_at <= clicked_at else nobody_has
            gone.add(person.pk)
    return parts_of(
        owner,
        Rates(rule.pinner_bp, rule.originator_bp),
        site_has=frozenset(site_has),
        nobody_has=frozenset(nobody_has),
    )


def _rejection_of(commission: Commission) -> str:
    return commission.return_reason if commission.rejected_at else ""


def _write(
    commission: Commission, line: OrderLine, figures: Figures, *, is_accrual: bool
) -> None:
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


def _share_out(commission: Commission) -> None:
    """Payees are floored, the last row (the site's, or nobody's) has the rest."""
    shares = sorted(commission.shares.all(), key=lambda s: SHARE_ORDER.index(s.role))
    parts = [Part(share.role, share.party_id, share.bp) for share in shares]
    amounts = amounts_of(commission.net_minor, parts)
    for share, amount in zip(shares, amounts, strict=True):
        if share.amount_minor != amount:
            CommissionShare.objects.filter(pk=share.pk).update(amount_minor=amount)


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


def stage_of(commission: Commission) -> str:
    """How far booked money has come, from what was decided and paid."""
    owed = commission.shares.exclude(party=None)
    live = owed.filter(lines__is_live=True)
    if live.exists():
        paid = owed.filter(
            lines__is_live=True, lines__payout__state=Payout.State.PAID
        ).values("pk")
        is_paid = not owed.exclude(pk__in=paid).filter(amount_minor__gt=0).exists()
        return S.PAID if is_paid else S.IN_PAYOUT
    return S.PAYABLE if commission.approved_at else S.MATURING


def _move(commission: Commission, state: str, *, by: User | None, note: str) -> None:
    if commission.state == state:
        return
    if commission.state == S.VOID and state in BOOKED:
        commission.move_to(S.ESTIMATED, by=by, note=note)
    was_seen = commission.state != S.UNATTRIBUTED
    commission.move_to(state, by=by, note=note or commission.return_reason)
    if state in RETURNED and was_seen:
        tell_returned(commission)


def _change(commission: Commission, net_before: int) -> str:
    before, now = (
        amount_text(minor, commission.currency)
        for minor in (net_before, commission.net_minor)
    )
    return f"{before} → {now} {commission.currency}"


def _note_discrepancies(line: OrderLine, figures: Figures) -> None:
    """Each difference is opened once, however often it is reported."""
    reported = line.gross_fee_minor
    is_direct = line.network.adapter == Network.Adapter.DIRECT
    below = reported is not None and is_direct and reported < figures.promised
    found = {
        Discrepancy.Kind.RATE_BELOW: (reported or 0) - figures.promised if below else 0,
        Discrepancy.Kind.FEE_ABOVE: max(figures.reported_fee - figures.full_fee, 0),
    }
    for kind, delta in found.items():
        if delta and not line.discrepancies.filter(kind=kind, delta_minor=delta):
            line.discrepancies.create(kind=kind, delta_minor=delta)
