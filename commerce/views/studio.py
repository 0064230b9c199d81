"""The retailer's side. Who keeps no shop is offered to open one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from commerce.actions.studio import save_product
from commerce.forms import ProductForm, ShopForm
from commerce.models import Programme, RateCard
from commerce.money import amount_text, percent_shown
from commerce.sales_chart import sales_chart
from commerce.shop_figures import (
    PERIODS,
    USUAL_PERIOD,
    currency_of,
    last_days,
    orders_of_shop,
    owed_by_word,
    product_rows,
    programme_of,
    sales_by_day,
    totals_of_shop,
    with_product_figures,
)
from pinboard.actions.shops import open_shop
from pinboard.exceptions import PictureRefused, PinboardError
from pinboard.models import Product, Shop
from pinboard.views.access import signed_in
from pinboard.views.paging import page_or_404

BEST = 5  # products and orders on the overview


@login_required
@never_cache
@require_safe
def studio(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    if shop is None:
        return redirect("commerce:studio-shop-create")
    period, currency = last_days(_days(request)), currency_of(shop)
    products = with_product_figures(shop.products.filter(removed_at=None))
    best = products.order_by("-orders", "-clicks", "-saves", "-pk")[:BEST]
    context = {
        "shop": shop,
        "period": period,
        "periods": PERIODS,
        "currency": currency,
        "totals": totals_of_shop(shop, period, currency),
        "chart": sales_chart(sales_by_day(shop, period, currency), period, currency),
        "rows": product_rows(best, programme_of(shop)),
        "orders": orders_of_shop(shop).order_by("-pk")[:BEST],
    }
    return render(request, "commerce/studio.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def studio_shop_create(request: HttpRequest) -> HttpResponse:
    form = ShopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            open_shop(owner=signed_in(request), **form.cleaned_data)
        except PinboardError as error:
            form.add_error("host", str(error.for_user))
        else:
            messages.success(request, _("Your shop is open. Post its first product."))
            return redirect("commerce:studio-product-create")
    status = 422 if form.is_bound else 200
    return render(request, "commerce/shop_form.html", {"form": form}, status=status)


@login_required
@never_cache
@require_safe
def studio_products(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    if shop is None:
        return redirect("commerce:studio-shop-create")
    products = shop.products.filter(removed_at=None)
    page = page_or_404(request, with_product_figures(products))
    context = {
        "shop": shop,
        "rows": product_rows(page.items, programme_of(shop)),
        "next_cursor": page.next_cursor,
    }
    return render(request, "commerce/studio_products.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def studio_product_create(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    if shop is None:
        return redirect("commerce:studio-shop-create")
    return _product_form(request, shop, None)


@login_required
@require_http_methods(["GET", "POST"])
def studio_product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Product.objects.filter(shop__owner=signed_in(request), removed_at=None)
    product = get_object_or_404(mine.select_related("shop", "picture"), pk=pk)
    return _product_form(request, product.shop, product)


@login_required
@never_cache
@require_safe
def studio_orders(request: HttpRequest) -> HttpResponse:
    shop = shop_of(request)
    if shop is None:
        return redirect("commerce:studio-shop-create")
    page = page_or_404(request, orders_of_shop(shop))
    context = {
        "shop": shop,
        "orders": page.items,
        "next_cursor": page.next_cursor,
        "owed": owed_by_word(shop),
    }
    return render(request, "commerce/studio_orders.html", context)


def _product_form(
    request: HttpRequest, shop: Shop, product: Product | None
) -> HttpResponse:
    programme = programme_of(shop)
    form = ProductForm(
        request.POST or None,
        request.FILES or None,
        programme=programme,
        product=product,
        initial=_known(product, programme) if product else {},
    )
    is_posted = request.method == "POST" and form.is_valid()
    if is_posted and _save(request, form, shop, programme):
        return redirect("commerce:studio-products")
    context = {"shop": shop, "product": product, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "commerce/product_form.html", context, status=status)


def _save(
    request: HttpRequest,
    form: ProductForm,
    shop: Shop,
    programme: Programme | None,
) -> Product | None:
    """None where the picture or the address is refused; the form says why."""
    wanted = form.cleaned_data
    fields = ("title", "url", "sku", "currency", "availability", "description")
    try:
        saved = save_product(
            shop=shop,
            by=signed_in(request),
            content=wanted["image"],
            programme=programme,
            rate_bp=wanted.get("rate"),
            price_minor=wanted["price_minor"],
            **{name: wanted[name] for name in fields},
        )
    except PinboardError as error:
        field = "image" if isinstance(error, PictureRefused) else "url"
        form.add_error(field, str(error.for_user))
        return None
    messages.success(request, _("Saved: %(title)s") % {"title": saved.title})
    return saved


def _known(product: Product, programme: Programme | None) -> dict[str, str]:
    """What the form is filled with. A rate only where it is the product's own."""
    known = {
        name: str(getattr(product, name))
        for name in ("title", "url", "sku", "currency", "availability", "description")
    }
    if product.price_minor is not None:
        known["price"] = amount_text(product.price_minor, product.currency)
    card = RateCard.objects.rate_for(programme, product) if programme else None
    if card and card.product_id:
        known["rate"] = percent_shown(card.rate_bp).removesuffix("%")
    return known


def shop_of(request: HttpRequest) -> Shop | None:
    """The shop that `?shop=` names among one's own, else one's first."""
    shops = Shop.objects.filter(owner=signed_in(request)).order_by("pk")
    asked = request.GET.get("shop", "").replace("\0", "")[:60]
    return (asked and shops.filter(slug=asked).first()) or shops.first()


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return next((days for days in PERIODS if str(days) == asked), USUAL_PERIOD)
