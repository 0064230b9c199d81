"""Who has which part of a commission, and how much that is now."""

from __future__ import annotations

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
ORDER = [Role.PINNER, Role.ORIGINATOR, Role.PLATFORM]


def assign_parts(
    commission: Commission, line: OrderLine, attribution: Attribution
) -> None:
    """By the current attribution; the amounts follow in `share_out`. Expects the
    commission's row locked."""
    parts = _parts(commission, line, attribution)
    stale = commission.shares.exclude(role__in=[part.role for part in parts])
    stale.filter(lines=None).delete()
    stale.update(party=None, bp=0)  # one that a failed payout remembers
    for part in parts:
        whose = {"party_id": part.party_id, "bp": part.bp}
        commission.shares.update_or_create(
            role=part.role,
            defaults=whose,
            create_defaults={**whose, "amount_minor": 0},
        )


def share_out(commission: Commission) -> None:
    shares = sorted(commission.shares.all(), key=lambda s: ORDER.index(Role(s.role)))
    parts = [Part(share.role, share.party_id, share.bp) for share in shares]
    amounts = amounts_of(commission.net_minor, parts)
    for share, amount in zip(shares, amounts, strict=True):
        if share.amount_minor != amount:
            CommissionShare.objects.filter(pk=share.pk).update(amount_minor=amount)


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
