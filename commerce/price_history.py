"""What our own price points say about a price: was it higher, is it the lowest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pinboard.models import PricePoint, Product

DAYS = 90
WIDTH, HEIGHT, EDGE = 360, 72, 8  # of the step line's view box


@dataclass(frozen=True)
class PriceHistory:
    """Of one product, over at most 90 days, today included."""

    since: date
    high_minor: int
    low_minor: int
    was_minor: int | None  # the last other price, where it was higher
    fall_percent: int
    is_lowest: bool
    line: str  # path of an SVG: prices are steps, not slopes
    now_y: str
    low_y: str


def history_of(product: Product, *, today: date) -> PriceHistory | None:
    """None where fewer than two prices were seen."""
    if product.price_minor is None:
        return None
    latest = product.price_points.filter(currency=product.currency).order_by("-day")
    points = _within_window(list(latest[: DAYS + 1])[::-1], today)
    prices = [point.price_minor for point in points] + [product.price_minor]
    if len(points) < 2 or today <= points[0].day:
        return None
    now, high, low = prices[-1], max(prices), min(prices)
    other = next((price for price in reversed(prices) if price != now), None)
    was = other if other and other > now else None
    return PriceHistory(
        since=points[0].day,
        high_minor=high,
        low_minor=low,
        was_minor=was,
        fall_percent=(was - now) * 100 // was if was else 0,
        is_lowest=now == low < high,
        line=_steps(points, now, today),
        now_y=_y(now, low, high),
        low_y=_y(low, low, high),
    )


def _within_window(points: list[PricePoint], today: date) -> list[PricePoint]:
    """The points of the window, and the one that held when it opened, moved to it."""
    opening = today - timedelta(days=DAYS)
    before = [point for point in points if point.day < opening]
    inside = [point for point in points if point.day >= opening]
    if before and (not inside or inside[0].day > opening):
        before[-1].day = opening
        inside.insert(0, before[-1])
    return inside


def _steps(points: Sequence[PricePoint], now_minor: int, today: date) -> str:
    span = (today - points[0].day).days
    prices = [point.price_minor for point in points] + [now_minor]
    low, high = min(prices), max(prices)
    path = f"M0 {_y(prices[0], low, high)}"
    for point in points[1:]:
        x = WIDTH * (point.day - points[0].day).days // span
        path += f"H{x}V{_y(point.price_minor, low, high)}"
    return f"{path}H{WIDTH}V{_y(now_minor, low, high)}"


def _y(price_minor: int, low: int, high: int) -> str:
    """High prices stand high; one price alone stands in the middle."""
    if low == high:
        return str(HEIGHT // 2)
    room = HEIGHT - 2 * EDGE
    return str(EDGE + room * (high - price_minor) // (high - low))
