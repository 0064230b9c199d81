"""What a board costs: its products with how many of each, and the sums over all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DecimalField,
    Expression,
    ExpressionWrapper,
    F,
    FilteredRelation,
    PositiveSmallIntegerField,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from pinboard.models import Availability, Board, Pin, Shop
from pinboard.models.basket import Choice
from pinboard.models.pin import PinQuerySet
from pinboard.models.product import STALE_AFTER

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

# A shop's items stand together and pages go by one whole number: the shop's key above,
# the pin's below it.
_PIN_BITS = 40


def products_on(board: Board, viewer: Viewer, *, key: str = "") -> PinQuerySet:
    """The pins of a board that something can be bought by."""
    pins = Pin.objects.visible_to(viewer, key=key).filter(board=board)
    return pins.filter(product__isnull=False, product__removed_at=None)


def with_choices_of(pins: PinQuerySet, reader: Viewer) -> PinQuerySet:
    """Annotates `quantity` and `is_bought` from the reader's rows; without one it is
    one of each."""
    mine = FilteredRelation(
        "basket_lines", condition=Q(basket_lines__owner=reader.pk or 0)
    )
    chosen: dict[str, Any] = {
        "quantity": Coalesce("mine__quantity", 1),
        "is_bought": Coalesce("mine__is_bought", False),
    }
    return pins.annotate(mine=mine).annotate(**chosen)


def with_choices(pins: PinQuerySet, choices: dict[int, Choice]) -> PinQuerySet:
    """The same from what a visitor's session says."""
    quantities: dict[int, list[int]] = {}
    for pin, choice in choices.items():
        quantities.setdefault(choice.quantity, []).append(pin)
    bought = [pin for pin, choice in choices.items() if choice.is_bought]
    number: PositiveSmallIntegerField[int, int] = PositiveSmallIntegerField()
    whens = [When(pk__in=pks, then=Value(q)) for q, pks in quantities.items()]
    chosen: dict[str, Any] = {
        "quantity": Case(*whens, default=Value(1), output_field=number),
        "is_bought": Case(When(pk__in=bought, then=Value(True)), default=Value(False)),
    }
    return pins.annotate(**chosen)


def wanted(pins: PinQuerySet) -> PinQuerySet:
    """Those that the reader did not leave out."""
    return pins.filter(Q(quantity__gt=0))


def by_shop(pins: PinQuerySet) -> PinQuerySet:
    """All that the list reads, with its place in it as `spot`."""
    spot = F("product__shop_id") * Value(2**_PIN_BITS) + F("pk")
    loaded = pins.select_related("product__shop", "picture", "board")
    return loaded.annotate(
        spot=ExpressionWrapper(spot, output_field=BigIntegerField())
    ).order_by("spot")


def in_shops(pins: Iterable[Pin]) -> list[tuple[Shop, list[Pin]]]:
    """Neighbours of one shop together. Of products alone."""
    sold = [(pin.product.shop, pin) for pin in pins if pin.product]
    return [
        (shop, [pin for _, pin in rows])
        for shop, rows in groupby(sold, key=lambda row: row[0])
    ]


@dataclass
class Sums:
    """Over the whole board, page or not. What is sold out is in no amount."""

    amounts: dict[str, int] = field(default_factory=dict)  # minor units by currency
    bought: dict[str, int] = field(default_factory=dict)
    item_count: int = 0  # of the amounts
    piece_count: int = 0
    bought_count: int = 0
    sold_out_count: int = 0
    left_out_count: int = 0
    unpriced_count: int = 0
    stale_count: int = 0
    shop_count: int = 0

    @property
    def row_count(self) -> int:
        outside = self.sold_out_count + self.left_out_count + self.unpriced_count
        return self.item_count + outside


def sums_of(pins: PinQuerySet) -> Sums:
    """In one query, of pins with their choices."""
    sums = Sums()
    for row in _by_currency(pins):
        if row["item_count"]:
            sums.amounts[row["product__currency"]] = int(row["amount"])
        if row["bought_count"]:
            sums.bought[row["product__currency"]] = int(row["bought"])
        for name in _COUNTS:
            setattr(sums, name, getattr(sums, name) + (row[name] or 0))
    return sums


_SOLD_OUT = Q(product__availability=Availability.SOLD_OUT)
_WANTED = ~_SOLD_OUT & Q(quantity__gt=0)
_COUNTED = _WANTED & Q(product__price_minor__isnull=False)


def _by_currency(pins: PinQuerySet) -> Iterable[dict[str, Any]]:
    fresh = Q(product__price_at__gte=timezone.now() - STALE_AFTER)
    counts = {
        "item_count": Count("pk", filter=_COUNTED),
        "piece_count": Sum("quantity", filter=_COUNTED),
        "bought_count": Count("pk", filter=_COUNTED & Q(is_bought=True)),
        "sold_out_count": Count("pk", filter=_SOLD_OUT),
        "left_out_count": Count("pk", filter=~_SOLD_OUT & Q(quantity=0)),
        "unpriced_count": Count(
            "pk", filter=_WANTED & Q(product__price_minor__isnull=True)
        ),
        "stale_count": Count("pk", filter=_COUNTED & ~fresh),
        "shop_count": Count("product__shop", filter=_COUNTED, distinct=True),
    }
    return (
        pins.order_by()
        .values("product__currency")
        .annotate(
            amount=Sum(_cost(), filter=_COUNTED),
            bought=Sum(_cost(), filter=_COUNTED & Q(is_bought=True)),
            **counts,
        )
        .order_by("product__currency")
    )


_COUNTS = (
    *("item_count", "piece_count", "bought_count", "sold_out_count"),
    *("left_out_count", "unpriced_count", "stale_count", "shop_count"),
)


def _cost() -> Expression:
    """Of a line. A number without end: no price is so high that the sum fails."""
    whole: DecimalField[Any, Any] = DecimalField(max_digits=40, decimal_places=0)
    price = Cast("product__price_minor", whole)
    return ExpressionWrapper(price * F("quantity"), output_field=whole)
