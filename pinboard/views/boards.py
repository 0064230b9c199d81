from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from pinboard.discovery.atom import feed_of_board
from pinboard.discovery.basket import products_on, sums_of
from pinboard.discovery.members import members_of, with_members
from pinboard.discovery.sections import Section, sections_of, with_sections
from pinboard.forms import BulkForm
from pinboard.models import Board, Follow, Pin, Role, Suggestion, Visibility
from pinboard.models.board import BoardQuerySet, Sort
from pinboard.models.board_member import FILLING
from pinboard.pictures.urls import absolute, media_url
from pinboard.views.access import board_key, signed_in
from pinboard.views.basket_keeping import basket_of
from pinboard.views.gifts import gifts_of
from pinboard.views.paging import page_or_404

FEED_SIZE = 30
SELECT, ARRANGE = "select", "arrange"  # what the owner may do with the cards


@require_safe
def board_detail(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    key = board_key(request)
    followed = Follow.objects.filter(follower=request.user.pk, board=OuterRef("pk"))
    boards = for_page(Board.objects.visible_to(request.user, key=key), request)
    board = get_object_or_404(boards.annotate(is_followed=Exists(followed)), pk=pk)
    if slug != board.slug:
        query = request.META["QUERY_STRING"]
        return redirect(board.get_absolute_url() + (f"?{query}" if query else ""))
    return show_board(request, board)


@require_safe
def board_feed(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    key = board_key(request)
    seen = Board.objects.visible_to(AnonymousUser(), key=key).select_related("owner")
    board = get_object_or_404(seen, pk=pk)
    pins = Pin.objects.visible_to(AnonymousUser(), key=key).filter(board=board)
    pins = pins.select_related("picture", "product__shop", "pinner").order_by("-pk")
    site = request.build_absolute_uri("/")
    query = "" if board.is_public else f"?key={key}"
    text = feed_of_board(board, pins[:FEED_SIZE], site=site, query=query)
    return HttpResponse(text, content_type="application/atom+xml; charset=utf-8")


def for_page(boards: BoardQuerySet, request: HttpRequest) -> BoardQuerySet:
    """With all that the page of a board reads."""
    return with_members(with_sections(boards.select_related("owner")), request.user)


def show_board(
    request: HttpRequest, board: Board, *, bulk: BulkForm | None = None
) -> HttpResponse:
    """The page of a board; with a form that was refused, where there is one."""
    key = board_key(request)
    is_owner, can_fill = _rights(request, board)
    pins = Pin.objects.visible_to(request.user, key=key).filter(board=board)
    products = products_on(board, request.user, key=key)
    sums = sums_of(basket_of(request, board).with_choices(products))
    sections = sections_of(board)
    section = _asked_for(request, sections)
    if section:
        pins = pins.filter(section=section.pk)
    is_arranging = can_fill and request.GET.get(ARRANGE) == "1"
    sort = Sort.OWN if is_arranging else _sort_of(request, board)
    page = page_or_404(
        request,
        pins.with_card_data(request.user),
        newest_first=sort != Sort.OLDEST,
        key="place" if sort == Sort.OWN else "pk",
    )
    if can_fill and bulk is None and request.GET.get(SELECT) == "1":
        bulk = BulkForm(board=board, by=signed_in(request))
    chosen = bulk.chosen() if bulk else []
    shown = {
        "board": board,
        "is_owner": is_owner,
        "can_fill": can_fill,
        # Also for who is signed out: the page asks to log in first.
        "can_suggest": board.takes_suggestions and not can_fill,
        "waiting_count": _waiting(board) if can_fill else 0,
        "members": members_of(board),
        "is_arranging": is_arranging,
        "bulk": bulk,
        "chosen": chosen,
        "chosen_elsewhere": set(chosen) - {pin.pk for pin in page.items},
        "key": key if board.visibility == Visibility.LINK else "",
        "sort": sort,
        "sorts": Sort.choices,
        "sections": sections,
        "section": section,
        "sums": sums,
        "pins": page.items,
        "next_cursor": page.next_cursor,
        "cover": _cover_of(board, page.items),
        "gifts": gifts_of(request, board, page.items, can_fill=can_fill),
    }
    status = 422 if bulk and bulk.is_bound else 200
    answer = render(request, "pinboard/board_detail.html", shown, status=status)
    if not board.is_public:
        answer["X-Robots-Tag"] = "noindex"
    if board.gift_until:  # the browser may be shared with those who are told nothing
        answer["Cache-Control"] = "private, no-store"
    return answer


def _cover_of(board: Board, pins: list[Pin]) -> str:
    """For link previews: the address of a picture that everybody may see."""
    shown = [pin for pin in pins if pin.picture and pin.picture.is_public]
    chosen = [pin for pin in shown if pin.pk == board.cover_id] or shown[:1]
    if not chosen or not board.is_public or chosen[0].picture is None:
        return ""
    return absolute(media_url(chosen[0].picture.link_preview.path))


def _rights(request: HttpRequest, board: Board) -> tuple[bool, bool]:
    """Whether the reader may change the board, and its pins."""
    is_own = board.owner_id == request.user.pk
    role = getattr(board, "role_of_reader", None)
    return is_own or role == Role.OWNER, is_own or role in FILLING


def _waiting(board: Board) -> int:
    return Suggestion.objects.waiting().filter(board=board).count()


def _sort_of(request: HttpRequest, board: Board) -> str:
    asked = request.GET.get("order", "")
    return asked if asked in Sort.values else board.sort


def _asked_for(request: HttpRequest, sections: list[Section]) -> Section | None:
    asked = request.GET.get("section", "")
    if not asked:
        return None
    found = next((one for one in sections if str(one.pk) == asked), None)
    if found is None:
        raise Http404
    return found
