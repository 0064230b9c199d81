"""For those who make a board a wish list, and for what they are told after its date."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import gift_lists
from pinboard.discovery.keyset import Page
from pinboard.exceptions import RevealTooSoon
from pinboard.gift_forms import GiftListForm, ThanksForm, WantedForm
from pinboard.models import Board, GiftClaim, GiftItem, GiftList, Pin
from pinboard.views.access import posted, readers_deed, signed_in
from pinboard.views.paging import page_or_404


@login_required
@require_http_methods(["GET", "POST"])
def board_gift(request: HttpRequest, pk: int) -> HttpResponse:
    """Occasion and date, and how many of each thing are wanted."""
    board = _mine(request, pk)
    gift_list = _last_list(board)
    form = GiftListForm(posted(request), gift_list=gift_list)
    if form.is_bound and form.is_valid():
        try:
            gift_lists.set_gift_list(
                board=board, by=signed_in(request), **form.cleaned_data
            )
        except RevealTooSoon as error:
            form.add_error("reveal_on", str(error.for_user))
        else:
            messages.success(request, _("Saved. Share the board with your guests."))
            return redirect(board)
    return _settings(request, board, form)


@login_required
@require_http_methods(["GET", "POST"])
def board_wanted(request: HttpRequest, pk: int) -> HttpResponse:
    board = _mine(request, pk)
    if request.method == "GET":
        return redirect("pinboard:board-gift", board.pk)
    form = _wanted_form(request, _pins(request, board).items)
    if form.is_valid():
        by = signed_in(request)
        gift_lists.set_wanted(board=board, by=by, wanted=form.wanted())
        messages.success(request, _("Saved."))
        return redirect("pinboard:board-gift", board.pk)
    unchanged = GiftListForm(gift_list=_last_list(board))
    return _settings(request, board, unchanged, wanted=form)


@readers_deed
def board_gift_end(request: HttpRequest, pk: int) -> HttpResponse:
    board = _mine(request, pk)
    gift_lists.end_gift_list(board=board, by=signed_in(request))
    messages.success(request, _("This is no gift board any more."))
    return redirect(board)


@login_required
@require_safe
def board_gifts(request: HttpRequest, pk: int) -> HttpResponse:
    """Who gave what, once the date has come; until then one and the same page."""
    boards = Board.objects.fillable_by(request.user).select_related("owner")
    board = get_object_or_404(boards, pk=pk)
    given = GiftClaim.objects.revealed_on(board).select_related(
        "gift_list", "guest__user", "pin__picture"
    )
    shown = {
        "board": board,
        "gift_list": _last_list(board),
        "given": given.order_by("-gift_list", "created_at"),
        "may_thank": Board.objects.editable_by(request.user)
        .filter(pk=board.pk)
        .exists(),
    }
    answer = render(request, "pinboard/board_gifts.html", shown)
    answer["Cache-Control"] = "private, no-store"
    return answer


@readers_deed
def gift_thank(request: HttpRequest, pk: UUID) -> HttpResponse:
    by = signed_in(request)
    lists = GiftList.objects.revealed().filter(board__in=Board.objects.editable_by(by))
    given = GiftClaim.objects.filter(gift_list__in=lists)
    claim = get_object_or_404(given.select_related("gift_list__board"), pk=pk)
    form = ThanksForm(request.POST)
    if form.is_valid():
        gift_lists.thank(claim=claim, by=by, **form.cleaned_data)
    else:
        messages.error(request, _("Thank in at most 280 letters."))
    return redirect("pinboard:board-gifts", claim.gift_list.board_id)


def _settings(
    request: HttpRequest,
    board: Board,
    form: GiftListForm,
    *,
    wanted: WantedForm | None = None,
) -> HttpResponse:
    page = _pins(request, board)
    today = timezone.localdate()
    gift_list = _last_list(board)
    runs = gift_list if gift_list and not gift_list.is_revealed else None
    earliest = runs.earliest_reveal() if runs else today + timedelta(days=1)
    form.fields["reveal_on"].widget.attrs["min"] = earliest.isoformat()
    wanted = wanted or _wanted_form(request, page.items)
    shown = {
        "board": board,
        "form": form,
        "gift_list": gift_list if gift_list and not gift_list.ended_at else None,
        "earliest": earliest,
        "wanted": wanted,
        "rows": [
            (pin, wanted[name])
            for pin in page.items
            if (name := f"wanted-{pin.pk}") in wanted.fields
        ],
        "next_cursor": page.next_cursor,
    }
    status = 422 if form.errors or wanted.errors else 200
    return render(request, "pinboard/board_gift.html", shown, status=status)


def _mine(request: HttpRequest, pk: int) -> Board:
    mine = Board.objects.editable_by(request.user).select_related("owner")
    return get_object_or_404(mine, pk=pk)


def _last_list(board: Board) -> GiftList | None:
    return board.gift_lists.order_by("-pk").first()


def _pins(request: HttpRequest, board: Board) -> Page[Pin]:
    pins = Pin.objects.visible_to(request.user).filter(board=board)
    return page_or_404(request, pins.select_related("picture", "product", "pinner"))


def _wanted_form(request: HttpRequest, pins: list[Pin]) -> WantedForm:
    items = GiftItem.objects.filter(pin__in=pins)
    wanted = dict(items.values_list("pin_id", "wanted"))
    is_sent = request.resolver_match and request.resolver_match.url_name == (
        "board-wanted"
    )
    return WantedForm(posted(request) if is_sent else None, pins=pins, wanted=wanted)
