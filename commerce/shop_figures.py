"""What a shop sees of its own programmes: clicks, orders, sales and what it owes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import (
    Count,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from commerce.earnings import USUAL_CURRENCY
from commerce.models import (
    Click,
    Commission,
    CommissionShare,
    CommissionState,
    OrderLine,
    OrderStatus,
    Programme,
    RateCard,
    Role,
)
from commerce.money import part_shown
from commerce.words import RETURNED
from pinboard.models import Pin, Product, Shop

PERIODS = (7, 30, 90)
USUAL_PERIOD = 30
NOT_OWED = (
    CommissionState.VOID,
    CommissionState.CLAWED_BACK,
    CommissionState.UNATTRIBUTED,
    CommissionState.PAID,
)
COUNTED = Q(is_qualified=True) & ~Q(marks__contains=["dup"])


@dataclass(frozen=True)
class Period:
    """Whole days up to today, and as many before them to compare with."""

    days: int
    first: date
    last: date

    @property
    def first_before(self) -> date:
        return self.first - timedelta(days=self.days)

    @property
    def starts_at(self) -> datetime:
        return _midnight(self.first)

    @property
    def starts_before_at(self) -> datetime:
        return _midnight(self.first_before)


def last_days(days: int) -> Period:
    today = timezone.localdate()
    return Period(days, today - timedelta(days=days - 1), today)


@dataclass(frozen=True)
class Figure:
    now: int
    before: int

    @property
    def change_percent(self) -> int | None:
        """Against the period before; None where that had nothing."""
        return (self.now - self.before) * 100 // self.before if self.before else None


@dataclass(frozen=True)
class Totals:
    clicks: Figure
    orders: Figure
    sales: Figure
    owed: Figure
    kept: int

    @property
    def ordered_percent(self) -> str:
        return part_shown(self.orders.now, self.clicks.now)

    @property
    def kept_percent(self) -> str:
        return part_shown(self.kept, self.orders.now)


def currency_of(shop: Shop) -> str:
    programme = Programme.objects.filter(shop=shop).order_by("-is_active", "pk").first()
    return programme.currency if programme else USUAL_CURRENCY


def totals_of_shop(shop: Shop, period: Period, currency: str) -> Totals:
    now, before = (
        Q(created_at__gte=period.starts_at),
        Q(created_at__lt=period.starts_at),
    )
    owed = ~Q(commission__state__in=NOT_OWED)
    kept = ~Q(status=OrderStatus.INVALID) & Q(refunded_minor__lt=F("paid_minor"))
    sums = _lines(shop, currency, since=period.starts_before_at).aggregate(
        orders_now=Count("order_id", filter=now, distinct=True),
        orders_before=Count("order_id", filter=before, distinct=True),
        kept=Count("order_id", filter=now & kept, distinct=True),
        sales_now=Sum("paid_minor", filter=now, default=0),
        sales_before=Sum("paid_minor", filter=before, default=0),
        owed_now=Sum("commission__gross_minor", filter=now & owed, default=0),
        owed_before=Sum("commission__gross_minor", filter=before & owed, default=0),
    )
    return Totals(
        clicks=_clicks(shop, period),
        orders=Figure(sums["orders_now"], sums["orders_before"]),
        sales=Figure(sums["sales_now"], sums["sales_before"]),
        owed=Figure(sums["owed_now"], sums["owed_before"]),
        kept=sums["kept"],
    )


def sales_by_day(shop: Shop, period: Period, currency: str) -> dict[date, int]:
    """Both periods, each day that has sales."""
    lines = _lines(shop, currency, since=period.starts_before_at)
    days = lines.annotate(day=TruncDate("created_at")).values_list("day")
    return dict(days.annotate(Sum("paid_minor")).order_by("day"))


@dataclass(frozen=True)
class ProductRow:
    product: Product
    saves: int
    clicks: int
    orders: int
    owed_minor: int
    rate_bp: int | None

    @property
    def conversion(self) -> str:
        """Clicks that buy, in per cent with one decimal."""
        return f"{part_shown(self.orders, self.clicks)}%" if self.clicks else "–"


def with_product_figures(products: QuerySet[Product]) -> QuerySet[Product]:
    """Saves, counted clicks, orders and commission of all time, in one query."""
    pins = Pin.objects.filter(product=OuterRef("pk"), deleted_at=None, state="ready")
    clicks = Click.objects.filter(COUNTED, link__product=OuterRef("pk"))
    lines = OrderLine.objects.filter(
        product=OuterRef("pk"), programme__shop=OuterRef("shop")
    )
    owed = lines.exclude(commission__state__in=NOT_OWED)
    return products.select_related("picture").annotate(
        saves=_count_of(pins, "product"),
        clicks=_count_of(clicks, "link__product"),
        orders=_count_of(lines, "product"),
        owed_minor=_sum_of(owed, "product", "commission__gross_minor"),
    )


def product_rows(
    products: Iterable[Product], programme: Programme | None
) -> list[ProductRow]:
    """The annotated products with today's rates: one query more."""
    found = list(products)
    rates = _rates(programme, found) if programme else {}
    usual = rates.get(RateCard.WHOLE_PROGRAMME)
    return [
        ProductRow(
            product=product,
            saves=product.saves,  # type: ignore[attr-defined]  # annotated
            clicks=product.clicks,  # type: ignore[attr-defined]
            orders=product.orders,  # type: ignore[attr-defined]
            owed_minor=product.owed_minor,  # type: ignore[attr-defined]
            rate_bp=rates.get(RateCard.key_of(product), usual),
        )
        for product in found
    ]


