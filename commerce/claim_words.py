"""Why a claimed order is not the claimant's, as their own clicks tell it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from commerce.models import Attribution, OrderClaim
from commerce.whose import why_not
from users.models import User


def explain_refusals(claims: Sequence[OrderClaim], user: User) -> Sequence[OrderClaim]:
    """Tell it of those that a reviewer refused. An order of somebody else in which no
    click of theirs was is told of like one that nobody knows: else whoever makes up
    numbers would learn which there are."""
    refused = [
        claim
        for claim in claims
        if claim.state == OrderClaim.State.REFUSED and claim.decided_by_id
    ]
    if not refused:
        return claims
    decided = Attribution.objects.filter(
        is_current=True, line__order_id__in={claim.order_no for claim in refused}
    ).select_related("line__programme")
    told: dict[tuple[int, str], list[str]] = {}
    own = set()
    for attribution in decided.order_by("line"):
        line = attribution.line
        order = line.network_id, line.order_id
        if user.pk in (attribution.beneficiary_id, attribution.originator_id):
            own.add(order)
        known = told.setdefault(order, [])
        known += [
            sentence
            for sentence in why_not(attribution, user.pk)
            if sentence not in known
        ]
    for claim in refused:
        order = claim.network_id, claim.order_no
        if order not in own:  # it came to them in another way since
            claim.why_not = told.get(order) or [no_click()]
    return claims


def no_click() -> str:
    return _("No click on a pin of yours is known to belong to this order.")
