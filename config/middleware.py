"""What is true of every request and every answer, whichever app serves it."""

from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.defaults import bad_request, page_not_found
from structlog.contextvars import get_contextvars

from config.importmap import importmap_source

GetResponse = Callable[[HttpRequest], HttpResponse]


def client_address(get_response: GetResponse) -> GetResponse:
    """Behind N trusted proxies the N-th address from the right is the visitor's.

    What stands further left was written by the visitor, so it counts for nothing.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        hops = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
        trusted = settings.TRUSTED_PROXIES
        if 0 < trusted <= len(hops) and hops[-trusted].strip():
            request.META["REMOTE_ADDR"] = hops[-trusted].strip()
        return get_response(request)

    return middleware


def readable_request(get_response: GetResponse) -> GetResponse:
    """Refuse NUL wherever an address or a cookie can carry it: PostgreSQL keeps no
    text with it, so every lookup would fail. Forms and the API refuse it themselves."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            return page_not_found(request, ValueError("NUL"))
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query or "\0" in "".join(request.COOKIES.values()):
            return bad_request(request, ValueError("NUL"))
        return get_response(request)

    return middleware


def answer_headers(get_response: GetResponse) -> GetResponse:
    """The headers Django has no setting for. A view that sets its own keeps it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request_id := getattr(request, "request_id", None):
            response.headers["X-Request-ID"] = request_id
        return response

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """Keep the id of django-structlog on the request, for error pages and the API."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.request_id = get_contextvars().get("request_id", "")  # type: ignore[attr-defined]  # ours
        return get_response(request)

    return middleware


class ContentPolicy(CSPMiddleware):
    """The policy of the settings, plus the hash of the import map.

    The hash needs the manifest of static files, which is not there yet while settings
    are read.
    """

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponse,
        report_only: bool = False,
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            parts.update = {"script-src": importmap_source(), **(parts.update or {})}
        return parts
