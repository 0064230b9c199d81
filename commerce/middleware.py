"""The short way to /go/ for visitors without a session."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from commerce.views.referrals import go

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_GO = re.compile(r"\A/go/([a-z2-7]{10})/\Z")


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