def programme_of(shop: Shop) -> Programme | None:
    """The shop's own programme, whose terms the studio keeps to."""
    return Programme.objects.active().filter(shop=shop).order_by("pk").first()


def orders_of_shop(shop: Shop) -> QuerySet[OrderLine]:
    """Order lines of the shop's programmes with what is owed for each, and to whom."""
    pinners = CommissionShare.objects.filter(role=Role.PINNER).select_related("party")
    return (
        OrderLine.objects.filter(programme__shop=shop, commission__isnull=False)
        .exclude(commission__state=CommissionState.UNATTRIBUTED)
        .select_related("commission", "product__picture")
        .prefetch_related(
            Prefetch("commission__shares", queryset=pinners, to_attr="of_pinner")
        )
    )


def owed_by_word(shop: Shop) -> list[tuple[str, list[int]]]:
    """By currency, how much commission of the shop's orders has each word."""
    rows = (
        Commission.objects.filter(line__programme__shop=shop)
        .exclude(state=CommissionState.UNATTRIBUTED)
        .values_list("currency", "state")
        .annotate(Sum("gross_minor"))
        .order_by("currency")
    )
    sums: dict[str, dict[str, int]] = {}
    for currency, state, amount in rows:
        words = sums.setdefault(currency, dict.fromkeys(Commission.WORDS, 0))
        words[Commission(state=state).word] += amount
    return [
        (currency, [amount for word, amount in words.items() if word != RETURNED])
        for currency, words in sums.items()
    ]


def _lines(shop: Shop, currency: str, *, since: datetime) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(
        programme__shop=shop, currency=currency, created_at__gte=since
    )


def _clicks(shop: Shop, period: Period) -> Figure:
    clicks = Click.objects.filter(
        COUNTED, programme__shop=shop, occurred_at__gte=period.starts_before_at
    )
    sums = clicks.aggregate(
        now=Count("pk", filter=Q(occurred_at__gte=period.starts_at)),
        before=Count("pk", filter=Q(occurred_at__lt=period.starts_at)),
    )
    return Figure(sums["now"], sums["before"])


def _rates(programme: Programme, products: list[Product]) -> dict[str, int]:
    keys = [RateCard.WHOLE_PROGRAMME, *map(RateCard.key_of, products)]
    cards = RateCard.objects.valid_at(timezone.now()).filter(
        programme=programme, scope_key__in=keys
    )
    return dict(cards.values_list("scope_key", "rate_bp"))


def _count_of(rows: QuerySet[Pin | Click | OrderLine], key: str) -> Coalesce:
    counted = rows.order_by().values(key).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _sum_of(rows: QuerySet[OrderLine], key: str, amount: str) -> Coalesce:
    summed = rows.order_by().values(key).annotate(n=Sum(amount)).values("n")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
