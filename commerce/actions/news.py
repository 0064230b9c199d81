"""What the people of a commission are told."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from commerce.models import Commission
from commerce.money import amount_text
from pinboard.actions.notifications import notify
from pinboard.models import Notification


def tell_approved(commission: Commission) -> None:
    for share in commission.shares.exclude(party=None).select_related("party"):
        amount = amount_text(share.amount_minor, commission.currency)
        # Whose language it should be nobody knows: the reviewer's it should not.
        with override(settings.LANGUAGE_CODE):
            _tell(
                commission,
                share.party_id,
                _("Your share of %(amount)s %(currency)s is approved.")
                % {"amount": amount, "currency": commission.currency},
            )


def tell_returned(commission: Commission) -> None:
    for party_id in commission.shares.exclude(party=None).values_list(
        "party_id", flat=True
    ):
        with override(settings.LANGUAGE_CODE):
            _tell(commission, party_id, _("A commission of yours was returned."))


def _tell(commission: Commission, party_id: int | None, text: str) -> None:
    share = commission.shares.select_related("party").filter(party=party_id).first()
    if share and share.party:
        notify(
            recipient=share.party,
            kind=Notification.Kind.NEWS,
            text=text,
            url=reverse("commerce:commission-detail", args=[commission.public_id]),
        )
