"""What a signal says, in words for reviewers: what was seen, and from where on it is
looked at. Nobody else reads this: it tells how to stay below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy, ngettext

from commerce.models import RiskRule, RiskSignal
from commerce.risk_rules import (
    CLICKS_A_MINUTE,
    CLUSTERED_ORDERS,
    CLUSTERED_PERCENT,
    NO_REFERER_CLICKS,
    NO_REFERER_PERCENT,
    QUICK_ORDERS,
    QUICK_S,
    REFUND_ORDERS,
    REFUND_TIMES,
    SELF_ORDERS,
    SHARED_PEOPLE,
    SHARED_VISITORS,
    STUFFED_CLICKS,
    STUFFED_PERCENT,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# What the numbers of a rule's evidence mean, as one sentence each.
SEEN: dict[str, StrPromise] = {
    RiskRule.VELOCITY: gettext_lazy(
        "%(clicks)s clicks on one link in one minute, from one network."
    ),
    RiskRule.SHARED_VISITOR: gettext_lazy(
        "%(browsers)s browsers click again and again for %(people)s people or more."
    ),
    RiskRule.QUICK_ORDERS: gettext_lazy(
        "%(orders)s of %(of)s orders came within %(seconds)s seconds of their click."
    ),
    RiskRule.CLUSTERED: gettext_lazy(
        "%(orders)s of %(of)s orders came %(seconds)s seconds after their click."
    ),
    RiskRule.SELF_PURCHASE: gettext_lazy(
        "%(orders)s of %(of)s orders look like the person's own."
    ),
    RiskRule.NO_REFERER: gettext_lazy(
        "%(clicks)s of %(of)s clicks do not say where they come from."
    ),
    RiskRule.STUFFING: gettext_lazy(
        "%(clicks)s of %(of)s clicks were made by no person, but by a picture, a frame "
        "or a page that opened by itself."
    ),
    RiskRule.REFUNDS: gettext_lazy(
        "%(orders)s of %(of)s orders came back; %(usual_percent)s %% are usual there."
    ),
    RiskRule.FORGED_REF: gettext_lazy("Orders that name made-up clicks: %(orders)s."),
}
# Of numbers that the evidence need not repeat.
KNOWN: dict[str, dict[str, int]] = {
    RiskRule.SHARED_VISITOR: {"people": SHARED_PEOPLE},
    RiskRule.QUICK_ORDERS: {"seconds": QUICK_S},
}
BEGINS: dict[str, tuple[StrPromise, dict[str, int]]] = {
    RiskRule.VELOCITY: (gettext_lazy("more than %(n)s"), {"n": CLICKS_A_MINUTE}),
    RiskRule.SHARED_VISITOR: (gettext_lazy("from %(n)s on"), {"n": SHARED_VISITORS}),
    RiskRule.QUICK_ORDERS: (gettext_lazy("from %(n)s on"), {"n": QUICK_ORDERS}),
    RiskRule.CLUSTERED: (
        gettext_lazy("from %(n)s on, if they are %(percent)s %%"),
        {"n": CLUSTERED_ORDERS, "percent": CLUSTERED_PERCENT},
    ),
    RiskRule.SELF_PURCHASE: (gettext_lazy("from %(n)s on"), {"n": SELF_ORDERS}),
    RiskRule.SHARED_PLACE: (gettext_lazy("from %(n)s on"), {"n": 1}),
    RiskRule.NO_REFERER: (
        gettext_lazy("%(percent)s %% of %(n)s or more"),
        {"n": NO_REFERER_CLICKS, "percent": NO_REFERER_PERCENT},
    ),
    RiskRule.STUFFING: (
        gettext_lazy("from %(n)s on, if they are %(percent)s %%"),
        {"n": STUFFED_CLICKS, "percent": STUFFED_PERCENT},
    ),
    RiskRule.REFUNDS: (
        gettext_lazy("more than %(times)s times the usual, of %(n)s or more"),
        {"n": REFUND_ORDERS, "times": REFUND_TIMES},
    ),
    RiskRule.FORGED_REF: (gettext_lazy("from %(n)s on"), {"n": 1}),
}


@dataclass(frozen=True)
class Told:
    """A signal as it is shown; `some` of `of` where it is a part of a whole."""

    signal: RiskSignal
    sentence: str
    begins: str
    some: int
    of: int

    @property
    def lines(self) -> list[int]:
        """The keys of a few order lines that it is about."""
        found: list[int] = self.signal.evidence.get("lines", [])
        return found


def told(signal: RiskSignal) -> Told:
    seen = signal.evidence
    text, numbers = BEGINS[signal.rule]
    return Told(
        signal,
        sentence_of(signal),
        str(text) % numbers,
        some=seen.get("orders") or seen.get("clicks") or 0,
        of=seen.get("of", 0),
    )


def sentence_of(signal: RiskSignal) -> str:
    if signal.rule == RiskRule.SHARED_PLACE:
        people = signal.evidence["people"]
        return ngettext(
            "%(people)s other is paid to the same place.",
            "%(people)s others are paid to the same place.",
            people,
        ) % {"people": people}
    known = KNOWN.get(signal.rule, {})
    return str(SEEN[signal.rule]) % {**signal.evidence, **known}
