"""The line of a shop's sales: this period, and the one before dashed beneath it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from commerce.money import money_shown
from commerce.shop_figures import Period
from pinboard.prices import decimals_of

WIDTH, HEIGHT = 1000, 300
LINES = 5  # of the grid above zero


@dataclass(frozen=True)
class SalesChart:
    now: str  # path of the line
    fill: str
    before: str
    amounts: list[str]  # labels of the axis, the highest first
    days: list[str]
    sentence: str  # what the picture says, for those who do not see it
    table: list[tuple[date, int]]


def sales_chart(by_day: dict[date, int], period: Period, currency: str) -> SalesChart:
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    now = [by_day.get(day, 0) for day in days]
    before = [by_day.get(day - timedelta(days=period.days), 0) for day in days]
    step = _step(max([*now, *before]), currency)
    line = _path(now, step * LINES)
    return SalesChart(
        now=line,
        fill=f"{line}V{HEIGHT}H0Z",
        before=_path(before, step * LINES),
        amounts=[_short(step * n, currency) for n in range(LINES, -1, -1)],
        days=[date_format(day, "MONTH_DAY_FORMAT") for day in _marks(days)],
        sentence=_sentence(days, now, before, currency),
        table=list(zip(days, now, strict=True)),
    )


def _step(highest: int, currency: str) -> int:
    """A round amount of which LINES reach the highest value: 1, 2 or 5 and zeros."""
    unit: int = 10 ** decimals_of(currency)
    while True:
        for factor in (1, 2, 5):
            if unit * factor * LINES >= highest:
                return unit * factor
        unit *= 10


def _path(values: list[int], top: int) -> str:
    last = max(len(values) - 1, 1)
    points = (
        f"{WIDTH * n // last} {HEIGHT - HEIGHT * value // top}"
        for n, value in enumerate(values)
    )
    return "M" + "L".join(points)


def _marks(days: list[date]) -> list[date]:
    """Five of them, the first and the last among them."""
    last = len(days) - 1
    return [days[last * n // 4] for n in range(5)]


def _short(minor: int, currency: str) -> str:
    """¥4k, ¥1.5m would be too much precision: steps are round."""
    unit = 10 ** decimals_of(currency)
    whole = minor // unit
    for size, letter in ((1_000_000, "m"), (1000, "k")):
        if whole >= size and whole % size == 0:
            return money_shown(minor // size, currency) + letter
    return money_shown(minor, currency)


def _sentence(
    days: list[date], now: list[int], before: list[int], currency: str
) -> str:
    return _(
        "Sales from pins per day, %(first)s to %(last)s: %(now)s in all, at most "
        "%(best)s a day. The period before: %(before)s."
    ) % {
        "first": date_format(days[0], "MONTH_DAY_FORMAT"),
        "last": date_format(days[-1], "MONTH_DAY_FORMAT"),
        "now": money_shown(sum(now), currency),
        "best": money_shown(max(now), currency),
        "before": money_shown(sum(before), currency),
    }
