"""A board's past, for those who share it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from pinboard.actions import bulk
from pinboard.discovery.history import deeds_of, pins_at
from pinboard.discovery.keyset import BadCursor
from pinboard.forms import RevertForm
from pinboard.models import Board, Pin
from pinboard.models.board import shared_with
from pinboard.views.access import readers_deed, signed_in
from pinboard.views.paging import page_or_404
from users.models import User


@login_required
@require_safe
def board_history(request: HttpRequest, pk: int) -> HttpResponse:
    board = _shared(request, pk)
    if at := _moment(request.GET.get("at", "")):
        return _at(request, board, at)
    actor = User.objects.filter(username=request.GET.get("by", "")).first()
    try:
        deeds, next_cursor = deeds_of(
            board, request.GET.get("cursor"), actor, viewer=request.user
        )
    except BadCursor as error:
        raise Http404 from error
    shown = {
        "board": board,
        "deeds": deeds,
        "next_cursor": next_cursor,
        "actor": actor,
        "actors": User.objects.filter(
            pk__in=board.events.order_by().values("actor").distinct()
        ),
        "today": timezone.localdate(),
        "may_revert": _may_revert(request, board),
    }
    return render(request, "pinboard/board_history.html", shown)


@readers_deed
def board_revert(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what one person did to the board since a day."""
    by = signed_in(request)
    board = get_object_or_404(Board.objects.editable_by(by), pk=pk)
    form = RevertForm(request.POST, board=board)
    if not form.is_valid():
        for errors in form.errors.get_json_data().values():
            messages.error(request, errors[0]["message"])
        return redirect("pinboard:board-history", board.pk)
    count = bulk.revert(
        board=board,
        actor=form.cleaned_data["person"],
        since=_start_of(form.cleaned_data["since"]),
        by=by,
    )
    told = ngettext("%(n)d pin is as before.", "%(n)d pins are as before.", count)
    messages.success(request, told % {"n": count})
    return redirect("pinboard:board-history", board.pk)


def _at(request: HttpRequest, board: Board, moment: datetime) -> HttpResponse:
    pins = pins_at(board, moment, viewer=request.user)
    pins = pins.select_related("picture", "product", "pinner")
    page = page_or_404(request, pins)
    seen = Pin.objects.visible_to(signed_in(request))
    shown = {
        "board": board,
        "at": moment - timedelta(seconds=1),
        "pins": page.items,
        "next_cursor": page.next_cursor,
        "there": set(
            seen.filter(pk__in=[pin.pk for pin in page.items]).values_list(
                "pk", flat=True
            )
        ),
    }
    return render(request, "pinboard/board_at.html", shown)


def _shared(request: HttpRequest, pk: int) -> Board:
    boards = Board.objects.filter(shared_with(request.user), deleted_at=None)
    return get_object_or_404(boards.select_related("owner"), pk=pk)


def _may_revert(request: HttpRequest, board: Board) -> bool:
    return Board.objects.editable_by(request.user).filter(pk=board.pk).exists()


def _moment(text: str) -> datetime | None:
    """The end of the day that the address names."""
    try:
        day = parse_date(text)
        return _start_of(day) + timedelta(days=1) if day else None
    except (ValueError, OverflowError):
        return None


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
