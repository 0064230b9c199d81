"""The admin: its own door is closed, so that everybody comes in by allauth's."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class SiteAdmin(AdminSite):
    site_header = gettext_lazy("Pinboard review")
    site_title = "Pinboard"
    index_title = gettext_lazy("What is to do")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Django's own form would let staff in without their second factor."""
        if not request.user.is_authenticated:
            way_in = request.GET.get("next") or reverse("admin:index")
            return redirect_to_login(way_in)
        if not super().has_permission(request):
            raise PermissionDenied
        if not has_second_factor(request):
            messages.warning(request, _("Staff need a second factor. Set one up here."))
            return redirect("mfa_index")
        return redirect("admin:index")


def has_second_factor(request: HttpRequest) -> bool:
    return not settings.STAFF_SECOND_FACTOR or bool(is_mfa_enabled(request.user))
