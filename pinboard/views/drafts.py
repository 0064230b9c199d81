"""An address in the composer: read by a worker, then shown as a choice of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from pinboard.actions.boards import board_to_fill
from pinboard.actions.drafts import pin_draft
from pinboard.actions.sources import start_draft
from pinboard.discovery.duplicates import twins_of_address
from pinboard.exceptions import PageWithoutPicture, PinboardError, sentence_of
from pinboard.forms import DraftForm
from pinboard.models import DraftPicture, JobState, Pin, PinDraft
from pinboard.sources.extract import PageFacts
from pinboard.views.access import posted, refused, signed_in
from pinboard.views.pin_page import host_shown
from users.models import User

BOARDS_AT_HAND = 6


@login_required
@require_http_methods(["GET", "POST"])
def draft_detail(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    mine = PinDraft.objects.open_to(by).select_related("job", "board")
    draft = get_object_or_404(mine, pk=pk)
    if request.method == "POST" and "again" in request.POST:
        return _again(request, draft, by)
    pictures = draft.pictures.visible_to(by).usable().select_related("picture")
    page: dict[str, Any] = {
        "draft": draft,
        "host": host_shown(draft.url),
        "is_waiting": _is_waiting(draft, pictures),
    }
    # Who asks for the whole has no script that would bring the rest in later.
    is_early = page["is_waiting"] and "whole" in request.GET
    if pictures and draft.facts is not None and not is_early:
        return _choice(request, draft, by, page, pictures)
    if not page["is_waiting"]:
        code = draft.job.error_code or PageWithoutPicture.code
        page["sentence"] = sentence_of(code)
    return render(request, "pinboard/draft_detail.html", page)


def _is_waiting(draft: PinDraft, pictures: Iterable[DraftPicture]) -> bool:
    """More pictures may come, or those that are there are still being made."""
    is_read = draft.job.state != JobState.PENDING
    return not is_read or any(not offered.picture.is_ready for offered in pictures)


def _choice(
    request: HttpRequest,
    draft: PinDraft,
    by: User,
    page: dict[str, Any],
    pictures: QuerySet[DraftPicture],
) -> HttpResponse:
    first = _first_words(request, draft) | {"picture_url": pictures[0]}
    form = DraftForm(_posted(request), by=by, pictures=pictures, initial=first)
    page |= {"form": form, "twins": twins_of_address(by, draft.url)}
    if _typed(request, draft).get("via"):
        page["boards_at_hand"] = form.fields["board"].queryset[:BOARDS_AT_HAND]  # type: ignore[attr-defined]
    if request.method == "GET":
        return render(request, "pinboard/draft_choice.html", page)
    if form.is_valid():
        try:
            return redirect(_pin_of(form, draft, by))
        except PinboardError as error:
            form.add_error("picture_url", str(error.for_user))
            answer = render(request, "pinboard/draft_choice.html", page)
            return refused(answer, error)
    return render(request, "pinboard/draft_choice.html", page, status=422)


def _posted(request: HttpRequest) -> QueryDict | None:
    """A button of a board names the board as the list does."""
    form = posted(request)
    if form is not None and "to" in form:
        form = form.copy()
        form.setlist("board", form.getlist("to"))
        form["new_board"] = ""
    return form


def _typed(request: HttpRequest, draft: PinDraft) -> dict[str, Any]:
    typed: dict[str, Any] = request.session.get(f"draft-{draft.pk}", {})
    return typed


@transaction.atomic
def _pin_of(form: DraftForm, draft: PinDraft, by: User) -> Pin:
    told = form.cleaned_data | {}
    board = board_to_fill(
        by=by, board=told.pop("board"), new_title=told.pop("new_board")
    )
    chosen = told.pop("picture_url")
    return pin_draft(draft=draft, by=by, board=board, chosen=chosen, **told)


def _again(request: HttpRequest, draft: PinDraft, by: User) -> HttpResponse:
    """Read the address once more; what was typed comes along."""
    try:
        fresh = start_draft(
            by=by, url=draft.url, board=draft.board, picture_url=draft.picture_url
        )
    except PinboardError as error:
        messages.error(request, str(error.for_user))
        return redirect(draft)
    request.session[f"draft-{fresh.pk}"] = _typed(request, draft)
    return redirect(fresh)


def _first_words(request: HttpRequest, draft: PinDraft) -> dict[str, Any]:
    """What people typed wins over what the page says."""
    facts = PageFacts.from_json(draft.facts or {})
    typed = _typed(request, draft)
    titles = [typed.get("title"), facts.title[:200]]
    if typed.get("via"):  # nobody typed that: it is what the browser's tab says
        titles.reverse()
    title = next(filter(None, titles), "")
    return {
        "title": title,
        "alt": typed.get("alt") or title,
        "description": typed.get("description", ""),
        "tags": typed.get("tags", []),
        "price": facts.price,
        "currency": facts.currency,
        "board": draft.board_id,
    }
