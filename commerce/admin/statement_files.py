"""A statement's file: uploaded, looked at, confirmed. Until then nothing is written."""

from __future__ import annotations

import zlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from commerce import tasks
from commerce.actions.statement_lines import advance
from commerce.actions.statement_pulls import pull_statement
from commerce.actions.statements import (
    confirm_statement,
    discard_statement,
    table_of,
    upload_statement,
)
from commerce.admin.base import StoryAdmin, attempt, who
from commerce.admin.statement_forms import ColumnsForm, PullForm, UploadForm
from commerce.exceptions import CommerceError
from commerce.models import Statement
from commerce.reconciliation.columns import recall
from commerce.reconciliation.exceptions import StatementKnown
from commerce.reconciliation.preview import preview, well_chosen

# So long a page waits for what a worker would do as well, and for so many rows at all.
BUDGET_S = 3
ROWS_AT_ONCE = 5000


class StatementFiles(StoryAdmin):
    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The file is kept for its preview; nothing else is written."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "pull" in request.POST:
            return self._pull(request)
        form = UploadForm(request.POST or None, request.FILES or None, label_suffix="")
        known = None
        if request.method == "POST" and form.is_valid():
            sent = form.cleaned_data["file"]
            try:
                draft = upload_statement(
                    network=form.cleaned_data["network"],
                    month=form.cleaned_data["month"],
                    currency=form.currency,
                    name=sent.name or "",
                    content=sent.read(),
                    by=who(request),
                )
                return redirect("admin:commerce_statement_change", draft.pk)
            except StatementKnown as error:
                known = error.statement
                form.add_error("file", str(error.for_user))
            except CommerceError as error:
                form.add_error("file", str(error.for_user))
        return self.answer(
            request,
            None,
            "statement_upload",
            _("Add a statement"),
            status=422 if form.is_bound else 200,
            form=form,
            pull=PullForm(label_suffix=""),
            known=known,
        )

    def _pull(self, request: HttpRequest) -> HttpResponse:
        """The network itself is asked, by a worker."""
        form = PullForm(request.POST, label_suffix="")
        known = None
        if form.is_valid():
            try:
                statement = pull_statement(
                    network=form.cleaned_data["network"],
                    month=form.cleaned_data["month"],
                    currency=form.currency,
                    by=who(request),
                )
            except StatementKnown as error:
                known = error.statement
                form.add_error("month", _("This month was asked for before."))
            except CommerceError as error:
                form.add_error("network", str(error.for_user))
            else:
                tasks.read_statement.delay_on_commit(statement.pk)
                return redirect("admin:commerce_statement_change", statement.pk)
        return self.answer(
            request,
            None,
            "statement_upload",
            _("Add a statement"),
            status=422,
            form=UploadForm(label_suffix=""),
            pull=form,
            known=known,
        )

    def preview_page(
        self, request: HttpRequest, draft: Statement, error: str = ""
    ) -> HttpResponse:
        """What would be read, by the columns of the form or those proposed."""
        table = table_of(draft)
        said = request.POST if request.method == "POST" else None
        columns = recall(table.header, draft.network.statement_columns)
        form = ColumnsForm(said, statement=draft, header=table.header, columns=columns)
        if said is not None:
            columns = well_chosen(said, len(table.header))
        is_wrong = bool(error) or (said is not None and not form.is_valid())
        return self.answer(
            request,
            draft,
            "statement_preview",
            title_of(draft),
            status=422 if is_wrong else 200,
            draft=draft,
            form=form,
            seen=preview(draft, table, columns),
            used=set(columns.values()),
            is_mine=draft.imported_by_id == request.user.pk,
            error=error,
        )

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Look again with other columns, confirm, or throw away."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        draft = get_object_or_404(Statement.objects.select_related("network"), pk=pk)
        if not self.has_add_permission(request):
            raise PermissionDenied
        here = redirect("admin:commerce_statement_change", pk)
        if draft.state != Statement.State.DRAFT:
            messages.warning(request, _("It was confirmed before."))
            return here
        decision = request.POST.get("decision")
        if decision == "discard":
            deed = {"statement": draft, "by": who(request)}
            done = attempt(request, _("Thrown away."), discard_statement, **deed)
            return redirect("admin:commerce_statement_changelist") if done else here
        if decision == "confirm":
            return self._confirm(request, draft)
        return self.preview_page(request, draft)

    def _confirm(self, request: HttpRequest, draft: Statement) -> HttpResponse:
        header = table_of(draft).header
        form = ColumnsForm(request.POST, statement=draft, header=header, columns={})
        if not form.is_valid():
            return self.preview_page(request, draft)
        try:
            statement = confirm_statement(
                statement=draft,
                columns=well_chosen(request.POST, len(header)),
                declared_minor=form.cleaned_data["declared"],
                receipt_minor=form.cleaned_data["receipt"],
                by=who(request),
            )
        except CommerceError as error:
            return self.preview_page(request, draft, str(error.for_user))
        is_small = statement.row_count <= ROWS_AT_ONCE
        if not (is_small and advance(statement=statement, budget_s=BUDGET_S)):
            tasks.read_statement.delay_on_commit(statement.pk)
        messages.success(request, _("Confirmed. Its lines are compared with ours."))
        return redirect("admin:commerce_statement_change", statement.pk)

    def file(self, request: HttpRequest, pk: int) -> HttpResponse:
        """As it was uploaded."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        uploaded = Statement.objects.filter(file__isnull=False).select_related("file")
        statement = get_object_or_404(uploaded, pk=pk)
        content = zlib.decompress(statement.file.content)
        name = f"statement-{statement.pk}.csv"
        return HttpResponse(
            content,
            content_type="text/csv",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    def answer(
        self,
        request: HttpRequest,
        row: Statement | None,
        template: str,
        title: str,
        *,
        status: int,
        **more: Any,
    ) -> HttpResponse:
        place = f"admin/commerce/{template}.html"
        response = self.story_page(request, row, place, title, **more)
        response.status_code = status
        return response


def title_of(statement: Statement) -> str:
    return _("Statement of %(network)s for %(month)s") % {
        "network": statement.network.name,
        "month": f"{statement.month:%Y-%m}",
    }
