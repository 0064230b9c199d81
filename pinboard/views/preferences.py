"""Theme and language: cookies, so that they hold for signed-out readers too."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from pinboard.context_processors import THEMES

A_YEAR_S = 365 * 24 * 3600


@require_GET
def preferences(request: HttpRequest) -> HttpResponse:
    context = {"next": _way_back(request, request.GET.get("next", ""))}
    return render(request, "pinboard/preferences.html", context)


@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    answer = redirect(_way_back(request, request.POST.get("next", "")))
    theme = request.POST.get("theme")
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=A_YEAR_S, samesite="Lax")
    else:
        answer.delete_cookie("theme", samesite="Lax")
    return answer


def _way_back(request: HttpRequest, address: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else "/"
