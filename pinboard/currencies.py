"""In which currency a reader counts: as they chose, else as their language says."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

COOKIE = "currency"
OFFERED = {
    "CNY": _("Chinese yuan"),
    "USD": _("US dollar"),
    "EUR": _("Euro"),
    "GBP": _("Pound sterling"),
    "JPY": _("Japanese yen"),
    "HKD": _("Hong Kong dollar"),
    "TWD": _("New Taiwan dollar"),
    "KRW": _("South Korean won"),
    "SGD": _("Singapore dollar"),
    "AUD": _("Australian dollar"),
    "CAD": _("Canadian dollar"),
    "CHF": _("Swiss franc"),
}
_OF_COUNTRY = {
    **dict.fromkeys("at be de es fi fr ie it nl pt".split(), "EUR"),
    "au": "AUD",
    "ca": "CAD",
    "ch": "CHF",
    "cn": "CNY",
    "gb": "GBP",
    "hk": "HKD",
    "jp": "JPY",
    "kr": "KRW",
    "sg": "SGD",
    "tw": "TWD",
    "us": "USD",
}
_OF_LANGUAGE = {"de": "EUR", "fr": "EUR", "it": "EUR", "ja": "JPY", "ko": "KRW"}


def currency_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in OFFERED else currency_by_language(request)


def currency_by_language(request: HttpRequest) -> str:
    """Of the language the pages are in; English says nothing, its country does."""
    if (get_language() or "").startswith("zh"):
        return "CNY"
    first = request.headers.get("Accept-Language", "").split(",")[0].split(";")[0]
    language, *parts = first.strip().lower().split("-")
    country = parts[-1] if parts else ""
    told = _OF_COUNTRY.get(country) or _OF_LANGUAGE.get(language)
    return told or str(settings.SITE_CURRENCY)
