"""What a case that was decided says to the person it is about."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from commerce.actions.cases import appeal
from commerce.exceptions import CommerceError
from commerce.forms import AppealForm
from commerce.models import CommissionShare, RiskCase
from pinboard.views.access import posted, signed_in
from users.models import User


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def case_detail(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    case = get_object_or_404(RiskCase.objects.told_to(user), pk=pk)
    form = AppealForm(posted(request) if case.may_be_appealed else None)
    if form.is_bound and form.is_valid():
        try:
            appeal(case=case, by=user, **form.cleaned_data)
            messages.success(request, _("Sent. Another reviewer will look at it."))
        except CommerceError as error:  # sent twice at once
            messages.error(request, str(error.for_user))
        return redirect("commerce:case-detail", case.pk)
    page = {"case": case, "form": form, **_shares_of(case, user)}
    status = 422 if form.is_bound else 200
    return render(request, "commerce/case_detail.html", page, status=status)


def _shares_of(case: RiskCase, user: User) -> dict[str, list[CommissionShare]]:
    """What was taken, and what was let go. After it was given back all is one again."""
    shares = CommissionShare.objects.filter(
        party=user, commission__risk_cases__case=case
    )
    shares = shares.with_word().select_related("commission__line__product")
    rows = list(shares.order_by("-commission__line__created_at", "-pk"))
    if case.state == RiskCase.State.CLEARED:
        return {"taken": rows, "kept": []}
    return {
        "taken": [row for row in rows if row.commission.rejected_at],
        "kept": [row for row in rows if not row.commission.rejected_at],
    }
