from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from commerce.earnings import (
    clicks_of,
    clicks_that_buy,
    commissions_seen_by,
    debts_of,
    figures_by_pin,
    months_of,
    orders_of,
    paid_this_year,
    totals_of,
    waits_for_address,
    written_off_of,
)
from commerce.forms import PayoutAccountForm
from commerce.models import PayoutAccount
from commerce.passport import passport_of
from commerce.sheets import sheet
from commerce.statement import statement_of
from pinboard.views.access import signed_in
from pinboard.views.paging import page_or_404

MOST_WRITTEN_OFF = 3


@login_required
@never_cache
@require_safe
def earnings(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    totals = totals_of(user)
    currency = str(totals[0]["currency"])
    orders = page_or_404(request, orders_of(user))
    clicks = clicks_of(user)
    context = {
        "totals": totals,
        "clicks": clicks,
        "clicks_that_buy": clicks_that_buy(user, clicks["counted"]),
        "orders": orders.items,
        "next_cursor": orders.next_cursor,
        "debts": debts_of(user),
        "written_off": written_off_of(user)[:MOST_WRITTEN_OFF],
        "months": months_of(user, currency),
        "paid_this_year": paid_this_year(user, currency),
        "by_pin": figures_by_pin(user),
        "account": PayoutAccount.objects.filter(user=user).first(),
        "waits_for_address": waits_for_address(user),
    }
    return render(request, "commerce/earnings.html", context)


@login_required
@never_cache
@require_safe
def earnings_csv(request: HttpRequest) -> HttpResponse:
    text = sheet(statement_of(signed_in(request)))
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="earnings.csv"'},
    )


@login_required
@never_cache
@require_safe
def commission_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = signed_in(request)
    commission = get_object_or_404(commissions_seen_by(user), public_id=public_id)
    context = {"passport": passport_of(commission, user)}
    return render(request, "commerce/commission_detail.html", context)


@login_required
@never_cache
@sensitive_post_parameters("password", "number")
@require_http_methods(["GET", "POST"])
def payout_account(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    known = PayoutAccount.objects.filter(user=user).first()
    form = PayoutAccountForm(
        request.POST or None,
        request=request,
        instance=PayoutAccount(pk=known.pk if known else None, user=user),
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Payouts go there from now on."))
        return redirect("commerce:earnings")
    status = 422 if form.is_bound else 200
    context = {"form": form, "account": known}
    return render(request, "commerce/payout_account.html", context, status=status)
