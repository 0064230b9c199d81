"""Describing pictures of others, and deciding on what others say of one's own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import describing
from pinboard.exceptions import PinboardError
from pinboard.models import AltProposal
from pinboard.proposal_forms import AltForm
from pinboard.views.access import (
    back,
    board_key,
    posted,
    readers_deed,
    refused,
    signed_in,
    visible_pins,
)
from pinboard.views.paging import page_or_404


@login_required
@require_http_methods(["GET", "POST"])
def pin_describe(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    related = ("picture", "board", "pinner", "product")
    pin = get_object_or_404(visible_pins(request).select_related(*related), pk=pk)
    form = AltForm(posted(request))
    key = f"?key={board_key(request)}" if board_key(request) else ""
    if form.is_bound and form.is_valid():
        try:
            made = describing.describe(pin=pin, by=by, **form.cleaned_data)
        except PinboardError as refusal:
            form.add_error("text", str(refusal.for_user))
        else:
            undo = reverse("pinboard:alt-withdraw", args=[made.pk])
            told = _("Thank you. %(name)s decides on it.") % {"name": pin.pinner}
            if made.came_straight_in:
                told = _("Thank you. The picture has these words now.")
            messages.success(request, told, extra_tags=undo)
            return redirect(pin.get_absolute_url() + key)
    is_open = describing.may_describe(pin, by)
    shown = {"pin": pin, "form": form, "is_open": is_open, "key_query": key}
    answer = render(request, "pinboard/pin_describe.html", shown)
    return refused(answer, PinboardError()) if form.is_bound else answer


@login_required
@require_safe
def description_list(request: HttpRequest) -> HttpResponse:
    """What waits for one's pictures, or what one said of those of others."""
    by = signed_in(request)
    is_mine = request.GET.get("side") == "mine"
    asked = AltProposal.objects.waiting().decidable_by(by)
    rows = AltProposal.objects.told_to(by) if is_mine else asked
    related = rows.select_related(
        "by", "pin__picture", "pin__product", "pin__pinner", "pin__board"
    )
    page = page_or_404(request, related)
    shown = {
        "side": "mine" if is_mine else "pictures",
        "rows": page.items,
        "next_cursor": page.next_cursor,
    }
    return render(request, "pinboard/description_list.html", shown)


@readers_deed
def alt_take(request: HttpRequest, pk: int) -> HttpResponse:
    """As it was said, or as it was edited in the form."""
    proposal = _to_decide(request, pk)
    form = AltForm(request.POST)
    if "text" in request.POST and not form.is_valid():
        messages.error(request, str(form.errors["text"][0]))
        return back(request, proposal.pin)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    try:
        describing.take_alt(proposal=proposal, by=signed_in(request), text=text)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        undo = reverse("pinboard:alt-undo", args=[pk])
        told = _("The picture has these words now.")
        messages.success(request, told, extra_tags=undo)
    return back(request, proposal.pin)


@readers_deed
def alt_decline(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _to_decide(request, pk)
    describing.decline_alt(proposal=proposal, by=signed_in(request))
    undo = reverse("pinboard:alt-undo", args=[pk])
    messages.success(request, _("Not taken. Nobody is told."), extra_tags=undo)
    return back(request, proposal.pin)


@readers_deed
def alt_undo(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = _to_decide(request, pk)
    try:
        describing.undo_alt(proposal=proposal, by=signed_in(request))
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        messages.success(request, _("It is as before."))
    return back(request, proposal.pin)


@readers_deed
def alt_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    own = AltProposal.objects.filter(by=by).select_related("pin")
    proposal = get_object_or_404(own, pk=pk)
    try:
        describing.withdraw_alt(proposal=proposal, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        messages.success(request, _("Your words are taken back."))
    return back(request, f"{reverse('pinboard:description-list')}?side=mine")


def _to_decide(request: HttpRequest, pk: int) -> AltProposal:
    mine = AltProposal.objects.decidable_by(request.user).select_related("pin")
    return get_object_or_404(mine, pk=pk)
