"""Importing: choose a file, look at what is in it, have it done, read the report."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions import imports
from pinboard.actions.import_start import start_import
from pinboard.cells import plain_cell
from pinboard.exceptions import PinboardError, sentence_of
from pinboard.import_forms import ImportForm, ImportPlanForm
from pinboard.models import Board, Import, ImportRow, RowState
from pinboard.models.pin_import import ImportRowQuerySet
from pinboard.views.access import posted, readers_deed, signed_in
from pinboard.views.paging import page_or_404
from users.models import User

MOST_SHOWN = 20
FIRST_ROWS = 12
MOST_TITLES = 500
PAGE_SIZE = 50
SHOWN = (RowState.PINNED, RowState.KNOWN, RowState.FAILED, RowState.SKIPPED)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    by = signed_in(request)
    form = ImportForm(posted(request), request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return redirect(start_import(by=by, files=form.cleaned_data["file"]))
            except PinboardError as error:
                form.add_error("file", str(error.for_user))
                status = error.status
    mine = Import.objects.of(by.pk).with_counts().order_by("-pk")[:MOST_SHOWN]
    page = {"form": form, "imports": mine}
    return render(request, "pinboard/import_list.html", page, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    source = _mine(request, pk)
    if not source.confirmed_at:
        return _preview(request, source)
    if request.method == "POST":
        return redirect(source)  # a second press on Import
    rows = _outcomes(source)
    show = request.GET.get("show", "")
    if show in SHOWN:
        rows = rows.come_to(show)
    page = page_or_404(request, rows, key="number", newest_first=False, size=PAGE_SIZE)
    _explain(page.items)
    shown = {"import": source, "rows": page.items, "next_cursor": page.next_cursor}
    return render(request, "pinboard/import_detail.html", shown | {"show": show})


@login_required
@never_cache
@require_safe
def import_report(request: HttpRequest, pk: int) -> HttpResponse:
    """All rows as a table to take along."""
    source = _mine(request, pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="import-{pk}.csv"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.write("\ufeff")  # by which Excel knows UTF-8
    writer = csv.writer(answer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["line", "title", "address", "board", "outcome", "reason", "pin"])
    for row in _outcomes(source).order_by("number"):
        shown = row.shown_pin
        pin = request.build_absolute_uri(shown.get_absolute_url()) if shown else ""
        why = sentence_of(row.why) if row.why else ""
        told = [row.number, row.title, row.address, row.board.title, row.outcome]
        writer.writerow(plain_cell(cell) for cell in [*told, why, pin])
    return answer


@readers_deed
def import_stop(request: HttpRequest, pk: int) -> HttpResponse:
    source = _mine(request, pk)
    imports.stop_import(source=source, by=signed_in(request))
    messages.success(request, _("The import is stopped. What is pinned stays."))
    return redirect(source)


@readers_deed
def import_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Of a file that was only looked at."""
    source = _mine(request, pk)
    if source.confirmed_at:
        return redirect(source)
    imports.forget_import(source)
    messages.success(request, _("Nothing was imported."))
    return redirect("pinboard:import-list")


@readers_deed
def import_retry(request: HttpRequest, pk: int) -> HttpResponse:
    return _again(request, _mine(request, pk), None)


@readers_deed
def import_row_retry(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    source = _mine(request, pk)
    return _again(request, source, get_object_or_404(source.rows, number=number))


@readers_deed
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    source = _mine(request, pk)
    try:
        count = imports.undo_import(source=source, by=signed_in(request))
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    else:
        told = ngettext(
            "%(n)d pin is in the trash.", "%(n)d pins are in the trash.", count
        )
        messages.success(request, told % {"n": count})
    return redirect(source)


def _mine(request: HttpRequest, pk: int) -> Import:
    own = Import.objects.of(signed_in(request).pk).with_counts()
    return get_object_or_404(own, pk=pk)


def _preview(request: HttpRequest, source: Import) -> HttpResponse:
    by = signed_in(request)
    form = ImportPlanForm(posted(request), source=source, by=by)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                imports.confirm_import(source=source, by=by, **form.plan())
                return redirect(source)
            except PinboardError as error:
                form.add_error(None, str(error.for_user))
                status = error.status
    rows = list(_outcomes(source).order_by("number")[:FIRST_ROWS])
    _explain(rows)
    page = {
        "import": source,
        "form": form,
        "board_count": source.boards.count(),
        "own_titles": _own_titles(by),
        "rows": rows,
        "lacking": source.rows.filter(part=None).exclude(file="").count(),
    }
    return render(request, "pinboard/import_preview.html", page, status=status)


def _own_titles(by: User) -> QuerySet[Board, str]:
    own = Board.objects.owned_by(by).order_by("-updated_at", "-pk")
    return own.values_list("title", flat=True)[:MOST_TITLES]


def _again(request: HttpRequest, source: Import, row: ImportRow | None) -> HttpResponse:
    try:
        imports.retry_import(source=source, by=signed_in(request), row=row)
    except PinboardError as error:
        messages.error(request, str(error.for_user))
    return redirect(source)


def _outcomes(source: Import) -> ImportRowQuerySet:
    rows = ImportRow.objects.filter(source=source).with_outcome()
    return rows.select_related("board", "pin__board")


def _explain(rows: list[ImportRow]) -> None:
    for row in rows:
        row.reason = sentence_of(row.why) if row.why else ""
