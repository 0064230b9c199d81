"""A pin's page, saving it, and what its owner may do with it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import pins
from pinboard.actions.boards import board_to_fill
from pinboard.exceptions import NotYoursToMove, PinboardError
from pinboard.forms import PinEditForm, SavePinForm
from pinboard.models import Pin
from pinboard.models.pin import filled_by
from pinboard.views.access import (
    back,
    board_key,
    posted,
    readers_deed,
    signed_in,
    visible_pins,
)
from pinboard.views.pin_page import show_pin
from users.models import User


@require_safe
def pin_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show_pin(request, pk)


@login_required
@require_http_methods(["GET", "POST"])
def pin_save(request: HttpRequest, pk: int) -> HttpResponse:
    """One click saves to the last board; without any board the page asks for one."""
    by = signed_in(request)
    pins_seen = visible_pins(request).select_related("picture", "product", "pinner")
    pin = get_object_or_404(pins_seen, pk=pk)
    form = SavePinForm(posted(request), by=by)
    if request.method == "POST" and form.is_valid():
        if twin := _there_already(pin, form, by):
            told = _("You have this in %(board)s already.")
            messages.info(request, told % {"board": twin.board.title})
            return back(request, pin)
        try:
            copy = _save(pin, form, by)
        except PinboardError as error:
            messages.error(request, str(error.for_user))
            return redirect(pin)
        undo = reverse("pinboard:pin-delete", args=[copy.pk])
        told = _("Saved to %(board)s") % {"board": copy.board.title}
        messages.success(request, told, extra_tags=undo)
        return back(request, pin)
    status = 422 if request.method == "POST" else 200
    key = board_key(request)
    page = {"form": form, "pin": pin, "key_query": f"?key={key}" if key else ""}
    return render(request, "pinboard/save_form.html", page, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def pin_edit(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    mine = Pin.objects.editable_by(by).select_related("board", "picture")
    pin = get_object_or_404(mine, pk=pk)
    form = PinEditForm(posted(request), instance=pin, by=by)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(pins.edit_pin(pin=pin, by=by, **form.cleaned_data))
        except NotYoursToMove as error:
            form.add_error("board", str(error.for_user))
    status = 422 if request.method == "POST" else 200
    page = {"form": form, "pin": get_object_or_404(mine, pk=pk)}
    return render(request, "pinboard/pin_edit.html", page, status=status)


@readers_deed
def pin_delete(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    pin = get_object_or_404(Pin.objects.editable_by(by).select_related("board"), pk=pk)
    pins.delete_pin(pin=pin, by=by)
    undo = reverse("pinboard:pin-restore", args=[pin.pk])
    told = _("Removed from %(board)s") % {"board": pin.board.title}
    messages.success(request, told, extra_tags=undo)
    return back(request, pin.board)


@readers_deed
def pin_restore(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    gone = Pin.objects.filter(filled_by(by), board__deleted_at=None)
    pin = get_object_or_404(gone.select_related("board"), pk=pk)
    try:
        pins.restore_pin(pin=pin, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
        return redirect(pin.board)
    return redirect(pin)


@readers_deed
def pin_retry(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    pin = get_object_or_404(Pin.objects.editable_by(by), pk=pk)
    try:
        pins.retry_pin(pin=pin, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    return redirect(pin)


def _there_already(pin: Pin, form: SavePinForm, by: User) -> Pin | None:
    """Nobody saves a picture to the same board twice by accident; who means it says so
    on the page of boards."""
    board = form.cleaned_data["board"]
    if board is None or "anyway" in form.data:
        return None
    there = Pin.objects.filter(board=board, picture=pin.picture_id, deleted_at=None)
    return there.select_related("board").exclude(pk=pin.pk).first()


@transaction.atomic
def _save(pin: Pin, form: SavePinForm, by: User) -> Pin:
    told = form.cleaned_data
    board = board_to_fill(by=by, board=told["board"], new_title=told["new_board"])
    return pins.save_pin(pin=pin, board=board, by=by)
