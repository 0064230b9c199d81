"""Products that somebody may mean: found by name, or known from their own pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from pinboard.discovery.search import products_alike, search_products
from pinboard.models import Pin, PinPoint, Product

if TYPE_CHECKING:
    from users.models import User

SHOWN_AT_ONCE = 12


def products_to_point(pin: Pin, q: str, by: User) -> list[Product]:
    """Those not in the picture yet. Without words: the pin's own, those of one's shop
    and those that one pinned, the newest first."""
    others = Product.objects.exclude(
        pk__in=PinPoint.objects.filter(pin=pin).values("product")
    ).values("pk")
    if not q:
        return list(_known_to(pin, by).filter(pk__in=others)[:SHOWN_AT_ONCE])
    found = search_products(q).filter(pk__in=others).order_by("-pk")
    alike = products_alike(q).filter(pk__in=others).order_by("-pk")
    return list(found[:SHOWN_AT_ONCE]) or list(alike[:SHOWN_AT_ONCE])


def _known_to(pin: Pin, by: User) -> QuerySet[Product]:
    pinned = Pin.objects.filter(product=OuterRef("pk"), pinner=by, deleted_at=None)
    known = Q(pk=pin.product_id) | Q(shop__owner=by) | Exists(pinned)
    return search_products("").filter(known).order_by("-pk")
