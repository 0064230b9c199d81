"""What a retailer changes in the studio: products with the rate they pay."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from commerce.models import Programme, RateCard
from pinboard.actions.products import post_product
from pinboard.models import Product, Shop
from users.models import User


@transaction.atomic
def save_product(
    *,
    shop: Shop,
    by: User,
    content: bytes | None = None,
    programme: Programme | None = None,
    rate_bp: int | None = None,
    **fields: Any,
) -> Product:
    """Post the product of this SKU, or change it, with its rate: both or neither."""
    product, _is_new = post_product(shop=shop, by=by, content=content, **fields)
    if programme is not None:
        set_rate(programme=programme, product=product, rate_bp=rate_bp)
    return product


@transaction.atomic
def set_rate(
    *, programme: Programme, product: Product | None, rate_bp: int | None
) -> RateCard | None:
    """What sales of the product pay from now on, or, without one, of all products that
    have no rate of their own. No rate: what the programme pays.

    The old card ends and a new one begins: what was promised at a click stays known.
    """
    # Two saves at once would both close the same card: one after the other then.
    Programme.objects.select_for_update().get(pk=programme.pk)
    now = timezone.now()
    scope = RateCard.key_of(product) if product else RateCard.WHOLE_PROGRAMME
    cards = RateCard.objects.filter(programme=programme, scope_key=scope)
    current = cards.valid_at(now).first()
    if current and current.rate_bp == rate_bp:
        return current
    if current:
        cards.filter(pk=current.pk).update(valid=(current.valid.lower, now))
    if rate_bp is None:
        return None
    planned = cards.filter(valid__startswith__gt=now).order_by("valid").first()
    return RateCard.objects.create(
        programme=programme,
        product=product,
        scope_key=scope,
        rate_bp=rate_bp,
        valid=(now, planned.valid.lower if planned else None),
    )
