"""Statements of networks: upload and preview, what differs, the second pair of eyes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce import tasks
from commerce.actions.resolutions import resolve_line, resolve_lines
from commerce.actions.statement_approvals import approve_matched, try_again
from commerce.actions.statements import (
    approve_statement,
    cancel_statement,
    compare_again,
    set_totals,
)
from commerce.admin.base import attempt, badge, posted, primary_key, who
from commerce.admin.statement_files import BUDGET_S, StatementFiles, title_of
from commerce.admin.statement_forms import TotalsForm
from commerce.admin.statement_pages import chosen_lines, page_of
from commerce.models import Statement
from commerce.money import money_shown

MOST_AT_ONCE = 500


@admin.register(Statement)
class StatementAdmin(StatementFiles):
    list_display = [
        "title",
        "state_shown",
        "lines_shown",
        "total",
        "receipt",
        "imported_by",
        "approved_by",
    ]
    list_filter = ["state", "network"]
    list_select_related = ["network", "imported_by", "approved_by"]
    search_fields = ["name"]
    ordering = ["-pk"]
    actions = None
    change_list_template = "admin/commerce/statement_list.html"

    # The list ------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("statement"))
    def title(self, row: Statement) -> SafeString:
        return format_html(
            '{} · {}<small class="under">{}</small>',
            f"{row.month:%Y-%m}",
            row.network.name,
            row.name,
        )

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: Statement) -> SafeString:
        return badge(row.get_state_display(), row.state)

    @admin.display(description=gettext_lazy("lines"))
    def lines_shown(self, row: Statement) -> SafeString:
        """And what is to be done about them."""
        under = ""
        if row.state == Statement.State.MATCHING and row.row_count:
            under = _("of %(n)d") % {"n": row.row_count}
        elif row.state == Statement.State.OPEN:
            told = ngettext("%(n)d differs", "%(n)d differ", row.open_count)
            under = told % {"n": row.open_count} if row.open_count else _("all agree")
        return format_html(
            '<span class="number">{}</span><small class="under">{}</small>',
            row.line_count,
            under,
        )

    @admin.display(description=gettext_lazy("lines sum to"))
    def total(self, row: Statement) -> SafeString:
        is_read = row.state != Statement.State.DRAFT
        return _amount(row.lines_minor if is_read else None, row.currency)

    @admin.display(description=gettext_lazy("bank received"))
    def receipt(self, row: Statement) -> SafeString:
        return _amount(row.receipt_minor, row.currency)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"title": _("Statements of networks"), **(extra_context or {})}
        return super().changelist_view(request, more)

    def story(self, request: HttpRequest, statement: Statement) -> HttpResponse:
        if statement.state == Statement.State.DRAFT:
            return self.preview_page(request, statement)
        return self._detail(request, statement)

    # Its lines -----------------------------------------------------------------------

    def _detail(
        self,
        request: HttpRequest,
        statement: Statement,
        *,
        totals: TotalsForm | None = None,
        wrong: dict[str, str] | None = None,
    ) -> HttpResponse:
        return self.answer(
            request,
            statement,
            "statement_detail",
            title_of(statement),
            status=422 if totals or wrong else 200,
            totals=totals or TotalsForm(statement=statement),
            wrong=wrong or {},
            **page_of(statement, request.GET, reader=who(request)),
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button of the page, by its name."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Statement.objects.select_related("network", "imported_by", "approved_by")
        statement = get_object_or_404(rows, pk=pk)
        deed: dict[str, Any] = {"statement": statement, "by": who(request)}
        match request.POST.get("decision"):
            case "totals":
                return self._set_totals(request, statement)
            case "compare":
                attempt(request, _("Compared again."), compare_again, **deed)
            case "cancel":
                attempt(request, _("Cancelled."), cancel_statement, **deed)
            case "approve":
                seen = primary_key(posted(request, "version"))
                told = _("Approved.")
                if attempt(request, told, approve_statement, **deed, version=seen):
                    last = approve_matched(**deed, budget_s=BUDGET_S)
                    if last is not None:
                        tasks.approve_lines.delay_on_commit(pk, last)
            case "again":
                told = _("What is ready by now is approved.")
                attempt(request, told, try_again, **deed, budget_s=BUDGET_S)
            case _:
                messages.error(request, _("Choose what to decide."))
        return redirect("admin:commerce_statement_change", pk)

    def _set_totals(self, request: HttpRequest, statement: Statement) -> HttpResponse:
        form = TotalsForm(request.POST, statement=statement)
        if not form.is_valid():
            return self._detail(request, statement, totals=form)
        attempt(
            request,
            _("The totals are kept."),
            set_totals,
            statement=statement,
            declared_minor=form.cleaned_data["declared"],
            receipt_minor=form.cleaned_data["receipt"],
            by=who(request),
        )
        return redirect("admin:commerce_statement_change", statement.pk)

    def resolve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The lines that were ticked, or all that the filter leaves, for one reason."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_rights(request):
            raise PermissionDenied
        rows = Statement.objects.select_related("network", "imported_by", "approved_by")
        statement = get_object_or_404(rows, pk=pk)
        action, reason = posted(request, "action"), posted(request, "reason")[:300]
        ticked = _ticked(request)
        if "all" in request.POST:
            found = chosen_lines(statement, request.GET).open()
            ticked = [(key, None) for key in found.values_list("pk", flat=True)]
        wrong = {}
        if not ticked:
            wrong["lines"] = _("Tick the lines that you mean.")
        if not action:
            wrong["action"] = _("Choose what becomes of them.")
        if not reason:
            wrong["reason"] = _("Give a reason. The other reviewer will read it.")
        if wrong:
            return self._detail(request, statement, wrong=wrong)
        self._resolve(request, statement, ticked[:MOST_AT_ONCE], action, reason)
        here = reverse("admin:commerce_statement_change", args=[pk])
        query = request.GET.urlencode()
        return redirect(f"{here}?{query}#lines" if query else f"{here}#lines")

    def _resolve(
        self,
        request: HttpRequest,
        statement: Statement,
        ticked: list[tuple[int, int | None]],
        action: str,
        reason: str,
    ) -> None:
        by, order_line_id = who(request), posted(request, "order_line")[:64]
        if order_line_id and len(ticked) == 1:
            (key, version) = ticked[0]
            attempt(
                request,
                _("Resolved."),
                resolve_line,
                line=get_object_or_404(statement.lines, pk=key),
                action=action,
                reason=reason,
                by=by,
                version=version,
                order_line_id=order_line_id,
            )
            return
        done, refused = resolve_lines(
            statement=statement, lines=ticked, action=action, reason=reason, by=by
        )
        for line_id, why in refused:
            messages.error(request, f"{line_id}: {why}")
        if done:
            told = ngettext("%(n)d line resolved.", "%(n)d lines resolved.", done)
            messages.success(request, told % {"n": done})

    def has_change_rights(self, request: HttpRequest) -> bool:
        """Nothing is edited in Django's own form, and so it says no (StoryAdmin)."""
        return request.user.has_perm("commerce.change_statement")

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "commerce_statement_"
        own = [
            path("<int:pk>/preview/", view(self.preview), name=f"{name}preview"),
            path("<int:pk>/decide/", view(self.decide), name=f"{name}decide"),
            path("<int:pk>/resolve/", view(self.resolve), name=f"{name}resolve"),
            path("<int:pk>/file.csv", view(self.file), name=f"{name}file"),
        ]
        return [*own, *super().get_urls()]


def _amount(minor: int | None, currency: str) -> SafeString:
    shown = "—" if minor is None else money_shown(minor, currency, exact=True)
    return format_html('<span class="number">{}</span>', shown)


def _ticked(request: HttpRequest) -> list[tuple[int, int | None]]:
    """Keys with the version that was on the screen."""
    ticked: list[tuple[int, int | None]] = []
    for text in request.POST.getlist("line"):
        key, _dash, version = text.partition("-")
        if (pk := primary_key(key)) is not None:
            ticked.append((pk, primary_key(version)))
    return ticked
