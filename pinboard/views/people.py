from __future__ import annotations

from typing import TypeVar

from django.db.models import Count, Exists, F, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from pinboard.discovery.atom import feed_of_person
from pinboard.discovery.covers import load_covers, with_cover_ids
from pinboard.models import Board, Follow, Pin, PinState
from pinboard.views.paging import page_or_404
from users.models import User

FEED_SIZE = 30
M = TypeVar("M", bound=Model)


@require_safe
def person_detail(request: HttpRequest, username: str) -> HttpResponse:
    followed = Follow.objects.filter(follower=request.user.pk, person=OuterRef("pk"))
    people = User.objects.filter(is_active=True).annotate(
        is_followed=Exists(followed),
        board_count=_count_of(Board.objects.listed_for(request.user), "owner"),
        pin_count=_count_of(Pin.objects.visible_to(request.user), "pinner"),
    )
    person = get_object_or_404(people, username=username)
    tab = request.GET.get("tab", "")
    if tab not in _TABS:
        tab = "boards"
    shown = {
        "person": person,
        "is_own": person == request.user,
        "tab": tab,
    }
    shown |= _TABS[tab](request, person)
    return render(request, "pinboard/person_detail.html", shown)


def _count_of(rows: QuerySet[M], whose: str) -> Coalesce:
    """How many of the rows are the person's, as the reader sees them."""
    theirs = rows.filter(**{whose: OuterRef("pk")}).order_by().values(whose)
    counted = theirs.annotate(rows=Count("pk")).values("rows")
    return Coalesce(Subquery(counted), 0)


def _boards(request: HttpRequest, person: User) -> dict[str, object]:
    boards = Board.objects.listed_for(request.user).filter(owner=person)
    page = page_or_404(request, with_cover_ids(boards), key="place")
    load_covers(page.items)
    is_arranging = person == request.user and request.GET.get("arrange") == "1"
    return {
        "boards": page.items,
        "next_cursor": page.next_cursor,
        "is_arranging": is_arranging,
    }


def _pins(request: HttpRequest, person: User) -> dict[str, object]:
    pins = Pin.objects.visible_to(request.user).filter(pinner=person)
    page = page_or_404(request, pins.with_card_data(request.user))
    return {"pins": page.items, "next_cursor": page.next_cursor}


def _likes(request: HttpRequest, person: User) -> dict[str, object]:
    liked = (
        Pin.objects.visible_to(request.user)
        .filter(likes__user=person, state=PinState.READY)
        .annotate(like_pk=F("likes__pk"))
    )
    page = page_or_404(request, liked.with_card_data(request.user), key="like_pk")
    return {"pins": page.items, "next_cursor": page.next_cursor}


_TABS = {"boards": _boards, "pins": _pins, "likes": _likes}


@require_safe
def person_feed(request: HttpRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username, is_active=True)
    pins = Pin.objects.public().filter(pinner=person, is_imported=False)
    newest = pins.select_related("picture", "product__shop", "pinner").order_by("-pk")[
        :FEED_SIZE
    ]
    text = feed_of_person(person, newest, site=request.build_absolute_uri("/"))
    return HttpResponse(text, content_type="application/atom+xml; charset=utf-8")
