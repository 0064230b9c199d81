"""The addresses under /api/. Whatever goes wrong in version 1 is told in JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from config.api import api
from config.api.bodies import check_media_type
from config.api.docs import docs
from config.api.errors import ApiError, answer, not_found

View = Callable[..., HttpResponseBase]


def guarded(view: View) -> View:
    """Ask for JSON before ninja looks, and say in JSON what ninja says in words."""

    @csrf_exempt  # a token is sent by a program, never by a browser on its own
    @functools.wraps(view)
    def inner(request: HttpRequest, **parts: str) -> HttpResponseBase:
        try:
            check_media_type(request, forms=request.path.endswith("/pins"))
            response = _answered(view, request, parts)
        except ApiError as error:
            return answer(error)
        except Http404:
            return answer(not_found())
        return _not_allowed(request, response) or response

    return inner


def _answered(
    view: View, request: HttpRequest, parts: dict[str, str]
) -> HttpResponseBase:
    """HEAD is GET here, which ninja does not know; the server drops the body."""
    if request.method != "HEAD":
        return view(request, **parts)
    request.method = "GET"
    try:
        return view(request, **parts)
    finally:
        request.method = "HEAD"


def _not_allowed(
    request: HttpRequest, response: HttpResponseBase
) -> HttpResponseBase | None:
    if response.status_code != 405:
        return None
    words = _("This address does not take %(method)s.") % {"method": request.method}
    headers = {"Allow": response.headers.get("Allow", "")}
    return answer(ApiError(405, "method_not_allowed", words, headers=headers))


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return answer(not_found())


def _version_1() -> list[URLPattern | URLResolver]:
    patterns, *_names = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = guarded(pattern.callback)
    return [*patterns, re_path(r"", unknown, name="unknown")]


urlpatterns = [
    path("docs", docs, name="api-docs"),
    path("v1/", (_version_1(), "ninja", "api")),  # type: ignore[arg-type]
]
