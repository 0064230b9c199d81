"""Who has which part of a commission, and how much that is now."""

from __future__ import annotations

from collections.abc import Sequence

from commerce.attribution import Owner
from commerce.models import (
    Attribution,
    Basis,
    Commission,
    CommissionShare,
    OrderLine,
    Role,
)
from commerce.splits import Part, Rates, amounts_of, parts_of, parts_of_nobody
from users.models import User

# The site's row, or nobody's, comes last: it has what is left of the others.
ORDER = {Role.PINNER: 0, Role.ORIGINATOR: 1, Role.PLATFORM: 2}


def shares_for(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> list[CommissionShare]:
    """The first ones of a commission, of nothing yet, to be written by the caller."""
    return [
        CommissionShare(
            commission=commission,
            role=part.role,
            party_id=part.party_id,
            bp=part.bp,
            amount_minor=0,
        )
        for part in _parts(commission, line, attribution)
    ]


def assign_parts(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> None:
    """By the current attribution; the amounts follow in `share_out`. Expects the
    commission's row locked."""
    parts = {part.role: part for part in _parts(commission, line, attribution)}
    for share in commission.shares.all():
        part = parts.pop(share.role, None)
        if part is None and not share.lines.exists():
            share.delete()
            continue
        # Without a part it is one that a failed payout remembers.
        share.party_id, share.bp = (part.party_id, part.bp) if part else (None, 0)
        share.save(update_fields=["party", "bp"])
    CommissionShare.objects.bulk_create(
        share
        for share in shares_for(commission, line, attribution)
        if share.role in parts
    )


def share_out(
    net_minor: int, shares: Sequence[CommissionShare]
) -> list[CommissionShare]:
    """Give each its amount of the net; those that it changes."""
    ordered = sorted(shares, key=lambda share: ORDER[Role(share.role)])
    parts = [Part(share.role, share.party_id, share.bp) for share in ordered]
    changed = []
    for share, amount in zip(ordered, amounts_of(net_minor, parts), strict=True):
        if share.amount_minor != amount:
            share.amount_minor = amount
            changed.append(share)
    return changed


def _parts(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> list[Part]:
    if attribution.basis == Basis.NONE:
        return parts_of_nobody()
    click, shop = attribution.click, line.programme.shop
    clicked_at = click.occurred_at if click else line.created_at
    site_has = {shop.owner_id} if shop and shop.owner_id else set()
    nobody_has: set[int] = set()
    for person in _people_of(attribution):
        if person.closed_at:
            erased_before = person.closed_at <= clicked_at
            (site_has if erased_before else nobody_has).add(person.pk)
    return parts_of(
        Owner(
            attribution.beneficiary_id,
            attribution.originator_id,
            attribution.beneficiary_is_originator,
        ),
        Rates(commission.split_rule.pinner_bp, commission.split_rule.originator_bp),
        site_has=frozenset(site_has),
        nobody_has=frozenset(nobody_has),
    )


def _people_of(attribution: Attribution) -> list[User]:
    return [p for p in (attribution.beneficiary, attribution.originator) if p]
