from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from pinboard.discovery.covers import load_covers, with_newest_goods
from pinboard.models import Follow, Pin, Product, Shop
from pinboard.views.paging import page_or_404


@require_safe
def shop_list(request: HttpRequest) -> HttpResponse:
    """Every shop that sells something, the newest first."""
    sells = Product.objects.filter(shop=OuterRef("pk"), removed_at=None)
    shops = with_newest_goods(Shop.objects.filter(Exists(sells)))
    page = page_or_404(request, shops)
    load_covers(page.items)
    shown = {"shops": page.items, "next_cursor": page.next_cursor}
    return render(request, "pinboard/shop_list.html", shown)


@require_safe
def shop_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The catalogue, and the pins of what the shop sells, by a tab each."""
    follows = Follow.objects.filter(shop=OuterRef("pk"), follower_id=request.user.pk)
    shops = Shop.objects.select_related("board", "owner")
    shop = get_object_or_404(
        shops.annotate(followed_by_viewer=Exists(follows)), slug=slug
    )
    if request.GET.get("tab") == "pins":
        shown = _pins_tab(request, shop)
    else:
        shown = _products_tab(request, shop)
    return render(request, "pinboard/shop_detail.html", shown | {"shop": shop})


def _products_tab(request: HttpRequest, shop: Shop) -> dict[str, object]:
    rows = shop.products.filter(removed_at=None).select_related("picture")
    page = page_or_404(request, rows)
    return {"tab": "products", "products": page.items, "next_cursor": page.next_cursor}


def _pins_tab(request: HttpRequest, shop: Shop) -> dict[str, object]:
    rows = Pin.objects.visible_to(request.user).filter(
        Q(product__shop=shop) | Q(board__shop=shop)
    )
    page = page_or_404(request, rows.with_card_data(request.user))
    return {"tab": "pins", "pins": page.items, "next_cursor": page.next_cursor}
