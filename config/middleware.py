"""What is true of every request and every answer, whichever app serves it."""

import codecs
import re
from collections.abc import Callable
from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import get_contextvars

from config.api.bodies import length_of
from config.importmap import importmap_source
from config.views import bad_request, page_not_found, too_large

GetResponse = Callable[[HttpRequest], HttpResponseBase]

READ_AS = ("utf-8", "ascii")
_PLAIN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def client_address(get_response: GetResponse) -> GetResponse:
    """Behind N trusted proxies the N-th address from the right is the visitor's.

    What stands further left was written by the visitor, so it counts for nothing.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        hops = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
        trusted = settings.TRUSTED_PROXIES
        if 0 < trusted <= len(hops) and hops[-trusted].strip():
            request.META["REMOTE_ADDR"] = hops[-trusted].strip()
        return get_response(request)

    return middleware


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def plain_request_id(get_response: GetResponse) -> GetResponse:
    """A proxy may name the request; what is no plain name would go into every log
    line and the answer, at any length."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        for header in ("HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID"):
            if not _PLAIN_ID.fullmatch(request.META.get(header, "")):
                request.META.pop(header, None)
        return get_response(request)

    return middleware


def readable_request(get_response: GetResponse) -> GetResponse:
    """Refuse NUL wherever an address or a cookie can carry it: PostgreSQL keeps no
    text with it, so every lookup would fail. Forms and the API refuse it themselves.

    Refuse what is too large for any form before a byte of it goes to the disk, and
    other encodings than ours: Django would read the form, and the query as
    well, by any codec that Python has, and some of those make halves of characters.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.encoding and codecs.lookup(request.encoding).name not in READ_AS:
            return bad_request(request, BadRequest("not in UTF-8"))
        if length_of(request) > settings.REQUEST_MAX_BYTES:
            return too_large(request)
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query or "\0" in "".join(request.COOKIES.values()):
            return bad_request(request, BadRequest("NUL"))
        if "\0" in request.path_info:
            return page_not_found(request, Http404("NUL"))
        return get_response(request)

    return middleware


def same_origin(get_response: GetResponse) -> GetResponse:
    """The headers Django has no setting for. A view that sets its own keeps it.

    A page is for one reader alone, who may go back to it: no cache between us keeps it,
    the browser's own may.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private")
        return response

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """Tell the id under which the log lines of this request can be found."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = str(get_contextvars().get("request_id", ""))
        response = get_response(request)
        response.headers["X-Request-ID"] = name
        return response

    return middleware


class ContentPolicy(CSPMiddleware):
    """The policy of the settings, plus the hash of the import map.

    The hash needs the manifest of static files, which is not there yet while settings
    are read. One text serves all answers that do not ask for something else.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        if HEADER not in response.headers:
            response.headers[HEADER] = policy(importmap_source())
        return response


@cache
def policy(source: str) -> str:
    return build_policy(update={"script-src": source})
