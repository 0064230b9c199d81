"""The sentence that stands wherever an earning link is: on pages and in the API."""

from __future__ import annotations

from django.utils.translation import gettext as _

from commerce.models import TrackingLink
from commerce.money import percent_shown
from users.models import User


def disclosure_of(link: TrackingLink) -> str:
    """Who pays, who shares it, and that the price stays the same.

    In the reader's language. The link comes with its terms (`with_terms`).
    """
    names = [str(person) for person in earners_of(link)]
    words = {"commission": _commission(link.rate_bp_now)}
    if not names:
        sentence = _(
            "The shop pays %(commission)s to Pinboard. Your price stays the same."
        )
    elif len(names) == 1:
        words["name"] = names[0]
        sentence = _(
            "The shop pays %(commission)s, shared by Pinboard and %(name)s. "
            "Your price stays the same."
        )
    else:
        words["pinner"], words["originator"] = names
        sentence = _(
            "The shop pays %(commission)s, shared by Pinboard, %(pinner)s and "
            "%(originator)s. Your price stays the same."
        )
    return sentence % words


def earners_of(link: TrackingLink) -> list[User]:
    """The people who share: a shop's own account earns nothing from its own shop."""
    shop = link.programme.shop
    owner_id = shop.owner_id if shop else None
    people = [link.beneficiary, link.originator]
    return [p for p in people if p and p.pk != owner_id and not p.closed_at]


def _commission(rate_bp: int | None) -> str:
    if not rate_bp:
        # A network that reports each order's commission promises no rate before.
        return _("a commission")
    whole = rate_bp // 100
    if whole in (8, 11, 18) or 80 <= whole < 90:
        # "an" before eight, eleven, eighteen; other languages say both alike.
        return _("an %(rate)s commission") % {"rate": percent_shown(rate_bp)}
    return _("a %(rate)s commission") % {"rate": percent_shown(rate_bp)}
