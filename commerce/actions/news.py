"""What the people of a commission are told.

In the site's language: whose it should be nobody knows here, but the reviewer's, whose
request this is, it should not be.
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from commerce.models import Commission, CommissionShare
from commerce.money import amount_text
from pinboard.actions.notifications import notify
from pinboard.models import Notification


def tell_approved(commission: Commission) -> None:
    for share in _shares_of_people(commission):
        amount = amount_text(share.amount_minor, commission.currency)
        with override(settings.LANGUAGE_CODE):
            text = _("Your share of %(amount)s is approved.") % {
                "amount": f"{amount} {commission.currency}"
            }
        _tell(share, text)


def tell_returned(commission: Commission) -> None:
    for share in _shares_of_people(commission):
        with override(settings.LANGUAGE_CODE):
            text = _("A commission of yours was returned.")
        _tell(share, text)


def _shares_of_people(commission: Commission) -> list[CommissionShare]:
    shares = commission.shares.exclude(party=None).select_related("party")
    return list(shares.order_by("pk"))


def _tell(share: CommissionShare, text: str) -> None:
    if share.party:
        notify(
            recipient=share.party,
            kind=Notification.Kind.NEWS,
            text=text,
            url=reverse(
                "commerce:commission-detail", args=[share.commission.public_id]
            ),
        )
