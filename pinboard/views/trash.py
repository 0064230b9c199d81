"""What one deleted in the last 30 days, and all of it back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pinboard.actions import boards
from pinboard.discovery.covers import load_covers, with_cover_ids
from pinboard.exceptions import PinboardError
from pinboard.models import Board, Pin
from pinboard.models.pin import oldest_in_trash
from pinboard.views.access import readers_deed, signed_in
from pinboard.views.paging import page_or_404

MOST_BOARDS = 60


@login_required
@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    by = signed_in(request)
    pins = Pin.objects.in_trash_of(by).select_related("picture", "product", "board")
    page = page_or_404(request, pins)
    gone = Board.objects.in_trash_of(by, since=oldest_in_trash()).order_by("-pk")
    shown_boards = list(with_cover_ids(gone)[:MOST_BOARDS])
    load_covers(shown_boards)
    shown = {
        "boards": [] if request.GET.get("cursor") else shown_boards,
        "pins": page.items,
        "next_cursor": page.next_cursor,
    }
    return render(request, "pinboard/trash.html", shown)


@readers_deed
def trash_empty(request: HttpRequest) -> HttpResponse:
    boards.empty_trash(by=signed_in(request))
    messages.success(request, _("The trash is empty."))
    return redirect("pinboard:trash")


@readers_deed
def board_restore(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    gone = Board.objects.in_trash_of(by, since=oldest_in_trash())
    board = get_object_or_404(gone, pk=pk)
    try:
        return redirect(boards.restore_board(board=board, by=by))
    except PinboardError as error:
        messages.error(request, str(error.for_user))
        return redirect("pinboard:trash")
