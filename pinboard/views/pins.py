"""A pin's page, and what its owner may do with it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import pins
from pinboard.exceptions import NotYoursToMove, PinboardError
from pinboard.forms import PinEditForm
from pinboard.models import Pin
from pinboard.models.pin import filled_by
from pinboard.views.access import (
    back,
    posted,
    readers_deed,
    signed_in,
)
from pinboard.views.pin_page import show_pin


@require_safe
def pin_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show_pin(request, pk)


@login_required
@require_http_methods(["GET", "POST"])
def pin_edit(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    mine = Pin.objects.editable_by(by).select_related("board", "picture")
    pin = get_object_or_404(mine, pk=pk)
    first = {"tags": [tag.name for tag in pin.tags.all()]}
    form = PinEditForm(posted(request), instance=pin, by=by, initial=first)
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
