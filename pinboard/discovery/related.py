"""More like this: other pins of the same product, the same shop, the same board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from pinboard.models import Pin, PinState

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

RELATED = 20


def related_pins(pin: Pin, viewer: Viewer) -> list[Pin]:
    """The nearest first, each picture once, and never the pin's own."""
    nearest = list(_near(pin, viewer)[: 2 * RELATED])
    once = {other.picture_id: other for other in reversed(nearest)}
    return [other for other in nearest if once[other.picture_id] is other][:RELATED]


def _near(pin: Pin, viewer: Viewer) -> QuerySet[Pin]:
    near = Q(board_id=pin.board_id)
    ranks = []
    if pin.product is not None:
        near |= Q(product_id=pin.product_id) | Q(product__shop_id=pin.product.shop_id)
        ranks.append(When(product_id=pin.product_id, then=Value(0)))
        ranks.append(When(product__shop_id=pin.product.shop_id, then=Value(1)))
    rank = Case(*ranks, default=Value(2), output_field=IntegerField())
    return (
        Pin.objects.visible_to(viewer)
        .filter(near, state=PinState.READY)
        .exclude(pk=pin.pk)
        .exclude(picture=pin.picture)
        .with_card_data(viewer)
        .order_by(rank, "-pk")
    )
