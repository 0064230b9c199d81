"""New board, changes to one, and its end. The board's page is in `boards`."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions import boards
from pinboard.forms import BoardForm
from pinboard.models import Board
from pinboard.views.access import posted, signed_in


@login_required
@require_http_methods(["GET", "POST"])
def board_create(request: HttpRequest) -> HttpResponse:
    form = BoardForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return redirect(
            boards.create_board(owner=signed_in(request), **form.cleaned_data)
        )
    status = 422 if request.method == "POST" else 200
    page = {"form": form}
    return render(request, "pinboard/board_form.html", page, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def board_edit(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Board.objects.editable_by(request.user)
    board = get_object_or_404(mine, pk=pk)
    form = BoardForm(posted(request), instance=board)
    if request.method == "POST" and form.is_valid():
        by = signed_in(request)
        return redirect(boards.edit_board(board=board, by=by, **form.cleaned_data))
    status = 422 if request.method == "POST" else 200
    # The form writes what was typed on its instance; the page names the board itself.
    page = {"form": form, "board": get_object_or_404(mine, pk=pk)}
    return render(request, "pinboard/board_form.html", page, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def board_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first: a board takes all its pins with it."""
    by = signed_in(request)
    board = get_object_or_404(Board.objects.owned_by(by), pk=pk)
    if request.method == "POST":
        boards.delete_board(board=board, by=by)
        undo = reverse("pinboard:board-restore", args=[board.pk])
        told = _("%(board)s is in the trash.") % {"board": board.title}
        messages.success(request, told, extra_tags=undo)
        return redirect(by)
    return render(request, "pinboard/board_delete.html", {"board": board})
