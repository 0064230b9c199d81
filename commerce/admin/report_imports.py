"""Reports of networks by file: uploaded, looked at, confirmed, followed to the end."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import tasks
from commerce.actions.report_imports import (
    ReportKnown,
    advance,
    confirm_report,
    discard_report,
    try_report_again,
    upload_report,
)
from commerce.actions.report_pages import REFUND
from commerce.admin.base import StoryAdmin, attempt, badge, who
from commerce.admin.paging import NEWEST_FIRST
from commerce.exceptions import CommerceError
from commerce.models import Network, OrderStatus, ReportImport
from commerce.networks.tables import MOST_BYTES
from commerce.refusals import refusal_shown

# So long a page waits for what a worker would do as well, and for so many rows at all.
BUDGET_S = 3
ROWS_AT_ONCE = 2000
RELOAD_S = 3

State = ReportImport.State
# In the colours that the desk has for them.
_BADGES = {State.CHECKED: "draft", State.DONE: "booked", State.FAILED: "failed"}


class ReportForm(forms.Form):
    network = forms.ModelChoiceField(
        Network.objects.filter(is_active=True).order_by("name"),
        label=gettext_lazy("Network"),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "CSV as the network exports it, at most 100 MB and 200,000 rows; or JSON as"
            " its API answers."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.json,text/csv"}),
    )

    def clean_file(self) -> UploadedFile:
        sent: UploadedFile = self.cleaned_data["file"]
        if sent.size is not None and sent.size > MOST_BYTES:
            told = _("The file is larger than 100 MB. Send it in parts.")
            raise ValidationError(told)
        return sent


@admin.register(ReportImport)
class ReportImportAdmin(StoryAdmin):
    list_display = ["title", "state_shown", "rows", "refusals", "uploaded_by"]
    list_filter = ["network", "state"]
    list_select_related = ["network", "uploaded_by"]
    ordering = NEWEST_FIRST
    actions = None
    change_list_template = "admin/commerce/report_list.html"

    @admin.display(description=gettext_lazy("report"))
    def title(self, row: ReportImport) -> SafeString:
        return format_html(
            '{}<small class="under">{} · {}</small>',
            row.name,
            row.network.name,
            f"{row.uploaded_at:%Y-%m-%d %H:%M}",
        )

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: ReportImport) -> SafeString:
        return badge(row.get_state_display(), _badge_of(row))

    @admin.display(description=gettext_lazy("rows"))
    def rows(self, row: ReportImport) -> SafeString:
        told = _("%(n)d new, %(m)d changed")
        under = told % {"n": row.new_count, "m": row.changed_count}
        return format_html(
            '<span class="number">{}</span><small class="under">{}</small>',
            row.row_count,
            under,
        )

    @admin.display(description=gettext_lazy("refused"))
    def refusals(self, row: ReportImport) -> SafeString:
        return format_html('<span class="number">{}</span>', row.refused_count or "—")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"title": _("Reports by file"), **(extra_context or {})}
        return super().changelist_view(request, more)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ReportForm(request.POST or None, request.FILES or None, label_suffix="")
        known = None
        if request.method == "POST" and form.is_valid():
            sent = form.cleaned_data["file"]
            try:
                report = upload_report(
                    network=form.cleaned_data["network"],
                    name=sent.name or "",
                    content=sent.read(),
                    by=who(request),
                )
                _go_on(report)
                return redirect("admin:commerce_reportimport_change", report.pk)
            except ReportKnown as error:
                known = error.report
                form.add_error("file", str(error.for_user))
            except CommerceError as error:
                form.add_error("file", str(error.for_user))
        page = self.story_page(
            request,
            None,
            "admin/commerce/report_upload.html",
            _("Import a report"),
            form=form,
            known=known,
        )
        page.status_code = 422 if form.is_bound else 200
        return page

    def story(self, request: HttpRequest, report: ReportImport) -> HttpResponse:
        return self.story_page(
            request,
            report,
            "admin/commerce/report_import.html",
            _("Report of %(network)s") % {"network": report.network.name},
            report=report,
            badge_of=_badge_of(report),
            reload_s=RELOAD_S if report.is_at_work else None,
            sums=[(cur, *sums) for cur, sums in sorted(report.sums.items())],
            outcomes=_outcomes_of(report),
            refused=[(n, refusal_shown(reason)) for n, reason in report.refused],
            rows=[_row_shown(row) for row in report.first_rows],
            taken=report.row_count - report.refused_count,
            can_decide=self.has_add_permission(request),
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button of the page, by its name."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        report = get_object_or_404(ReportImport, pk=pk)
        deed: dict[str, Any] = {"report": report, "by": who(request)}
        match request.POST.get("decision"):
            case "confirm":
                if attempt(request, "", confirm_report, **deed):
                    _go_on(report)
            case "discard":
                if attempt(request, _("Thrown away."), discard_report, **deed):
                    return redirect("admin:commerce_reportimport_changelist")
            case "again":
                if attempt(request, "", try_report_again, **deed):
                    tasks.read_report.delay_on_commit(report.pk)
            case _:
                messages.error(request, _("Choose what to decide."))
        return redirect("admin:commerce_reportimport_change", pk)

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        name = "commerce_reportimport_decide"
        return [path("<int:pk>/decide/", decide, name=name), *super().get_urls()]


def _go_on(report: ReportImport) -> None:
    """A short file is read while its sender waits."""
    is_short = report.row_count <= ROWS_AT_ONCE
    if not (is_short and advance(report=report, budget_s=BUDGET_S)):
        tasks.read_report.delay_on_commit(report.pk)


def _badge_of(report: ReportImport) -> str:
    return _BADGES.get(State(report.state), "matching")


def _outcomes_of(report: ReportImport) -> list[tuple[int, str]]:
    told = {
        "applied": _("written into their order lines"),
        "duplicate": _("known before, changed nothing"),
        "parked": _("wait for their order or click, or for an unknown status"),
        "rejected": _("contradict what we know: see the discrepancies"),
    }
    return [(report.outcomes[key], told[key]) for key in told if key in report.outcomes]


def _row_shown(row: list[Any]) -> dict[str, Any]:
    number, line, order, status, amount, commission, click, wrong = row
    labels: dict[str, Any] = {**dict(OrderStatus.choices), REFUND: _("refund")}
    return {
        "number": number,
        "cells": [line, order, labels.get(status, status)],
        "amounts": [amount, commission],
        "click": click,
        "wrong": refusal_shown(wrong) if wrong else "",
    }
