"""The short ways: to /go/ for visitors without a session, and for shops' notices."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from commerce.views.postbacks import postback
from commerce.views.referrals import go

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_GO = re.compile(r"\A/go/([a-z2-7]{10})/\Z")
_POSTBACK = re.compile(r"\A/commerce/postbacks/([-a-zA-Z0-9_]+)/\Z")


def redirect_early(get_response: GetResponse) -> GetResponse:
    """Answer a stranger's click before sessions, languages, forms and policies are
    looked at: a redirect has none of them, and they cost as much as the click itself.

    Who has a session, and a token that nobody knows, take the usual way.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        found = _GO.match(request.path_info)
        if not found or settings.SESSION_COOKIE_NAME in request.COOKIES:
            return get_response(request)
        request.user = AnonymousUser()
        try:
            return go(request, found[1])
        except Http404:
            return get_response(request)

    return middleware


def postback_early(get_response: GetResponse) -> GetResponse:
    """Take a shop's notice before all that concerns browsers: it has no session, no
    language and no form, and its signature is what lets it in.

    An address that nobody has, and one without the site's https, take the usual way.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        found = _POSTBACK.match(request.path_info)
        is_open = request.is_secure() or not settings.SECURE_SSL_REDIRECT
        if not found or not is_open:
            return get_response(request)
        try:
            response = postback(request, found[1])
        except Http404:
            return get_response(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return middleware
