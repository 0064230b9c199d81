"""Theme, language and currency: cookies, so that they hold for the signed-out too."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from pinboard import currencies
from pinboard.context_processors import THEMES
from users.addresses import is_path_of_ours

A_YEAR_S = 365 * 24 * 3600


@require_safe
def preferences(request: HttpRequest) -> HttpResponse:
    context = {
        "next": _way_back(request.GET),
        "currencies": currencies.OFFERED.items(),
        "currency": request.COOKIES.get(currencies.COOKIE, ""),
        "currency_by_language": currencies.currency_by_language(request),
    }
    return render(request, "pinboard/preferences.html", context)


@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(_way_back(request.POST))
    theme = request.POST.get("theme")
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=A_YEAR_S, samesite="Lax")
    else:
        answer.delete_cookie("theme", samesite="Lax")
    return answer


@require_POST
def currency_set(request: HttpRequest) -> HttpResponse:
    answer = HttpResponseRedirect(_way_back(request.POST))
    currency = request.POST.get("currency")
    if currency in currencies.OFFERED:
        answer.set_cookie(currencies.COOKIE, currency, max_age=A_YEAR_S, samesite="Lax")
    else:
        answer.delete_cookie(currencies.COOKIE, samesite="Lax")
    return answer


def _way_back(asked: QueryDict) -> str:
    address = asked.get("next", "")
    return address if is_path_of_ours(address) else "/"
