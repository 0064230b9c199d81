"""What was suggested for a board, for those who fill it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from pinboard.actions import suggestions
from pinboard.exceptions import PinboardError
from pinboard.models import Board, Suggestion
from pinboard.models.board import Suggestions
from pinboard.models.proposal import ProposalState
from pinboard.models.suggestion import SuggestionQuerySet
from pinboard.proposal_forms import DecideForm
from pinboard.views.access import posted, readers_deed, signed_in
from pinboard.views.paging import page_or_404
from users.models import User

MOST_NAMED = 12  # people by whom the list can be narrowed
STATES = (ProposalState.WAITING, ProposalState.TAKEN, ProposalState.DECLINED)


@login_required
@require_http_methods(["GET", "POST"])
def board_suggestions(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    boards = Board.objects.fillable_by(by).select_related("owner")
    board = get_object_or_404(boards, pk=pk)
    rows, state = _asked_for(request, board)
    names = User.objects.filter(pk__in=rows.order_by().values("by"))
    names = names.order_by("username")[:MOST_NAMED]
    person = User.objects.filter(username=request.GET.get("by", "")[:30]).first()
    if person:
        rows = rows.filter(by=person)
    form = DecideForm(posted(request), rows=rows)
    if form.is_bound and form.is_valid():
        return _decided(request, board, form, by)
    related = rows.with_presence().select_related(
        "by", "pin__picture", "pin__product", "pin__pinner"
    )
    page = page_or_404(request, related)
    shown = {
        "board": board,
        "form": form,
        "state": state,
        "person": person,
        "suggesters": names,
        "rows": page.items,
        "next_cursor": page.next_cursor,
    }
    status = 422 if form.is_bound else 200
    return render(request, "pinboard/board_suggestions.html", shown, status=status)


@readers_deed
def suggestions_undo(request: HttpRequest, deed: UUID) -> HttpResponse:
    by = signed_in(request)
    board = _board_of(deed, by)
    try:
        count = suggestions.undo_decision(deed=deed, by=by)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        told = ngettext("%(n)d is as before.", "%(n)d are as before.", count)
        messages.success(request, told % {"n": count})
    return _queue(board, request) if board else redirect("pinboard:suggestion-list")


def _asked_for(request: HttpRequest, board: Board) -> tuple[SuggestionQuerySet, str]:
    asked = request.GET.get("state", "")
    usual = STATES[1] if board.suggestions == Suggestions.OPEN else STATES[0]
    state = asked if asked in STATES else usual
    rows = Suggestion.objects.shown().filter(board=board, state=state)
    return rows, state


def _decided(
    request: HttpRequest, board: Board, form: DecideForm, by: User
) -> HttpResponse:
    is_taken = form.cleaned_data["deed"] == DecideForm.TAKE
    decide = suggestions.take if is_taken else suggestions.decline
    deed = decide(suggestions=form.suggestions(), by=by)
    if deed is None:
        told = _("Nothing changed: on the board already, or no longer there.")
        messages.info(request, told)
        return _queue(board, request)
    count = Suggestion.objects.filter(deed=deed).count()
    told = ngettext("%(n)d pin declined.", "%(n)d pins declined.", count)
    if is_taken:
        told = ngettext(
            "%(n)d pin put on %(board)s.", "%(n)d pins put on %(board)s.", count
        )
    undo = reverse("pinboard:suggestions-undo", args=[deed])
    facts = {"n": count, "board": board.title}
    messages.success(request, told % facts, extra_tags=undo)
    return _queue(board, request)


def _board_of(deed: UUID, by: User) -> Board | None:
    done = Suggestion.objects.filter(deed=deed).values("board")
    return Board.objects.fillable_by(by).filter(pk__in=done).first()


def _queue(board: Board, request: HttpRequest) -> HttpResponse:
    """The list from which it was decided."""
    place = reverse("pinboard:board-suggestions", args=[board.pk])
    state = request.GET.get("state", "")
    return redirect(f"{place}?state={state}" if state in STATES else place)
