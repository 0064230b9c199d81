from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router
from ninja.responses import Status

from config.api.auth import OPTIONAL, public, retailer, user_of
from config.api.errors import field_error
from config.api.pages import REFUSALS
from config.api.schemas import ProductIn, ProductOut, ProductPatch, path_id
from config.api.shapes import product_out
from pinboard.actions.products import upsert_product
from pinboard.models import Product, Shop
from users.models import User

router = Router(tags=["products"])
_KEPT = ("sku", "title", "url", "description", "brand", "gtin", "availability")
# Without a price the last one stays, with its date.
_NO_PRICE: dict[str, Any] = {"price_minor": None, "currency": None}


@router.get(
    "/products/{product_id}",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: ProductOut, **REFUSALS},
)
def product_detail(request: HttpRequest, product_id: str) -> ProductOut:
    """A product."""
    products = Product.objects.filter(removed_at=None).select_related("shop")
    return product_out(get_object_or_404(products, pk=path_id(product_id)))


@router.post(
    "/products",
    auth=retailer,
    response={201: ProductOut, 200: ProductOut, **REFUSALS},
)
def product_post(request: HttpRequest, wanted: ProductIn) -> Status[ProductOut]:
    """Post a product of one's own shop, or change the one with this `sku`."""
    fields = wanted.dict(exclude={"shop"})
    shop = _own_shop(user_of(request), wanted.shop)
    product, is_new = upsert_product(shop=shop, **_priced(fields))
    return Status(201 if is_new else 200, product_out(product))


@router.patch(
    "/products/{product_id}", auth=retailer, response={200: ProductOut, **REFUSALS}
)
def product_change(
    request: HttpRequest, product_id: str, wanted: ProductPatch
) -> ProductOut:
    """Change a product of one's own shop; what is left out stays as it is."""
    mine = Product.objects.filter(shop__owner=user_of(request), removed_at=None)
    product = get_object_or_404(mine.select_related("shop"), pk=path_id(product_id))
    given = wanted.dict(exclude_none=True)
    if "url" in given and not product.sku:
        raise field_error("url", _("Without a SKU its address is how it is known."))
    if "price_minor" in given:
        given.setdefault("currency", product.currency)
    known = {name: getattr(product, name) for name in _KEPT}
    changed, _is_new = upsert_product(
        shop=product.shop, **_priced(_NO_PRICE | known | given)
    )
    return product_out(changed)


def _own_shop(user: User, slug: str | None) -> Shop:
    shops = Shop.objects.filter(owner=user).order_by("pk")
    if slug is not None:
        shops = shops.filter(slug=slug)
    if shop := shops.first():
        return shop
    raise field_error("shop", _("You keep no such shop."))


def _priced(fields: dict[str, Any]) -> dict[str, Any]:
    """A price and its currency come together or not at all."""
    price, currency = fields["price_minor"], fields["currency"] or ""
    if price is not None and not currency:
        raise field_error("currency", _("A price needs its currency, such as CNY."))
    if not fields["url"].startswith(("https://", "http://")):
        raise field_error("url", _("Give the whole address, with https://."))
    return fields | {"currency": currency if price is not None else ""}
