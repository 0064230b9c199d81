"""A tag's pins, as the reader may see them, and the tags to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from pinboard.discovery.atom import feed_of_tag
from pinboard.discovery.tags import (
    COUNTED,
    FoundTag,
    found,
    suggested,
    tagged,
    used_lately,
)
from pinboard.tag_names import LONGEST_TAG, key_of
from pinboard.views.paging import page_or_404

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

FEED_SIZE = 30


@require_safe
@vary_on_headers("Accept")
def tag_list(request: HttpRequest) -> HttpResponse:
    """Those that begin with `q`, as a page or, while somebody types, as JSON."""
    q = request.GET.get("q", "").strip()[: 2 * LONGEST_TAG]
    if "application/json" in request.headers.get("Accept", ""):
        tags = suggested(q, request.user)
        items = [{"key": t.key, "name": t.name, "pins": t.pins} for t in tags]
        return JsonResponse({"items": items})
    tags = suggested(q, request.user, most=60) if q else used_lately(request.user)
    return render(request, "pinboard/tag_list.html", {"q": q, "tags": tags})


@require_safe
def tag_detail(request: HttpRequest, slug: str) -> HttpResponse:
    key = key_of(slug)
    if key and key != slug:
        return redirect("pinboard:tag-detail", key)
    tag = _found_or_404(key, request.user)
    pins = tagged(key, request.user).with_card_data(request.user)
    page = page_or_404(request, pins)
    shown = {
        "tag": tag,
        "has_more": tag.pins == COUNTED,
        # The feed and the previews of others show what everybody may see.
        "is_public": tagged(key, AnonymousUser()).exists(),
        "pins": page.items,
        "next_cursor": page.next_cursor,
    }
    return render(request, "pinboard/tag_detail.html", shown)


@require_safe
def tag_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """For readers that nobody has signed in: public pins."""
    tag = _found_or_404(key_of(slug), AnonymousUser())
    pins = tagged(tag.key, AnonymousUser())
    newest = pins.select_related("picture", "product__shop", "pinner").order_by("-pk")
    site = request.build_absolute_uri("/")
    text = feed_of_tag(tag, newest[:FEED_SIZE], site=site)
    return HttpResponse(text, content_type="application/atom+xml; charset=utf-8")


def _found_or_404(key: str, viewer: Viewer) -> FoundTag:
    tag = found(key, viewer)
    if tag is None:
        raise Http404
    return tag
