"""Who may decide about a commission: a reviewer who gains nothing by it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from commerce.models import Commission
from users.models import User

REVIEW = "commerce.review_commission"


def why_not_decide(commission: Commission, *, by: User) -> str:
    """Empty for a reviewer who neither has a share in it nor owes it."""
    if not by.has_perm(REVIEW):
        return _("Only reviewers decide about commissions.")
    if commission.shares.filter(party=by).exists():
        return _("You have a share in it. Another reviewer must decide.")
    shop = commission.line.programme.shop
    if shop and shop.owner_id == by.pk:
        return _("Your own shop owes it. Another reviewer must decide.")
    return ""


def without_reason(reason: str) -> str:
    return "" if reason.strip() else _("Give a reason. The pinner will read it.")
