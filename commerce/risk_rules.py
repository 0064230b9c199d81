"""What looks like fraud, from what was counted of a person's clicks and orders. Pure.

The rules are those of networks (clicks a minute, orders within seconds, one browser for
many, stuffed cookies, far more refunds than others); each threshold is one that honest
people do not reach by being busy. A finding is evidence for a reviewer and decides
nothing. Page views are not counted, so the share of viewers who click is no rule here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from commerce.models import RiskRule

CASE_SCORE = 3  # so many points open a case; one rule alone may have them

# On one link from one /24 or /48. An office that hears of a pin clicks as often within
# an hour, not within a minute.
CLICKS_A_MINUTE = 10
# A browser is shared if it clicked again and again for several people: a shopper who
# looks around clicks for each of many once or twice.
SHARED_CLICKS, SHARED_PEOPLE = 5, 3
SHARED_VISITORS = 3  # one such browser may stand in a shop or a library
QUICK_S, QUICK_ORDERS = 3, 2  # nobody reads a page and pays in three seconds
CLUSTERED_ORDERS, CLUSTERED_PERCENT = 5, 50  # to the second
SELF_ORDERS = 2  # one is held for review by itself
# Some browsers and apps send no referer: a part of any crowd, not all of it.
NO_REFERER_CLICKS, NO_REFERER_PERCENT = 100, 95
STUFFED_CLICKS, STUFFED_PERCENT = 50, 50
REFUND_ORDERS, REFUND_TIMES = 10, 3  # of the programme's median
# Where next to nothing comes back one refund of ten would be many times the median.
LEAST_USUAL = 0.05

Evidence = dict[str, int | list[int]]  # counts, and keys of our own rows


@dataclass(frozen=True)
class Refunds:
    """Of one person in one programme."""

    programme: int
    orders: int
    refunded: int
    lines: tuple[int, ...] = ()

    @property
    def rate(self) -> float:
        return self.refunded / self.orders if self.orders else 0.0


@dataclass(frozen=True)
class Facts:
    """Of one person in the window. Of order lines the newest few are named."""

    clicks: int = 0
    most_a_minute: int = 0
    busiest_link: int = 0
    shared_visitors: int = 0
    without_referer: int = 0
    embedded: int = 0  # clicks that no person made
    orders: int = 0
    quick_orders: int = 0
    quick_lines: tuple[int, ...] = ()
    same_delay_orders: int = 0
    same_delay_s: int = 0
    same_delay_lines: tuple[int, ...] = ()
    self_orders: int = 0
    self_lines: tuple[int, ...] = ()
    paid_like: int = 0  # others who are paid to the same place
    refunds: tuple[Refunds, ...] = ()


@dataclass(frozen=True)
class Finding:
    rule: RiskRule
    score: int
    evidence: Evidence


def medians_of(everybody: Sequence[Refunds]) -> dict[int, float]:
    """The usual share of refunded orders, by programme."""
    rates: dict[int, list[float]] = {}
    for row in everybody:
        rates.setdefault(row.programme, []).append(row.rate)
    return {programme: median(found) for programme, found in rates.items()}


def findings(facts: Facts, medians: dict[int, float]) -> list[Finding]:
    return [*_of_clicks(facts), *_of_orders(facts), *_of_refunds(facts, medians)]


def is_suspicious(found: Sequence[Finding]) -> bool:
    """Whether somebody should look before money is paid."""
    return sum(finding.score for finding in found) >= CASE_SCORE


def _of_clicks(facts: Facts) -> list[Finding]:
    found = []
    if facts.most_a_minute > CLICKS_A_MINUTE:
        evidence: Evidence = {"clicks": facts.most_a_minute, "link": facts.busiest_link}
        found.append(Finding(RiskRule.VELOCITY, 1, evidence))
    if facts.shared_visitors >= SHARED_VISITORS:
        evidence = {"browsers": facts.shared_visitors}
        found.append(Finding(RiskRule.SHARED_VISITOR, 1, evidence))
    bare, clicks = facts.without_referer, facts.clicks
    if clicks >= NO_REFERER_CLICKS and _percent(bare, clicks) >= NO_REFERER_PERCENT:
        evidence = {"clicks": bare, "of": clicks}
        found.append(Finding(RiskRule.NO_REFERER, 1, evidence))
    stuffed, opened = facts.embedded, facts.clicks + facts.embedded
    if stuffed >= STUFFED_CLICKS and _percent(stuffed, opened) >= STUFFED_PERCENT:
        evidence = {"clicks": stuffed, "of": opened}
        found.append(Finding(RiskRule.STUFFING, 2, evidence))
    return found


def _of_orders(facts: Facts) -> list[Finding]:
    found, of = [], {"of": facts.orders}
    if facts.quick_orders >= QUICK_ORDERS:
        lines = list(facts.quick_lines)
        evidence: Evidence = {"orders": facts.quick_orders, **of, "lines": lines}
        found.append(Finding(RiskRule.QUICK_ORDERS, 2, evidence))
    alike = facts.same_delay_orders
    is_half = _percent(alike, facts.orders) >= CLUSTERED_PERCENT
    if alike >= CLUSTERED_ORDERS and is_half:
        lines, seconds = list(facts.same_delay_lines), facts.same_delay_s
        evidence = {"orders": alike, **of, "seconds": seconds, "lines": lines}
        found.append(Finding(RiskRule.CLUSTERED, 2, evidence))
    if facts.self_orders >= SELF_ORDERS:
        evidence = {"orders": facts.self_orders, **of, "lines": list(facts.self_lines)}
        found.append(Finding(RiskRule.SELF_PURCHASE, 2, evidence))
    if facts.paid_like and facts.orders:
        found.append(Finding(RiskRule.SHARED_PLACE, 2, {"people": facts.paid_like}))
    return found


def _of_refunds(facts: Facts, medians: dict[int, float]) -> list[Finding]:
    """The worst programme; by itself enough for a case."""
    for row in sorted(facts.refunds, key=lambda row: row.rate, reverse=True):
        usual = max(medians.get(row.programme, 0.0), LEAST_USUAL)
        if row.orders >= REFUND_ORDERS and row.rate > REFUND_TIMES * usual:
            evidence: Evidence = {
                "orders": row.refunded,
                "of": row.orders,
                "usual_percent": round(100 * usual),
                "lines": list(row.lines),
            }
            return [Finding(RiskRule.REFUNDS, CASE_SCORE, evidence)]
    return []


def _percent(some: int, whole: int) -> int:
    return 100 * some // whole if whole else 0
