"""The composer: pictures from one's own machine, or the address of a page."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from pinboard.actions.boards import board_to_fill
from pinboard.actions.pins import pin_upload
from pinboard.actions.sources import start_draft
from pinboard.discovery.duplicates import with_twins
from pinboard.exceptions import PictureRefused, PinboardError
from pinboard.forms import ComposerForm
from pinboard.models import Board, Pin, PinDraft
from pinboard.pictures.header import content_of
from pinboard.pictures.kinds import accept_attribute
from pinboard.views.access import posted, refused, signed_in
from users.models import User

WORDS = ("title", "description", "alt", "tags", "via")
ASKED = ("url", "title", "description", "tags", "board", "picture", "via")
LONGEST = {"title": 200, "description": 2000}  # a page's own words may be longer
ADDRESS = re.compile(r"https?://[^\s\0]+")


@login_required
@require_http_methods(["GET", "POST"])
def pin_create(request: HttpRequest) -> HttpResponse:
    by = signed_in(request)
    files = request.FILES or None
    form = ComposerForm(posted(request), files, by=by, initial=_asked(request))
    if request.method == "GET":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        if len(form.cleaned_data["image"]) > 1:
            return _answer_to_many(request, form, by)
        if form.cleaned_data["image"]:
            return redirect(_told_of_twins(request, _pin_one(form, by), by))
        return redirect(_open_draft(request, form, by))
    except PinboardError as error:
        form.add_error(_field_of(form), str(error.for_user))
        return refused(_page(request, form), error)


@transaction.atomic
def _pin_one(form: ComposerForm, by: User) -> Pin:
    """A new board stands or falls with its first pin."""
    [file] = form.cleaned_data["image"]
    return _pin(file, _board_of(form, by), form, by)


def _told_of_twins(request: HttpRequest, pin: Pin, by: User) -> Pin:
    """The same bytes are known at once; a near picture shows on the pin's page."""
    for twin in with_twins(Pin.objects.filter(pk=pin.pk), by).get().twins[:1]:
        undo = reverse("pinboard:pin-delete", args=[pin.pk])
        told = _("You have this in %(board)s, too.") % {"board": twin["board"]}
        messages.success(request, told, extra_tags=undo)
    return pin


@transaction.atomic
def _open_draft(request: HttpRequest, form: ComposerForm, by: User) -> PinDraft:
    """The words wait in the session until the page is read."""
    board = _board_of(form, by)
    told = form.cleaned_data
    draft = start_draft(
        by=by, url=told["url"], board=board, picture_url=told["picture"]
    )
    request.session[f"draft-{draft.pk}"] = _words(form)
    return draft


def _answer_to_many(request: HttpRequest, form: ComposerForm, by: User) -> HttpResponse:
    """What could be pinned is pinned; what could not is named beside the field."""
    board, made, errors = _pin_many(form, by)
    if made:
        told = ngettext("%(n)s pin is being made.", "%(n)s pins are being made.", made)
        messages.success(request, told % {"n": made})
    if not errors:
        return redirect(board)
    for error in errors:
        form.add_error("image", error)
    return _page(request, form, status=422)


@transaction.atomic
def _pin_many(form: ComposerForm, by: User) -> tuple[Board, int, list[str]]:
    board, made, errors = _board_of(form, by), 0, []
    for file in form.cleaned_data["image"]:
        try:
            _pin(file, board, form, by)
            made += 1
        except PictureRefused as error:
            named = {"name": file.name, "error": error.for_user}
            errors.append(_("%(name)s: %(error)s") % named)
    if not made:
        transaction.set_rollback(True)
    return board, made, errors


def _pin(file: UploadedFile, board: Board, form: ComposerForm, by: User) -> Pin:
    told = form.cleaned_data
    return pin_upload(
        by=by,
        board=board,
        content=content_of(file),
        title=told["title"],
        description=told["description"],
        alt=told["alt"],
        tags=told["tags"],
        source_url=told["url"],
    )


def _page(request: HttpRequest, form: ComposerForm, status: int = 200) -> HttpResponse:
    page = {
        "form": form,
        "accept": accept_attribute(),
        # Two taps: the button, and Create pin once the page is read.
        "is_sent_at_once": not form.is_bound
        and form.initial.get("via")
        and form.initial.get("url")
        and form.fields["board"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return render(request, "pinboard/pin_form.html", page, status=status)


def _board_of(form: ComposerForm, by: User) -> Board:
    told = form.cleaned_data
    return board_to_fill(by=by, board=told["board"], new_title=told["new_board"])


def _words(form: ComposerForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in WORDS}


def _field_of(form: ComposerForm) -> str:
    """Beside which field an error of the work stands."""
    return "image" if form.cleaned_data.get("image") else "url"


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What a bookmarklet, a link of ours or a draft that failed fills in beforehand."""
    kept: dict[str, Any] = request.session.get(
        f"draft-{request.GET.get('draft', '')}", {}
    )
    asked = {
        name: request.GET[name].replace("\0", "")
        for name in ASKED
        if name in request.GET
    }
    text = request.GET.get("text", "").replace("\0", "")
    if not asked.get("url") and (found := ADDRESS.search(text)):
        asked["url"] = found[0]  # phones share an address as a text
    if text:
        asked |= {"via": "1"}
        asked.setdefault("description", text.replace(asked.get("url", ""), "").strip())
    for name, longest in LONGEST.items():
        asked |= {name: asked[name][:longest]} if name in asked else {}
    return kept | asked
