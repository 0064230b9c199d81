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
from commerce.forms import AppealForm
from commerce.models import RiskCase
from pinboard.views.access import posted, signed_in


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def case_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One that is merely open is told to nobody: it may come to nothing."""
    user = signed_in(request)
    told = RiskCase.objects.filter(person=user, decided_at__isnull=False)
    case = get_object_or_404(told, pk=pk)
    may_appeal = case.state == RiskCase.State.UPHELD and case.appealed_at is None
    form = AppealForm(posted(request) if may_appeal else None)
    if form.is_bound and form.is_valid():
        appeal(case=case, by=user, **form.cleaned_data)
        messages.success(request, _("Another reviewer will look at it."))
        return redirect("commerce:case-detail", case.pk)
    page = {
        "case": case,
        "form": form,
        "may_appeal": may_appeal,
        "held": case.held.select_related("commission__line__product"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "commerce/case_detail.html", page, status=status)
