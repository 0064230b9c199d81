"""Orders by hand, a board's cover and its sections, by those who may."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions import arranging
from pinboard.forms import PlaceForm, SectionForm
from pinboard.models import Board, BoardSection, Pin
from pinboard.views.access import back, posted, readers_deed, signed_in


@readers_deed
def pin_place(request: HttpRequest, pk: int) -> HttpResponse:
    """One step, to the top, or beside another pin of the board."""
    by = signed_in(request)
    mine = Pin.objects.editable_by(by).select_related("board")
    pin = get_object_or_404(mine, pk=pk)
    others = Pin.objects.filter(board=pin.board_id, deleted_at=None)
    form = PlaceForm(request.POST, others=others.exclude(pk=pin.pk))
    if not form.is_valid():
        messages.error(request, _("That place is gone. Load the board again."))
        return back(request, pin.board)
    arranging.arrange(pin=pin, by=by, **form.cleaned_data)
    return back(request, pin.board)


@readers_deed
def board_place(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a board, among the reader's own on the profile."""
    by = signed_in(request)
    mine = Board.objects.owned_by(by)
    board = get_object_or_404(mine, pk=pk)
    form = PlaceForm(request.POST, others=mine.exclude(pk=pk))
    if not form.is_valid():
        messages.error(request, _("That place is gone. Load the page again."))
        return back(request, by)
    arranging.arrange_board(board=board, by=by, **form.cleaned_data)
    return back(request, by)


@readers_deed
def pin_cover(request: HttpRequest, pk: int) -> HttpResponse:
    """The pin becomes its board's cover, or is it no longer."""
    by = signed_in(request)
    over = Pin.objects.filter(board__in=Board.objects.editable_by(by))
    pin = get_object_or_404(over.select_related("board"), pk=pk, deleted_at=None)
    is_cover = pin.board.cover_id == pin.pk
    arranging.set_cover(board=pin.board, by=by, pin=None if is_cover else pin)
    told = (
        _("The newest pin is the cover again.") if is_cover else _("This is the cover.")
    )
    messages.success(request, told)
    return back(request, pin.board)


@login_required
@require_http_methods(["GET", "POST"])
def board_sections(request: HttpRequest, pk: int) -> HttpResponse:
    """All sections of a board, and a new one."""
    by = signed_in(request)
    board = get_object_or_404(Board.objects.fillable_by(by), pk=pk)
    form = SectionForm(posted(request), instance=BoardSection(board=board))
    if request.method == "POST" and form.is_valid():
        arranging.add_section(board=board, by=by, **form.cleaned_data)
        return redirect("pinboard:board-sections", board.pk)
    page = {"board": board, "form": form, "sections": board.sections.all()}
    status = 422 if request.method == "POST" else 200
    return render(request, "pinboard/board_sections.html", page, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def section_edit(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    section = _section_of(request, pk)
    form = SectionForm(posted(request), instance=_section_of(request, pk))
    if request.method == "POST" and form.is_valid():
        arranging.rename_section(section=section, by=by, **form.cleaned_data)
        return redirect("pinboard:board-sections", section.board_id)
    page = {"board": section.board, "section": section, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "pinboard/section_form.html", page, status=status)


@readers_deed
def section_delete(request: HttpRequest, pk: int) -> HttpResponse:
    section = _section_of(request, pk)
    arranging.delete_section(section=section, by=signed_in(request))
    messages.success(request, _("The section is gone. Its pins stay on the board."))
    return redirect("pinboard:board-sections", section.board_id)


def _section_of(request: HttpRequest, pk: int) -> BoardSection:
    boards = Board.objects.fillable_by(request.user)
    mine = BoardSection.objects.filter(board__in=boards).select_related("board")
    return get_object_or_404(mine, pk=pk)
