"""A shop's rates: what holds, what held, and what another one would have cost."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from commerce.actions.studio import set_rate
from commerce.forms import RateForm
from commerce.models import Programme, RateCard
from commerce.money import percent_shown
from commerce.rate_trial import try_rate
from commerce.shop_figures import programme_of
from commerce.views.studio import shop_of
from pinboard.models import Product, Shop

MOST_CARDS = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def studio_rates(request: HttpRequest) -> HttpResponse:
    """`?rate=` tries a rate on last month's orders; POST sets it from now on."""
    shop = shop_of(request)
    if shop is None:
        return redirect("commerce:studio-shop-create")
    product, programme = _product_asked(request, shop), programme_of(shop)
    if programme is None:
        return render(request, "commerce/studio_rates.html", {"shop": shop})
    given = request.POST if request.method == "POST" else request.GET
    form = RateForm(given if "rate" in given else None, programme=programme)
    rate_bp = form.cleaned_data["rate"] if form.is_valid() else None
    if request.method == "POST" and rate_bp is not None:
        set_rate(programme=programme, product=product, rate_bp=rate_bp)
        said = _("From now on sales pay %(rate)s.") % {"rate": percent_shown(rate_bp)}
        messages.success(request, said)
        return redirect("commerce:studio-rates")
    context = {
        "shop": shop,
        "programme": programme,
        "product": product,
        "form": form,
        "trial": None if rate_bp is None else try_rate(programme, product, rate_bp),
        "now": RateCard.objects.rate_for(programme, product),
        "cards": _cards_of(programme, product),
    }
    is_wrong = form.is_bound and rate_bp is None
    status = 422 if is_wrong else 200
    return render(request, "commerce/studio_rates.html", context, status=status)


def _product_asked(request: HttpRequest, shop: Shop) -> Product | None:
    asked = request.POST.get("product") or request.GET.get("product", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        raise Http404
    return get_object_or_404(shop.products.filter(removed_at=None), pk=asked)


def _cards_of(programme: Programme, product: Product | None) -> list[RateCard]:
    """The latest first."""
    cards = RateCard.objects.filter(programme=programme).select_related("product")
    if product is not None:
        keys = [RateCard.WHOLE_PROGRAMME, RateCard.key_of(product)]
        cards = cards.filter(scope_key__in=keys)
    return list(cards.order_by("-pk")[:MOST_CARDS])
