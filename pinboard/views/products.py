from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from pinboard.models import Pin, PinPoint, Product
from pinboard.views.paging import page_or_404


@require_safe
def product_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A product with every offer of it that we know, and what was pinned of it."""
    products = Product.objects.filter(removed_at=None)
    product = get_object_or_404(products.select_related("shop", "picture"), pk=pk)
    offers = list(products.filter(_same(product)).select_related("shop")[:20])
    offers.sort(key=lambda offer: (offer.is_sold_out, offer.price_minor is None))
    pins = Pin.objects.visible_to(request.user).filter(pk__in=_pinned(offers))
    page = page_or_404(request, pins.with_card_data(request.user))
    shown = {
        "product": product,
        "offers": [offer for offer in offers if offer != product],
        "pins": page.items,
        "next_cursor": page.next_cursor,
    }
    return render(request, "pinboard/product_detail.html", shown)


def _pinned(offers: list[Product]) -> QuerySet[Pin, int]:
    """Of pins that lead to one of them, or show it in their picture: each by its own
    index, for an OR of the two would read every pin."""
    own = Pin.objects.filter(product__in=offers).values_list("pk", flat=True)
    pointed = PinPoint.objects.filter(product__in=offers).order_by()
    return own.order_by().union(pointed.values_list("pin", flat=True))


def _same(product: Product) -> Q:
    """Offers are joined by their GTIN; a product without one stands alone."""
    if product.gtin:
        return Q(pk=product.pk) | Q(gtin=product.gtin)
    return Q(pk=product.pk)
