from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from commerce.account_statement import account_sheet, balances_of
from commerce.earned import (
    earned_by_board,
    earned_by_month,
    earned_by_pin,
    sum_of,
)
from commerce.earnings import (
    bars_of,
    clicks_of,
    clicks_that_buy,
    commissions_seen_by,
    debts_of,
    orders_of,
    paid_this_year,
    shares_of,
    totals_of,
    waits_for_address,
    written_off_of,
)
from commerce.forms import PayoutAccountForm
from commerce.models import PayoutAccount
from commerce.months import CalendarMonth
from commerce.passport import passport_of
from commerce.statement import statement_of
from pinboard.cells import sheet
from pinboard.views.access import signed_in
from pinboard.views.paging import page_or_404
from users.models import User

MOST_WRITTEN_OFF = 3


@login_required
@never_cache
@require_safe
def earnings(request: HttpRequest) -> HttpResponse:
    user, month = signed_in(request), _month_asked(request)
    orders = page_or_404(request, orders_of(user, month))
    by_board = earned_by_board(user, month)
    context: dict[str, object] = {
        "month": month,
        "orders": orders.items,
        "next_cursor": orders.next_cursor,
        "by_board": by_board,
        "of_all_boards": sum_of(by_board),
        "by_pin": earned_by_pin(user, month),
    }
    if month is not None:
        context |= _of_month(user, month)
        return render(request, "commerce/earnings_month.html", context)
    return render(request, "commerce/earnings.html", context | _of_all_time(user))


def _of_all_time(user: User) -> dict[str, object]:
    totals, clicks, by_month = totals_of(user), clicks_of(user), earned_by_month(user)
    currency = str(totals[0]["currency"])
    return {
        "totals": totals,
        "clicks": clicks,
        "clicks_that_buy": clicks_that_buy(user, clicks["counted"]),
        "debts": debts_of(user),
        "written_off": written_off_of(user)[:MOST_WRITTEN_OFF],
        "bars": bars_of(user, currency),
        "paid_this_year": paid_this_year(user, currency),
        "by_month": by_month,
        "of_all_months": sum_of(by_month),
        "account": PayoutAccount.objects.filter(user=user).first(),
        "waits_for_address": waits_for_address(user),
    }


def _of_month(user: User, month: CalendarMonth) -> dict[str, object]:
    before = shares_of(user).filter(commission__line__created_at__lt=month.begins)
    later = CalendarMonth.named(str(month.earlier(-1)))
    return {
        "balances": balances_of(user, month),
        "earlier": month.earlier() if before.exists() else None,
        "later": later,
    }


@login_required
@never_cache
@require_safe
def earnings_csv(request: HttpRequest) -> HttpResponse:
    month = _month_asked(request)
    rows = statement_of(signed_in(request), month)
    return _download(rows, f"orders-{month}.csv" if month else "orders.csv")


@login_required
@never_cache
@require_safe
def account_csv(request: HttpRequest, month: str) -> HttpResponse:
    known = _month_or_404(month)
    return _download(account_sheet(signed_in(request), known), f"account-{known}.csv")


def _month_asked(request: HttpRequest) -> CalendarMonth | None:
    asked = request.GET.get("month", "")
    return _month_or_404(asked) if asked else None


def _month_or_404(name: str) -> CalendarMonth:
    if (month := CalendarMonth.named(name)) is None:
        raise Http404
    return month


def _download(rows: Iterable[list[str]], name: str) -> HttpResponse:
    return HttpResponse(
        sheet(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
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
