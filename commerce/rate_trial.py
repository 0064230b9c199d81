"""What last month would have cost at another rate. Computed by what computes the
commissions themselves, on the lines as they are kept; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone

from commerce.figures import TermsAtOrder, figures_of
from commerce.models import (
    Attribution,
    CommissionState,
    OrderLine,
    Programme,
    RateCard,
    Role,
)
from commerce.money import share_of
from commerce.months import CalendarMonth
from pinboard.models import Product

MOST_LINES = 5_000


@dataclass
class Trial:
    month: CalendarMonth
    rate_bp: int
    currency: str
    orders: int = 0
    cost_minor: int = 0
    cost_then_minor: int = 0
    pinners_minor: int = 0
    pinners_then_minor: int = 0
    is_sample: bool = False  # of the month's last lines alone

    @property
    def difference_minor(self) -> int:
        return self.cost_minor - self.cost_then_minor


def try_rate(
    programme: Programme,
    product: Product | None,
    rate_bp: int,
    *,
    most_lines: int = MOST_LINES,
) -> Trial:
    """Of the product's orders, or of all that were promised the programme's rate."""
    month = CalendarMonth.of(timezone.localdate()).earlier()
    lines = _lines_of(programme, product, month, most_lines)
    trial = Trial(month, rate_bp, programme.currency)
    trial.is_sample = len(lines) > most_lines
    lines = lines[:most_lines]
    terms = TermsAtOrder(lines)
    orders = set()
    for line, attribution in _touched(lines, product, terms):
        commission = line.commission
        figures = figures_of(
            *_as_if(line, attribution, rate_bp, terms),
            rejection=commission.return_reason if commission.rejected_at else "",
            terms=_Always(rate_bp),
        )
        orders.add(line.order_id)
        trial.cost_minor += figures.gross
        trial.cost_then_minor += commission.gross_minor
        for share in commission.shares.all():
            if share.role != Role.PLATFORM:
                trial.pinners_minor += share_of(figures.net, rate_bp=share.bp)
                trial.pinners_then_minor += share.amount_minor
    trial.orders = len(orders)
    return trial


class _Always(TermsAtOrder):
    """The rate that is tried, at any time."""

    def __init__(self, rate_bp: int) -> None:
        super().__init__([])
        self._rate_bp = rate_bp

    def rate_of(self, line: OrderLine) -> int:
        return self._rate_bp


def _lines_of(
    programme: Programme, product: Product | None, month: CalendarMonth, most: int
) -> list[OrderLine]:
    """The latest first; one more than is looked at tells that there are more."""
    current = Attribution.objects.filter(is_current=True).select_related(
        "click__rate_card"
    )
    lines = OrderLine.objects.filter(
        programme=programme,
        created_at__gte=month.begins,
        created_at__lt=month.ends,
        commission__isnull=False,
    ).exclude(commission__state=CommissionState.UNATTRIBUTED)
    if product is not None:
        lines = lines.filter(product=product)
    related = lines.select_related("commission", "network").prefetch_related(
        "commission__shares", Prefetch("attributions", queryset=current)
    )
    return list(related.order_by("-created_at", "-pk")[: most + 1])


def _touched(
    lines: list[OrderLine], product: Product | None, terms: TermsAtOrder
) -> Iterator[tuple[OrderLine, Attribution]]:
    """The programme's rate is not that of products with a rate of their own."""
    for line in lines:
        for attribution in line.attributions.all():
            if product or not _has_own_rate(line, attribution, terms):
                yield line, attribution


def _has_own_rate(
    line: OrderLine, attribution: Attribution, terms: TermsAtOrder
) -> bool:
    if attribution.click is None:
        card = terms.card_of(line)
    else:
        card = attribution.click.rate_card
    return card is not None and card.scope_key != RateCard.WHOLE_PROGRAMME


def _as_if(
    line: OrderLine, attribution: Attribution, rate_bp: int, terms: TermsAtOrder
) -> tuple[OrderLine, Attribution]:
    """The same sale, promised the other rate. A shop's notice that reports no more than
    was promised would have followed the promise; a network's report stays."""
    now = figures_of(line, attribution, terms=terms)
    line, attribution = copy(line), copy(attribution)
    if (
        line.network.adapter == line.network.Adapter.DIRECT
        and (line.gross_fee_minor or 0) <= now.promised
    ):
        line.gross_fee_minor = None
    if attribution.click is not None:
        attribution.click = copy(attribution.click)
        attribution.click.rate_bp = rate_bp
    return line, attribution
