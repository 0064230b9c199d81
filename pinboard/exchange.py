"""From one currency to another, by the rates that staff keep. Exact until the end.

Rates are decimals and sums are fractions of them, so that what is shown has been
rounded once. Nobody pays by it: a converted amount is always told as "about".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cached_property

from django.conf import settings
from django.utils import timezone

from pinboard.models import ExchangeRate
from pinboard.prices import decimals_of

RATE_LIFE = timedelta(days=31)  # an older one says nothing about today


@dataclass(frozen=True)
class Factor:
    """By what whole units of one currency are multiplied, and by which rates."""

    value: Fraction
    rates: tuple[ExchangeRate, ...] = ()  # none where nothing is converted


UNCHANGED = Factor(Fraction(1))


@dataclass(frozen=True)
class Converted:
    """A sum in one currency, and every rate it needed. Where currencies are missing,
    because no rate leads from them, it is not the whole sum and must not be shown."""

    minor: int
    rates: tuple[ExchangeRate, ...]
    missing: tuple[str, ...] = ()


class Rates:
    """The newest rate of each pair, asked for once and only where one is needed."""

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], ExchangeRate]:
        today = timezone.localdate()
        rows = ExchangeRate.objects.newest(on=today, not_before=today - RATE_LIFE)
        return {(row.base, row.quote): row for row in rows}

    def factor(self, source: str, target: str) -> Factor | None:
        """By a rate of the pair itself, or by way of the site's own currency."""
        if source == target:
            return UNCHANGED
        between = settings.SITE_CURRENCY
        if direct := self._of_pair(source, target):
            return direct
        first, second = self._of_pair(source, between), self._of_pair(between, target)
        if first is None or second is None:
            return None
        return Factor(first.value * second.value, first.rates + second.rates)

    def sum(self, amounts: Mapping[str, int], target: str) -> Converted:
        """Added up, and rounded to the nearest once."""
        total, missing = Fraction(0), []
        used: dict[ExchangeRate, None] = {}  # each once, in the order of need
        for currency, minor in amounts.items():
            factor = self.factor(currency, target)
            if factor is None:
                missing.append(currency)
                continue
            total += Fraction(minor, 10 ** decimals_of(currency)) * factor.value
            used |= dict.fromkeys(factor.rates)
        whole = nearest(total * 10 ** decimals_of(target))
        return Converted(whole, tuple(used), tuple(missing))

    def _of_pair(self, source: str, target: str) -> Factor | None:
        """The newer of the rate and the other way round; of one day the rate itself."""
        there = self._pairs.get((source, target))
        back = self._pairs.get((target, source))
        if there and not (back and back.day > there.day):
            return Factor(Fraction(there.rate), (there,))
        return Factor(1 / Fraction(back.rate), (back,)) if back else None


def nearest(amount: Fraction) -> int:
    """To a whole number; a half goes up, as people round prices."""
    return int((amount + Fraction(1, 2)) // 1)
