"""Many pins of a board at once, and the way back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pinboard.actions import bulk
from pinboard.exceptions import PinboardError
from pinboard.forms import BulkForm
from pinboard.models import Board
from pinboard.views.access import back, readers_deed, signed_in
from pinboard.views.boards import for_page, show_board
from users.models import User


@readers_deed
def board_pins(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    boards = for_page(Board.objects.fillable_by(by), request)
    board = get_object_or_404(boards, pk=pk)
    form = BulkForm(request.POST, board=board, by=by)
    if not form.is_valid():
        return show_board(request, board, bulk=form)
    if form.cleaned_data["deed"] == BulkForm.SECTION:
        return _put_in_section(request, form, by)
    deed = _done(form, by)
    messages.success(
        request,
        _told(form, deed),
        # Nothing was done: nothing is there to take back.
        extra_tags=reverse("pinboard:deed-undo", args=[deed.id]) if deed.count else "",
    )
    return redirect(board)


@readers_deed
def deed_undo(request: HttpRequest, deed: UUID) -> HttpResponse:
    by = signed_in(request)
    try:
        count = bulk.undo(deed=deed, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        told = ngettext("%(n)d pin is back.", "%(n)d pins are back.", count)
        messages.success(request, told % {"n": count})
    return back(request, by)


def _put_in_section(request: HttpRequest, form: BulkForm, by: User) -> HttpResponse:
    section = form.cleaned_data["section"]
    count = bulk.put_in_section(pins=form.pins(), section=section, by=by)
    text = ngettext(
        "%(n)d pin put into %(section)s.", "%(n)d pins put into %(section)s.", count
    )
    if section is None:
        text = ngettext(
            "%(n)d pin is in no section now.",
            "%(n)d pins are in no section now.",
            count,
        )
    messages.success(request, text % {"n": count, "section": section})
    return back(request, form.board)


def _done(form: BulkForm, by: User) -> bulk.Deed:
    pins, to = form.pins(), form.cleaned_data["to"]
    if form.cleaned_data["deed"] == BulkForm.MOVE:
        return bulk.move_pins(pins=pins, to=to, by=by)
    if form.cleaned_data["deed"] == BulkForm.COPY:
        return bulk.copy_pins(pins=pins, to=to, by=by)
    if form.cleaned_data["deed"] in BulkForm.TAGGING:
        tags = form.cleaned_data["tags"]
        adds = form.cleaned_data["deed"] == BulkForm.TAG
        act = bulk.add_tags if adds else bulk.remove_tags
        return act(pins=pins, tags=tags, by=by)
    return bulk.delete_pins(pins=pins, by=by)


def _told(form: BulkForm, deed: bulk.Deed) -> str:
    count = deed.count
    facts = {"n": count, "left": deed.left, "board": form.cleaned_data["to"]}
    if form.cleaned_data["deed"] == BulkForm.MOVE:
        text = ngettext(
            "%(n)d pin moved to %(board)s.", "%(n)d pins moved to %(board)s.", count
        )
    elif form.cleaned_data["deed"] == BulkForm.COPY:
        text = ngettext(
            "%(n)d pin saved to %(board)s.", "%(n)d pins saved to %(board)s.", count
        )
    elif form.cleaned_data["deed"] in BulkForm.TAGGING:
        text = ngettext(
            "%(n)d pin has other tags now.", "%(n)d pins have other tags now.", count
        )
    else:
        text = ngettext("%(n)d pin deleted.", "%(n)d pins deleted.", count)
    if deed.left:
        text += " " + ngettext(
            "%(left)d pin has no room for more tags.",
            "%(left)d pins have no room for more tags.",
            deed.left,
        )
    if count == bulk.MOST:
        text += " " + _("These were as many as go at once. Do the rest again.")
    return text % facts
