"""Why a commission may not be approved or paid for now."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from commerce.actions.attributions import NEEDS_REVIEW
from commerce.actions.rights import why_not_decide
from commerce.exceptions import ApprovalRefused
from commerce.figures import Figures
from commerce.models import (
    Attribution,
    Commission,
    Discrepancy,
    HoldReason,
    Network,
    OrderLine,
    Programme,
)
from users.models import User

# Open discrepancies that keep money back until somebody has looked.
HOLDING: dict[str, str] = {
    Discrepancy.Kind.UNMAPPED_STATUS: HoldReason.UNMAPPED_STATUS,
    Discrepancy.Kind.REGRESSION: HoldReason.DISCREPANCY,
    Discrepancy.Kind.REFUND_EXCEEDS: HoldReason.DISCREPANCY,
    Discrepancy.Kind.CURRENCY: HoldReason.DISCREPANCY,
    Discrepancy.Kind.FEE_ABOVE: HoldReason.DISCREPANCY,
}


@transaction.atomic
def hold(
    *, commission: Commission, reason: str, by: User | None, note: str = ""
) -> Commission:
    """Keep it back. Nobody (`by=None`) is the machine."""
    row = _locked(commission)
    if by and (refusal := why_not_decide(row, by=by)):
        raise ApprovalRefused(refusal)
    if reason not in row.hold_reasons:
        row.hold_reasons = sorted([*row.hold_reasons, str(reason)])
        row.save(update_fields=["hold_reasons", "updated_at"])
        label = HoldReason(reason).label
        row.events.create(state=row.state, by=by, note=f"+ {label} {note}"[:300])
    return row


@transaction.atomic
def release(
    *, commission: Commission, reason: str, by: User, note: str = ""
) -> Commission:
    """Let go of one reason. What an open discrepancy holds, its resolution releases."""
    row = _locked(commission)
    if refusal := why_not_decide(row, by=by):
        raise ApprovalRefused(refusal)
    if reason in holds_of_discrepancies(row.line.discrepancies.all()):
        raise ApprovalRefused(_("Resolve the open discrepancy of this order first."))
    if reason in row.hold_reasons:
        row.hold_reasons = [kept for kept in row.hold_reasons if kept != reason]
        row.save(update_fields=["hold_reasons", "updated_at"])
        label = HoldReason(reason).label
        row.events.create(state=row.state, by=by, note=f"- {label} {note}"[:300])
    return row


def _locked(commission: Commission) -> Commission:
    rows = Commission.objects.select_for_update(of=("self",))
    return rows.select_related("line__programme__shop").get(pk=commission.pk)


def holds_at_attribution(attribution: Attribution, programme: Programme) -> list[str]:
    """Set once: what a reviewer has released is not held again for the same cause."""
    people = [p for p in (attribution.beneficiary, attribution.originator) if p]
    asks_review = programme.self_purchase == Programme.SelfPurchase.REVIEW
    holds = {
        HoldReason.SELF_PURCHASE: attribution.is_self_purchase and asks_review,
        HoldReason.DISPUTE: attribution.reason == NEEDS_REVIEW,
        HoldReason.BANNED: any(
            not person.is_active and person.closed_at is None for person in people
        ),
    }
    return [str(reason) for reason, holds_now in holds.items() if holds_now]


def holds_of_discrepancies(discrepancies: Iterable[Discrepancy]) -> set[str]:
    return {
        str(HOLDING[row.kind])
        for row in discrepancies
        if row.resolved_at is None and row.kind in HOLDING
    }


def new_discrepancies(
    line: OrderLine, figures: Figures, known: Iterable[Discrepancy]
) -> list[Discrepancy]:
    """Each difference is opened once, however often it is reported. To be written by
    the caller."""
    reported = line.gross_fee_minor
    is_direct = line.network.adapter == Network.Adapter.DIRECT
    below = 0
    if is_direct and reported is not None:
        below = min(reported - figures.promised, 0)
    found = {
        Discrepancy.Kind.RATE_BELOW: below,
        Discrepancy.Kind.FEE_ABOVE: figures.reported_fee - figures.full_fee,
    }
    opened = {(row.kind, row.delta_minor) for row in known}
    return [
        Discrepancy(line=line, kind=kind, delta_minor=delta)
        for kind, delta in found.items()
        if delta and (kind, delta) not in opened
    ]
