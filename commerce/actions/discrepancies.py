"""A reviewer's word on two reports that do not agree."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.commissions import sync_commission
from commerce.actions.rights import REVIEW, why_not_decide
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.models import Commission, Discrepancy
from users.models import User


@transaction.atomic
def resolve_discrepancy(
    *, discrepancy: Discrepancy, resolution: str, by: User
) -> Discrepancy:
    """Close it with a reason; what it held is released once no other holds it."""
    resolution = resolution.strip()
    if not resolution:
        raise ApprovalRefused(_("Say how this was resolved."))
    row = Discrepancy.objects.select_for_update(of=("self",)).get(pk=discrepancy.pk)
    if row.resolved_at:
        raise TransitionRefused
    if refusal := _why_not_resolve(row, by=by):
        raise ApprovalRefused(refusal)
    row.resolution, row.resolver = resolution[:300], by
    row.resolved_at = timezone.now()
    row.save(update_fields=["resolution", "resolver", "resolved_at"])
    if row.line:
        sync_commission(line=row.line, by=by)
    return row


def _why_not_resolve(discrepancy: Discrepancy, *, by: User) -> str:
    """Its resolution may set money free, so it is a decision about that money."""
    held = Commission.objects.filter(line=discrepancy.line_id)
    commission = held.select_related("line__programme__shop").first()
    if commission:
        return why_not_decide(commission, by=by)
    return "" if by.has_perm(REVIEW) else _("Only reviewers decide about money.")
