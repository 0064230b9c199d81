"""What the people of a commission are told.

The page says it in their language: this is the request of a reviewer, who may read
another.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_noop

from commerce.models import Commission, CommissionShare
from commerce.money import money_shown
from pinboard.actions.notifications import News, notify
from pinboard.models import Notification

LONGEST_NAME = 80  # of the item

# A sentence for each reason, for not every language puts it behind a colon.
RETURNED = {
    "refunded": gettext_noop(
        "The commission for “%(item)s” was returned: the buyer sent it back."
    ),
    "invalid": gettext_noop(
        "The commission for “%(item)s” was returned: the shop says that the order is "
        "not valid."
    ),
    "self_purchase": gettext_noop(
        "The commission for “%(item)s” was returned: buyer and pinner are the same."
    ),
    "no_commission": gettext_noop(
        "The commission for “%(item)s” was returned: the shop paid none for it."
    ),
    "": gettext_noop("The commission for “%(item)s” was returned."),
}
REJECTED = gettext_noop("The commission for “%(item)s” was returned: “%(reason)s”")


def tell_approved(commission: Commission) -> None:
    text = gettext_noop("Your share of %(amount)s for “%(item)s” is approved.")
    for share in _shares_of_people(commission):
        amount = money_shown(share.amount_minor, commission.currency, exact=True)
        _tell(share, text, {"amount": amount, "item": _item_of(commission)})


def news_of_return(
    commission: Commission, reason: str, shares: Iterable[CommissionShare]
) -> list[News]:
    """What came back and why: as we say it, or in the reviewer's own words. For
    `notify_of_news`, as a page of reports may bring many back."""
    facts = {"item": _item_of(commission), "reason": reason}
    text, url = RETURNED.get(reason, REJECTED), _page_of(commission)
    return [
        News(share.party_id, text, facts, url)
        for share in shares
        if share.party_id is not None
    ]


def _page_of(commission: Commission) -> str:
    return reverse("commerce:commission-detail", args=[commission.public_id])


def _item_of(commission: Commission) -> str:
    return Truncator(commission.line.item_shown).chars(LONGEST_NAME)


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
            url=_page_of(share.commission),
        )
