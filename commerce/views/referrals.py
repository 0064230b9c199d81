"""The tracked redirect: the only way a click is counted."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from commerce.actions.clicks import Target, Visit, find_target, record_click
from commerce.click_refs import click_ref_of
from commerce.destinations import may_lead_to, with_parameters
from commerce.networks.adapters import click_parameters
from commerce.visitors import address_of, new_visitor_key, remember, visitor_key_of

_TOKEN = re.compile(r"\A[a-z2-7]{10}\Z")


@require_safe
def go(request: HttpRequest, token: str) -> HttpResponse:
    """Write the click down, then redirect. The target comes from the link's row alone:
    nothing that the address or the browser says can change it."""
    key = visitor_key_of(request)
    if not _TOKEN.match(token):
        raise Http404
    target = find_target(token=token, visitor_key=key, address=address_of(request))
    if target is None or not may_lead_to(target.destination_url, target.hosts):
        raise Http404
    if not target.is_active:
        # Switched off: the reader still finds the shop, and nobody earns by it.
        return _redirect(target.destination_url)
    visit = _visit_of(request, key or new_visitor_key())
    click = record_click(target=target, visit=visit)
    if not click.is_qualified:
        return _redirect(target.destination_url)
    response = _redirect(_landing_address(target, click.click_id))
    remember(response, visit.visitor_key)
    return response


def _landing_address(target: Target, click_id: str) -> str:
    parameters = click_parameters(
        adapter=target.adapter,
        parameter=target.click_parameter,
        click_ref=click_ref_of(click_id),
        sub_id=target.network_sub_id,
    )
    # The list may have become shorter since the network named its own address.
    is_converted = may_lead_to(target.converted_url, target.hosts)
    address = target.converted_url if is_converted else target.destination_url
    return with_parameters(address, parameters)


def _visit_of(request: HttpRequest, visitor_key: str) -> Visit:
    return Visit(
        method=request.method or "GET",
        headers=request.headers,
        address=address_of(request),
        visitor_key=visitor_key,
        user_id=request.user.pk,  # no session cookie, no query
    )


def _redirect(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "strict-origin"
    return response
