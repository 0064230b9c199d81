"""The page of one pin: everything that `pin_detail.html` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from pinboard.discovery.describing import alts_of, is_asked
from pinboard.discovery.duplicates import with_twins
from pinboard.discovery.related import related_pins
from pinboard.discovery.tags import with_tags
from pinboard.discovery.threads import threads_of
from pinboard.exceptions import sentence_of
from pinboard.forms import CommentForm
from pinboard.models import PinState
from pinboard.models.pin_point import points_to_show
from pinboard.pictures.names import original_of
from pinboard.pictures.urls import absolute, media_url
from pinboard.prices import decimal_text
from pinboard.sources.addresses import host_of
from pinboard.views.access import board_key, visible_pins
from pinboard.views.gifts import wish_of_pin

if TYPE_CHECKING:
    from pinboard.models import Pin

Context = dict[str, Any]  # what a template reads


def show_pin(
    request: HttpRequest,
    pk: int,
    *,
    comment_form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a pin; with a form that was refused, where there is one."""
    seen = visible_pins(request).with_page_data(request.user)
    seen = with_tags(seen, request.user)
    pin = get_object_or_404(with_twins(seen, request.user), pk=pk)
    if pin.point_count:
        prefetch_related_objects([pin], points_to_show())
    threads, next_thread = threads_of(pin, number(request.GET.get("after", "")))
    key = board_key(request)
    key_query = f"?key={key}" if key else ""
    related = related_pins(pin, request.user, [tag["key"] for tag in pin.tag_rows])
    page: Context = {
        "pin": pin,
        "threads": threads,
        "next_thread": next_thread,
        "tags": pin.tag_rows,
        "pins": related,
        "shown_pins": [pin, *related],
        "comment_form": comment_form or CommentForm(),
        "answered": number(request.GET.get("reply", "")),
        "key": key,
        "key_query": key_query,
        "here": pin.get_absolute_url() + key_query,
        "is_owner": pin.board.owner_id == request.user.pk,
        "can_edit": pin.can_edit,
        "alts": alts_of(pin, request.user),
        "can_describe": is_asked(pin, request.user),
        "wish": wish_of_pin(request, pin, can_fill=pin.can_edit),
        "sentence": sentence_of(pin.error_code) if pin.error_code else "",
        "source_host": host_shown(pin.source_url),
        **_head(pin),
        **photo_of(pin, key_query),
    }
    answer = render(request, "pinboard/pin_detail.html", page, status=status)
    if pin.board.hides_gifts:
        answer["Cache-Control"] = "private, no-store"
    return answer


def number(text: str) -> int:
    """A number from the address; 0 for all that is none of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def host_shown(address: str) -> str:
    """The host of an address that may stand in a link; empty for all others."""
    is_web = address.lower().startswith(("http://", "https://"))
    return host_of(address) if is_web else ""


def _head(pin: Pin) -> Context:
    """For whoever shares the page. What is not public names nothing."""
    is_public = pin.board.is_public and pin.state == PinState.READY
    head: Context = {
        "is_public": is_public,
        "title": pin.shown_title,
        "canonical": settings.SITE_URL + pin.get_absolute_url(),
        "price_amount": decimal_text(pin.product) if pin.product else "",
    }
    if is_public and pin.picture:
        head["preview_url"] = absolute(media_url(pin.picture.link_preview.path))
    return head


def photo_of(pin: Pin, key_query: str) -> Context:
    """The large picture. One that is not public opens by the board's key."""
    alt = pin.alt or pin.shown_title
    if not pin.picture or not pin.picture.is_ready:
        return {"alt": alt}
    files = [r for r in pin.picture.renditions if r.media_type == "image/webp"]
    large = next((r for r in files if r.width >= 736), files[-1])
    opener = "" if pin.picture.is_public else key_query
    addresses = {r.width: media_url(r.path) + opener for r in files}
    srcset = ", ".join(f"{url} {width}w" for width, url in addresses.items())
    photo = {
        "src": addresses[large.width],
        "srcset": srcset,
        "original": media_url(original_of(pin.picture)) + key_query,
    }
    return {"alt": alt, "photo": photo}
