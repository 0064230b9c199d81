"""More like this: other pins of the same product, with the same tags, of the same shop,
on the same board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Case,
    Count,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from pinboard.models import Pin, PinState, Product, Tag

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

RELATED = 20
CANDIDATES = 100  # of each kind, the newest: no board or shop is too large to rank


def related_pins(pin: Pin, viewer: Viewer, keys: Sequence[str] = ()) -> list[Pin]:
    """The nearest first, each picture once, and never the pin's own; `keys` are those
    of its tags."""
    nearest = list(_near(pin, viewer, keys)[: 2 * RELATED])
    once = {other.picture_id: other for other in reversed(nearest)}
    return [other for other in nearest if once[other.picture_id] is other][:RELATED]


def _near(pin: Pin, viewer: Viewer, keys: Sequence[str]) -> QuerySet[Pin]:
    same_product, same_shop = Q(pk__in=[]), Q(pk__in=[])
    if pin.product is not None:
        same_product = Q(product_id=pin.product_id)
        same_shop = Q(product__shop_id=pin.product.shop_id)
    return (
        Pin.objects.visible_to(viewer)
        .filter(pk__in=_candidates(pin, keys), state=PinState.READY)
        .exclude(pk=pin.pk)
        .exclude(picture=pin.picture)
        .with_card_data(viewer)
        .annotate(shared_tags=_count(Tag.objects.filter(key__in=keys)))
        .order_by(_first(same_product), "-shared_tags", _first(same_shop), "-pk")
    )


def _candidates(pin: Pin, keys: Sequence[str]) -> QuerySet[Any, Any]:
    """Each kind by its own index: joined by OR they would be looked for in all pins."""
    pins = Pin.objects.order_by("-pk").values("pk")
    tags = Tag.objects.order_by("-pin_id").values("pin")
    kinds: list[QuerySet[Any, Any]] = [
        pins.filter(board=pin.board_id)[:CANDIDATES],
        *(tags.filter(key=key)[: CANDIDATES // len(keys)] for key in keys),
    ]
    if pin.product is not None:
        of_shop = Product.objects.filter(shop=pin.product.shop_id).values("pk")
        kinds += [
            pins.filter(product=pin.product_id)[:CANDIDATES],
            pins.filter(product__in=of_shop)[:CANDIDATES],
        ]
    first, *others = kinds
    return first.union(*others)


def _first(pins: Q) -> Case:
    return Case(When(pins, then=Value(0)), default=Value(1))


def _count(tags: QuerySet[Tag]) -> Coalesce:
    """How many of these a pin has."""
    own = tags.filter(pin=OuterRef("pk")).order_by().values("pin")
    return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)
