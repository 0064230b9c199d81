from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from commerce.actions.claims import CLAIMABLE
from commerce.actions.order_claims import claim_order, withdraw_claim
from commerce.claim_words import explain_refusals
from commerce.exceptions import ClaimRefused, TransitionRefused
from commerce.forms import OrderClaimForm
from commerce.models import OrderClaim, Programme, TrackingLink
from pinboard.views.access import posted, signed_in
from pinboard.views.paging import page_or_404
from users.models import User


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def claim_list(request: HttpRequest) -> HttpResponse:
    """One's claims, and the form for another one."""
    user = signed_in(request)
    form = OrderClaimForm(posted(request), programmes=_claimable_with(user))
    if request.method == "POST" and form.is_valid():
        try:
            claim_order(user=user, **form.cleaned_data)
        except ClaimRefused as error:
            form.add_error("order_no", str(error.for_user))
        else:
            messages.success(request, _("Claimed. A reviewer looks into it."))
            return redirect("commerce:claim-list")
    page = page_or_404(request, OrderClaim.objects.of(user))
    context = {
        "form": form,
        "claims": explain_refusals(page.items, user),
        "next_cursor": page.next_cursor,
        "days": CLAIMABLE.days,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "commerce/claim_list.html", context, status=status)


@login_required
@require_POST
def claim_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    claim = get_object_or_404(OrderClaim, pk=pk, user=user)
    try:
        withdraw_claim(claim=claim, user=user)
    except TransitionRefused as error:
        messages.error(request, str(error.for_user))
    else:
        messages.success(request, _("Withdrawn."))
    return redirect("commerce:claim-list")


def _claimable_with(user: User) -> QuerySet[Programme]:
    """Those that run, and those by which this person may have earned before."""
    own = TrackingLink.objects.filter(programme=OuterRef("pk"), beneficiary=user)
    runs = Q(is_active=True, network__is_active=True)
    programmes = Programme.objects.filter(runs | Exists(own))
    others = programmes.exclude(shop__owner=user)
    return others.select_related("shop", "network").order_by("shop__name", "name")
