from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie

from commerce.how_it_works import site_terms

KEPT_S = 300  # by caches between us, for those who are signed out


@vary_on_cookie
@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    response = render(request, "commerce/how_it_works.html", {"terms": site_terms()})
    if request.user.is_anonymous:
        patch_cache_control(response, public=True, max_age=KEPT_S)
    return response
