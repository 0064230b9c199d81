"""A reviewer's word on two reports that do not agree."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.commissions import sync_commission
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.models import Discrepancy
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
    row.resolution, row.resolver, row.resolved_at = (
        resolution[:300],
        by,
        timezone.now(),
    )
    row.save()
    if row.line:
        sync_commission(line=row.line, by=by)
    return row
