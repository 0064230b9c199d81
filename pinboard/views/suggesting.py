"""Proposing a pin for a board of somebody else, and what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import suggestions
from pinboard.discovery.suggesting import boards_for, boards_with_waiting
from pinboard.exceptions import PinboardError
from pinboard.models import Board, Pin, Suggestion
from pinboard.proposal_forms import FindForm, SuggestForm, SuggestPinForm
from pinboard.views.access import (
    back,
    posted,
    readers_deed,
    refused,
    signed_in,
    visible_pins,
)
from pinboard.views.paging import page_or_404


@login_required
@require_http_methods(["GET", "POST"])
def pin_suggest(request: HttpRequest, pk: int) -> HttpResponse:
    """From a pin: for which board."""
    by = signed_in(request)
    pins = visible_pins(request).select_related("picture", "board", "product")
    pin = get_object_or_404(pins, pk=pk)
    form = SuggestForm(posted(request), by=by)
    error = None
    if form.is_bound and form.is_valid():
        try:
            made = suggestions.suggest(pin=pin, by=by, **form.cleaned_data)
        except PinboardError as refusal:
            error = refusal
            form.add_error("board", str(error.for_user))
        else:
            _tell(request, made)
            return redirect(pin)
    find = FindForm(request.GET)
    q = find.cleaned_data["q"] if find.is_valid() else ""
    is_public = Pin.objects.public().filter(pk=pin.pk).exists()
    boards, is_one_free = boards_for(pin, by, q) if is_public else ([], False)
    shown = {
        "pin": pin,
        "form": form,
        "q": q,
        "is_suggestible": is_public,
        "boards": boards,
        "is_one_free": is_one_free,
        "chosen": form.data.get("board", ""),
    }
    answer = render(request, "pinboard/pin_suggest.html", shown)
    if form.is_bound:
        return refused(answer, error or PinboardError())
    return answer


@login_required
@require_http_methods(["GET", "POST"])
def board_suggest(request: HttpRequest, pk: int) -> HttpResponse:
    """From a board: which pin."""
    by = signed_in(request)
    boards = Board.objects.visible_to(by).select_related("owner")
    board = get_object_or_404(boards, pk=pk)
    form = SuggestPinForm(posted(request))
    error = None
    if form.is_bound and form.is_valid():
        pin = form.cleaned_data["chosen"]
        try:
            made = suggestions.suggest(pin=pin, board=board, by=by)
        except PinboardError as refusal:
            error = refusal
            field = "address" if form.cleaned_data["address"] else "pin"
            form.add_error(field, str(error.for_user))
        else:
            _tell(request, made)
            return redirect(board)
    own = Pin.objects.public().filter(pinner=by)
    page = page_or_404(request, own.select_related("picture", "product", "pinner"))
    shown = {
        "board": board,
        "form": form,
        "is_taking": Board.objects.taking_from(by).filter(pk=board.pk).exists(),
        "pins": page.items,
        "next_cursor": page.next_cursor,
        "chosen": form.data.get("pin", ""),
    }
    answer = render(request, "pinboard/board_suggest.html", shown)
    if form.is_bound:
        return refused(answer, error or PinboardError())
    return answer


@login_required
@require_safe
def suggestion_list(request: HttpRequest) -> HttpResponse:
    """What waits for one's boards; what one proposed oneself is by its side."""
    by = signed_in(request)
    if request.GET.get("side") != "mine":
        page = {"side": "boards", "boards": boards_with_waiting(by)}
        return render(request, "pinboard/suggestion_list.html", page)
    own = Suggestion.objects.told_to(by)
    related = own.select_related("board", "pin__picture", "pin__product", "pin__pinner")
    rows = page_or_404(request, related.select_related("copy"))
    shown = {"side": "mine", "rows": rows.items, "next_cursor": rows.next_cursor}
    return render(request, "pinboard/suggestion_list.html", shown)


@readers_deed
def suggestion_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    own = Suggestion.objects.filter(by=by).select_related("board")
    suggestion = get_object_or_404(own, pk=pk)
    try:
        suggestions.withdraw(suggestion=suggestion, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        messages.success(request, _("Your suggestion is taken back."))
    return back(request, f"{reverse('pinboard:suggestion-list')}?side=mine")


def _tell(request: HttpRequest, made: Suggestion) -> None:
    undo = reverse("pinboard:suggestion-withdraw", args=[made.pk])
    told = _("Suggested to %(board)s. Those who keep it decide.")
    if made.came_straight_in:
        told = _("Put on %(board)s. Those who keep it can still decline.")
    messages.success(request, told % {"board": made.board.title}, extra_tags=undo)
