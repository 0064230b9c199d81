"""What looks like fraud, from what was counted of a person's clicks and orders. Pure.

Each threshold is one that honest people do not reach by being busy; each finding is
evidence for a reviewer and decides nothing. Page views are not counted, so the share of
viewers who click is no rule here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from commerce.models import RiskRule

CASE_SCORE = 3  # so many points open a case; one rule alone may have them

CLICKS_A_MINUTE = 10  # on one link from one /24 or /48
SHARED_VISITORS = 3  # browsers that clicked for three people or more
QUICK_S, QUICK_ORDERS = 3, 2  # nobody reads a page and pays in three seconds
CLUSTERED_ORDERS, CLUSTERED_PERCENT = 5, 50  # to the second
SELF_ORDERS = 2
NO_REFERER_CLICKS, NO_REFERER_PERCENT = 100, 95
STUFFED_CLICKS, STUFFED_PERCENT = 50, 50
REFUND_ORDERS, REFUND_TIMES = 10, 3  # of the programme's median


@dataclass(frozen=True)
class Refunds:
    """Of one person in one programme."""

    programme: int
    orders: int
    refunded: int

    @property
    def rate(self) -> float:
        return self.refunded / self.orders if self.orders else 0.0


@dataclass(frozen=True)
class Facts:
    """Of one person in the window."""

    clicks: int = 0
    most_a_minute: int = 0
    shared_visitors: int = 0
    without_referer: int = 0
    embedded: int = 0  # clicks that no person made
    orders: int = 0
    quick_orders: int = 0
    same_delay_orders: int = 0
    self_orders: int = 0
    paid_like: int = 0  # others who are paid to the same place
    refunds: tuple[Refunds, ...] = ()


@dataclass(frozen=True)
class Finding:
    rule: RiskRule
    score: int
    evidence: dict[str, int]


def medians_of(everybody: Sequence[Refunds]) -> dict[int, float]:
    """The usual share of refunded orders, by programme."""
    rates: dict[int, list[float]] = {}
    for row in everybody:
        rates.setdefault(row.programme, []).append(row.rate)
    return {programme: median(found) for programme, found in rates.items()}


def findings(facts: Facts, medians: dict[int, float]) -> list[Finding]:
    return [*_of_clicks(facts), *_of_orders(facts), *_of_refunds(facts, medians)]


def _of_clicks(facts: Facts) -> list[Finding]:
    found = []
    if facts.most_a_minute > CLICKS_A_MINUTE:
        evidence = {"clicks": facts.most_a_minute}
        found.append(Finding(RiskRule.VELOCITY, 1, evidence))
    if facts.shared_visitors >= SHARED_VISITORS:
        evidence = {"browsers": facts.shared_visitors}
        found.append(Finding(RiskRule.SHARED_VISITOR, 1, evidence))
    part = {"clicks": facts.without_referer, "of": facts.clicks}
    if facts.clicks >= NO_REFERER_CLICKS and _percent(part) >= NO_REFERER_PERCENT:
        found.append(Finding(RiskRule.NO_REFERER, 1, part))
    part = {"clicks": facts.embedded, "of": facts.clicks + facts.embedded}
    if facts.embedded >= STUFFED_CLICKS and _percent(part) >= STUFFED_PERCENT:
        found.append(Finding(RiskRule.STUFFING, 2, part))
    return found


def _of_orders(facts: Facts) -> list[Finding]:
    found = []
    if facts.quick_orders >= QUICK_ORDERS:
        evidence = {"orders": facts.quick_orders, "of": facts.orders}
        found.append(Finding(RiskRule.QUICK_ORDERS, 2, evidence))
    part = {"orders": facts.same_delay_orders, "of": facts.orders}
    is_clustered = _percent(part) >= CLUSTERED_PERCENT
    if facts.same_delay_orders >= CLUSTERED_ORDERS and is_clustered:
        found.append(Finding(RiskRule.CLUSTERED, 2, part))
    if facts.self_orders >= SELF_ORDERS:
        evidence = {"orders": facts.self_orders, "of": facts.orders}
        found.append(Finding(RiskRule.SELF_PURCHASE, 2, evidence))
    if facts.paid_like and facts.orders:
        found.append(Finding(RiskRule.SHARED_PLACE, 2, {"people": facts.paid_like}))
    return found


def _of_refunds(facts: Facts, medians: dict[int, float]) -> list[Finding]:
    """The worst programme; by itself enough for a case."""
    for row in facts.refunds:
        usual = medians.get(row.programme, 0.0)
        is_far = row.refunded and row.rate > REFUND_TIMES * usual
        if row.orders >= REFUND_ORDERS and is_far:
            evidence = {
                "orders": row.refunded,
                "of": row.orders,
                "usual_percent": round(100 * usual),
            }
            return [Finding(RiskRule.REFUNDS, CASE_SCORE, evidence)]
    return []


def _percent(part: dict[str, int]) -> int:
    some, whole = (part.get("clicks") or part.get("orders") or 0), part["of"]
    return 100 * some // whole if whole else 0
