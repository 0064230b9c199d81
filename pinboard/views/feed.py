from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pinboard.discovery import feed
from pinboard.models.pin import PinQuerySet
from pinboard.views.paging import page_or_404


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return _feed(request, feed.following(request.user), "pinboard/feed.html")
    return _feed(request, feed.explore(request.user), "pinboard/explore.html")


@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    return _feed(request, feed.explore(request.user), "pinboard/explore.html")


def _feed(request: HttpRequest, pins: PinQuerySet, template: str) -> HttpResponse:
    page = page_or_404(request, pins.with_card_data(request.user))
    shown = {"pins": feed.folded(page.items), "next_cursor": page.next_cursor}
    return render(request, template, shown)
