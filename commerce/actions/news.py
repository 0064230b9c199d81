"""What the people of a commission are told.

The page says it in their language: this is the request of a reviewer, who may read
another.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_noop

from commerce.models import Commission, CommissionShare
from commerce.money import money_shown
from pinboard.actions.notifications import notify
from pinboard.models import Notification


def tell_approved(commission: Commission) -> None:
    for share in _shares_of_people(commission):
        amount = money_shown(share.amount_minor, commission.currency, exact=True)
        text = gettext_noop("Your share of %(amount)s is approved.")
        _tell(share, text, {"amount": amount})


def tell_returned(commission: Commission) -> None:
    for share in _shares_of_people(commission):
        _tell(share, gettext_noop("A commission of yours was returned."), {})


def _shares_of_people(commission: Commission) -> list[CommissionShare]:
    shares = commission.shares.exclude(party=None).select_related("party")
    return list(shares.order_by("pk"))


def _tell(share: CommissionShare, text: str, facts: dict[str, str]) -> None:
    if share.party:
        notify(
            recipient=share.party,
            kind=Notification.Kind.NEWS,
            text=text,
            facts=facts,
            url=reverse(
                "commerce:commission-detail", args=[share.commission.public_id]
            ),
        )
