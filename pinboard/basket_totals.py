"""What a basket comes to in the reader's currency, and how that stands to a budget."""

from __future__ import annotations

from dataclasses import dataclass

from pinboard.discovery.basket import Sums
from pinboard.exchange import Rates
from pinboard.models import ExchangeRate
from pinboard.models.basket import Budget


@dataclass(frozen=True)
class Part:
    """The subtotal of one currency; `about_minor` is it in the reader's, if it can."""

    minor: int
    currency: str
    about_minor: int | None


@dataclass(frozen=True)
class Totals:
    """One sum, or where a single rate is missing none: the parts stand for
    themselves, because a total of some of them would be a wrong one."""

    currency: str
    minor: int | None
    rates: tuple[ExchangeRate, ...]
    parts: list[Part]
    missing: tuple[str, ...]
    left_minor: int | None  # of it, still to be bought

    @property
    def shows_parts(self) -> bool:
        return len(self.parts) > 1 or bool(self.rates or self.missing)


def totals_of(sums: Sums, *, currency: str, rates: Rates) -> Totals:
    """Each sum is converted as a whole and rounded once, not line by line."""
    total = rates.sum(sums.amounts, currency)
    left = {
        code: minor - sums.bought.get(code, 0) for code, minor in sums.amounts.items()
    }
    return Totals(
        currency=currency,
        minor=None if total.missing else total.minor,
        rates=() if total.missing else total.rates,
        parts=[
            Part(minor, code, _about(minor, code, currency, rates, total.missing))
            for code, minor in sums.amounts.items()
        ],
        missing=total.missing,
        left_minor=None if total.missing else rates.sum(left, currency).minor,
    )


def _about(
    minor: int, source: str, target: str, rates: Rates, missing: tuple[str, ...]
) -> int | None:
    """Beside a total only: without one it would invite to add up by hand."""
    if missing or source == target:
        return None
    return rates.sum({source: minor}, target).minor


@dataclass(frozen=True)
class BudgetBar:
    """A budget in the reader's currency, beside what the basket comes to in it."""

    limit_minor: int
    spent_minor: int
    currency: str
    rates: tuple[ExchangeRate, ...]  # by which the budget itself is converted

    @property
    def left_minor(self) -> int:
        return max(self.limit_minor - self.spent_minor, 0)

    @property
    def over_minor(self) -> int:
        return max(self.spent_minor - self.limit_minor, 0)

    @property
    def filled_minor(self) -> int:
        return min(self.spent_minor, self.limit_minor)


def budget_bar(budget: Budget | None, totals: Totals, rates: Rates) -> BudgetBar | None:
    """None where there is nothing to compare: no budget, or no rate."""
    if budget is None or totals.minor is None:
        return None
    limit = rates.sum({budget.currency: budget.amount_minor}, totals.currency)
    if limit.missing or not limit.minor:
        return None
    return BudgetBar(limit.minor, totals.minor, totals.currency, limit.rates)
