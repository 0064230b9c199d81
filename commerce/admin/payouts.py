"""Batches of payouts: one prepares, another approves, the bank answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.actions.bank_files import (
    answers_of,
    apply_bank_file,
    counts_of,
    keep_bank_file,
)
from commerce.actions.payouts import (
    approve_batch,
    cancel_batch,
    export_batch,
    mark_failed,
    mark_paid,
    prepare_batch,
    why_not_approve_batch,
)
from commerce.admin.base import (
    StoryAdmin,
    attempt,
    badge,
    posted,
    primary_key,
    who,
)
from commerce.bank_answers import DOES_SHOWN, MOST_BYTES, Does, Judged
from commerce.exceptions import CommerceError
from commerce.models import Account, BankFile, Payout, PayoutBatch
from commerce.money import money_shown


class BatchWithSums(PayoutBatch):
    """What `get_queryset` annotates, said once for the type checker."""

    payout_count: int
    total: int | None

    class Meta:
        abstract = True


@admin.register(PayoutBatch)
class PayoutBatchAdmin(StoryAdmin):
    list_display = [
        "number",
        "state_shown",
        "people",
        "amount",
        "created_by",
        "approved_by",
        "created_at",
    ]
    list_filter = ["state", "currency"]
    list_select_related = ["created_by", "approved_by"]
    ordering = ["-pk"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutBatch]:
        rows: QuerySet[PayoutBatch] = super().get_queryset(request)
        return rows.annotate(
            payout_count=Count("payouts"), total=Sum("payouts__amount_minor")
        )

    @admin.display(description=gettext_lazy("batch"), ordering="pk")
    def number(self, row: PayoutBatch) -> str:
        return f"#{row.pk}"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_shown(self, row: PayoutBatch) -> SafeString:
        return badge(row.get_state_display(), row.state)

    @admin.display(description=gettext_lazy("people"))
    def people(self, row: BatchWithSums) -> int:
        return row.payout_count

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: BatchWithSums) -> SafeString:
        shown = money_shown(row.total or 0, row.currency, exact=True)
        return format_html('<span class="number"><b>{}</b></span>', shown)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/decide/", view(self.decide), name="commerce_batch_decide"),
            path("<int:pk>/bank.csv", view(self.export), name="commerce_batch_export"),
            path("<int:pk>/answers/", view(self.upload), name="commerce_batch_answers"),
            path(
                "<int:pk>/answers/<int:file_pk>/",
                view(self.answers),
                name="commerce_batch_answer",
            ),
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Which currency; then the list is made and frozen."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        owed = _owed_by_currency()
        if request.method == "POST":
            currency = posted(request, "currency")
            if currency not in {row["currency"] for row in owed}:
                messages.error(request, _("Choose a currency."))
                return redirect("admin:commerce_payoutbatch_add")
            try:
                batch = prepare_batch(currency=currency, by=who(request))
            except CommerceError as error:
                messages.error(request, str(error.for_user))
                return redirect("admin:commerce_payoutbatch_add")
            messages.success(request, _("Prepared. Another reviewer approves it now."))
            return redirect("admin:commerce_payoutbatch_change", batch.pk)
        template = "admin/commerce/batch_prepare.html"
        title = _("Prepare a payout batch")
        return self.story_page(request, None, template, title, owed=owed)

    def story(self, request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
        return self._detail(request, batch)

    def _detail(
        self, request: HttpRequest, batch: PayoutBatch, *, file_error: str = ""
    ) -> HttpResponse:
        payouts = batch.payouts.select_related("user")
        page = self.story_page(
            request,
            batch,
            "admin/commerce/batch_detail.html",
            _("Payout batch %(number)s") % {"number": f"#{batch.pk}"},
            batch=batch,
            payouts=payouts.prefetch_related("lines__share__commission__line").order_by(
                "pk"
            ),
            refusal=why_not_approve_batch(batch, by=who(request)),
            can_approve=request.user.has_perm("commerce.approve_payoutbatch"),
            can_change=request.user.has_perm("commerce.change_payoutbatch"),
            bank_files=batch.bank_files.select_related(
                "uploaded_by", "applied_by"
            ).order_by("pk"),
            file_error=file_error,
        )
        page.status_code = 422 if file_error else 200
        return page

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch, by = get_object_or_404(PayoutBatch, pk=pk), who(request)
        decision = request.POST.get("decision")
        if decision == "approve":
            attempt(request, _("Approved."), approve_batch, batch=batch, by=by)
        elif decision == "cancel":
            attempt(request, _("Cancelled."), cancel_batch, batch=batch, by=by)
        elif decision in ("paid", "failed"):
            self._answer(request, batch, decision)
        return redirect("admin:commerce_payoutbatch_change", pk)

    def _answer(self, request: HttpRequest, batch: PayoutBatch, answer: str) -> None:
        """What the bank says about one payout."""
        pk = primary_key(posted(request, "payout"))
        payout = get_object_or_404(Payout, pk=pk, batch=batch)
        text = posted(request, "text")
        by = who(request)
        if answer == "paid":
            attempt(
                request,
                _("Marked as paid."),
                mark_paid,
                payout=payout,
                by=by,
                external_ref=text,
            )
        else:
            attempt(
                request,
                _("Marked as failed; it is owed again."),
                mark_failed,
                payout=payout,
                by=by,
                note=text,
            )

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By POST: from the first export on a batch cannot be cancelled."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = get_object_or_404(PayoutBatch, pk=pk)
        try:
            text = export_batch(batch=batch, by=who(request))
        except CommerceError as error:
            messages.error(request, str(error.for_user))
            return redirect("admin:commerce_payoutbatch_change", pk)
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="batch-{pk}.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def upload(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bank's file is kept and shown; nothing moves before it is applied."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = get_object_or_404(self.get_queryset(request), pk=pk)
        if not request.user.has_perm("commerce.change_payoutbatch"):
            raise PermissionDenied
        sent = request.FILES.get("file")
        if not isinstance(sent, UploadedFile):
            return self._detail(request, batch, file_error=_("Choose the bank's file."))
        content = sent.read(MOST_BYTES + 1)
        try:
            kept = keep_bank_file(batch=batch, content=content, by=who(request))
        except CommerceError as error:
            return self._detail(request, batch, file_error=str(error.for_user))
        return redirect("admin:commerce_batch_answer", pk, kept.pk)

    def answers(self, request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
        """What each row of the file does; then it is done."""
        if not request.user.has_perm("commerce.change_payoutbatch"):
            raise PermissionDenied
        batch = get_object_or_404(PayoutBatch, pk=pk)
        kept = get_object_or_404(BankFile, pk=file_pk, batch=batch)
        if request.method == "POST":
            tell_outcome(request, apply_bank_file(bank_file=kept, by=who(request)))
            return redirect("admin:commerce_batch_answer", pk, file_pk)
        rows = answers_of(kept)
        counts = counts_of(rows)
        return self.story_page(
            request,
            batch,
            "admin/commerce/bank_file.html",
            _("The bank's answers about batch %(number)s") % {"number": f"#{pk}"},
            batch=batch,
            kept=kept,
            rows=rows,
            counts=[(shown, counts[does]) for does, shown in DOES_SHOWN.items()],
            moves=counts[Does.PAYS] + counts[Does.RETURNS],
        )


def tell_outcome(request: HttpRequest, rows: Sequence[Judged]) -> None:
    counts = counts_of(rows)
    told = _("%(paid)d paid, %(back)d came back, %(unknown)d unknown, %(unfit)d unfit.")
    numbers = {
        "paid": counts[Does.PAYS],
        "back": counts[Does.RETURNS],
        "unknown": counts[Does.STAYS],
        "unfit": counts[Does.UNFIT],
    }
    say = messages.warning if counts[Does.UNFIT] else messages.success
    say(request, told % numbers)


def _owed_by_currency() -> list[dict[str, Any]]:
    """Credits alone: a debt of one person lessens nobody else's money."""
    owed = Account.objects.filter(kind=Account.Kind.PAYABLE, balance_minor__lt=0)
    rows = owed.values("currency").annotate(
        people=Count("pk"), minor=Sum("balance_minor")
    )
    return [
        {**row, "amount": money_shown(-row["minor"], row["currency"], exact=True)}
        for row in rows.order_by("currency")
    ]
