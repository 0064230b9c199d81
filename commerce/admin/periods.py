"""Months, and what has to be done before one is closed."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from commerce.actions.periods import close_period
from commerce.admin.base import StoryAdmin, attempt, who
from commerce.models import Period
from commerce.period_checks import checks_of, first_unmet, is_proved_at_once

CLOSE = "commerce.change_period"


@admin.register(Period)
class PeriodAdmin(StoryAdmin):
    list_display = ["__str__", "starts_on", "ends_on", "closed_at", "closed_by"]
    list_select_related = ["closed_by"]
    ordering = ["-starts_on"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        close = self.admin_site.admin_view(self.close)
        own = [path("<int:pk>/close/", close, name="commerce_period_close")]
        return [*own, *super().get_urls()]

    def story(self, request: HttpRequest, period: Period) -> HttpResponse:
        is_asked = "ledger" in request.GET or is_proved_at_once()
        checks = [] if period.closed_at else checks_of(period, with_ledger=is_asked)
        return self.story_page(
            request,
            period,
            "admin/commerce/period_detail.html",
            _("Month %(month)s") % {"month": period},
            checks=checks,
            refusal=first_unmet(checks),
            can_close=request.user.has_perm(CLOSE),
        )

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        period = get_object_or_404(Period, pk=pk)
        told = _("%(month)s is closed.") % {"month": period}
        attempt(request, told, close_period, period=period, by=who(request))
        return redirect("admin:commerce_period_change", pk)
