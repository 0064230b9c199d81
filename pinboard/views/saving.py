"""Saving somebody's pin: by one press, to the board that was used last; from a list of
boards; and, for who is not signed in yet, right after the log-in."""

from __future__ import annotations

import time

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions.boards import board_to_fill
from pinboard.actions.pins import save_pin
from pinboard.actions.saving import save_once
from pinboard.context_processors import board_used_last
from pinboard.exceptions import PinboardError, ThereAlready
from pinboard.forms import SavePinForm
from pinboard.models import Board, Pin
from pinboard.views.access import (
    back,
    board_key,
    came_from,
    posted,
    signed_in,
    visible_pins,
)
from users.models import User

ASKED = "save_after_login"  # in the session: which pin, when, and on what page
ASKED_LIFE_S = 600


@require_http_methods(["GET", "POST"])
def pin_save(request: HttpRequest, pk: int) -> HttpResponse:
    """One click saves to the last board; without any board the page asks for one."""
    if not request.user.is_authenticated:
        return _ask_who_it_is(request, pk)
    pins_seen = visible_pins(request).select_related("picture", "product", "pinner")
    pin = get_object_or_404(pins_seen, pk=pk)
    by = signed_in(request)
    asked = request.session.pop(ASKED, None) if request.method == "GET" else None
    if asked and _is_still_wanted(asked, pin) and (board := board_used_last(request)):
        _tell(request, pin, by, board=Board.objects.get(pk=board))
        return redirect(asked["page"] or pin)
    form = SavePinForm(posted(request), by=by)
    if form.is_bound and form.is_valid():
        told = form.cleaned_data
        is_meant = "anyway" in form.data
        done = _tell(request, pin, by, told["board"], told["new_board"], is_meant)
        return back(request, pin) if done else redirect(pin)
    key = board_key(request)
    page = {"form": form, "pin": pin, "key_query": f"?key={key}" if key else ""}
    status = 422 if form.is_bound else 200
    return render(request, "pinboard/save_form.html", page, status=status)


def _ask_who_it_is(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """The press is kept, so that it is done as soon as it is known whose it was."""
    request.session[ASKED] = {"pin": pk, "at": time.time(), "page": came_from(request)}
    key = board_key(request)
    query = f"?{urlencode({'key': key})}" if key else ""
    return redirect_to_login(reverse("pinboard:pin-save", args=[pk]) + query)


def _is_still_wanted(asked: dict[str, float], pin: Pin) -> bool:
    """Not what somebody else pressed here before, who then went away."""
    return asked["pin"] == pin.pk and time.time() - asked["at"] < ASKED_LIFE_S


def _tell(
    request: HttpRequest,
    pin: Pin,
    by: User,
    board: Board | None,
    new_board: str = "",
    is_meant: bool = False,
) -> bool:
    """Save, and say what came of it: whether the reader may stay where they are."""
    try:
        copy = _save(pin, by, board, new_board, is_meant)
    except ThereAlready as error:
        messages.info(request, str(error.for_user))
        return True
    except PinboardError as error:
        messages.error(request, str(error.for_user))
        return False
    undo = reverse("pinboard:pin-delete", args=[copy.pk])
    told = _("Saved to %(board)s") % {"board": copy.board.title}
    messages.success(request, told, extra_tags=undo)
    return True


@transaction.atomic
def _save(
    pin: Pin, by: User, board: Board | None, new_board: str, is_meant: bool
) -> Pin:
    chosen = board_to_fill(by=by, board=board, new_title=new_board)
    return (save_pin if is_meant else save_once)(pin=pin, board=chosen, by=by)
