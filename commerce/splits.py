"""How one commission is shared and how a refund lessens it. Pure, rounds down.

Each payee's part is floored and the site has the rest. Largest remainders would be
fairer by a cent, but they are not monotone: a refund could raise somebody's share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commerce.attribution import Owner
from commerce.models import Role
from commerce.money import BASIS, share_of


@dataclass(frozen=True)
class Part:
    """A role's part of a commission. No party: the site for the platform's role,
    nobody yet (suspense) for the others."""

    role: str
    party_id: int | None
    bp: int


@dataclass(frozen=True)
class Rates:
    pinner_bp: int
    originator_bp: int


def parts_of_nobody() -> list[Part]:
    """All of it waits in suspense until somebody claims it."""
    return [Part(Role.PINNER, None, BASIS)]


def parts_of(
    owner: Owner,
    rates: Rates,
    *,
    site_has: frozenset[int] = frozenset(),
    nobody_has: frozenset[int] = frozenset(),
) -> list[Part]:
    """Who has which part. The roles of `site_has` (a shop in its own programme, who was
    erased before the click) fall to the site, those of `nobody_has` (erased after it)
    to suspense."""
    pinner_bp, originator_bp = rates.pinner_bp, rates.originator_bp
    if owner.beneficiary_is_originator or owner.originator_id == owner.beneficiary_id:
        pinner_bp, originator_bp = pinner_bp + originator_bp, 0
    roles = [
        (Role.PINNER, owner.beneficiary_id, pinner_bp),
        (Role.ORIGINATOR, owner.originator_id, originator_bp),
    ]
    parts = [
        Part(role, None if person in nobody_has else person, bp)
        for role, person, bp in roles
        if bp and person is not None and person not in site_has
    ]
    return [*parts, Part(Role.PLATFORM, None, BASIS - sum(part.bp for part in parts))]


def amounts_of(net_minor: int, parts: Sequence[Part]) -> list[int]:
    """One amount a part, summing to the net. The last part is the residual: the site's,
    or the whole where all of it is nobody's."""
    payees = [share_of(net_minor, rate_bp=part.bp) for part in parts[:-1]]
    return [*payees, net_minor - sum(payees)]


def left_after_refund(full_minor: int, *, paid: int, refunded: int) -> int:
    """What is left of an amount, by state and not by event: any order of refunds and
    any repetition of them ends here."""
    if paid <= 0:
        return 0 if refunded else full_minor
    return full_minor * max(paid - refunded, 0) // paid
