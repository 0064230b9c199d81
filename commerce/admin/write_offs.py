"""Old debts: one reviewer asks to write one off, another one decides."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.actions.write_offs import (
    approve_write_off,
    refuse_write_off,
    request_write_off,
    why_not_approve_write_off,
    why_not_write_off,
)
from commerce.admin.base import StoryAdmin, attempt, badge, posted, primary_key, who
from commerce.debts import debts
from commerce.exceptions import CommerceError
from commerce.models import WriteOff
from commerce.money import money_shown
from users.models import User


@admin.register(WriteOff)
class WriteOffAdmin(StoryAdmin):
    list_display = [
        "person",
        "amount",
        "state_shown",
        "created_by",
        "approved_by",
        "created_at",
    ]
    list_filter = ["state"]
    list_select_related = ["user", "created_by", "approved_by"]
    search_fields = ["=user__username"]
    ordering = ["-pk"]
    actions = None

    @admin.display(description=gettext_lazy("person"))
    def person(self, row: WriteOff) -> str:
        return row.user.username

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: WriteOff) -> SafeString:
        shown = money_shown(row.amount_minor, row.currency, exact=True)
        return format_html('<span class="number"><b>{}</b></span>', shown)

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: WriteOff) -> SafeString:
        return badge(row.get_state_display(), row.state)

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        own = [path("<int:pk>/decide/", decide, name="commerce_writeoff_decide")]
        return [*own, *super().get_urls()]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All debts, the oldest first, and what stands against writing one off."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._ask(request)
        by = who(request)
        waiting = {
            (row.user_id, row.currency): row.pk
            for row in WriteOff.objects.filter(state=WriteOff.State.REQUESTED)
        }
        rows = [
            {
                "debt": debt,
                "refusal": why_not_write_off(debt, by=by),
                "waiting": waiting.get((debt.user.pk, debt.currency)),
            }
            for debt in debts()
        ]
        return self.story_page(
            request,
            None,
            "admin/commerce/debts.html",
            _("Debts"),
            rows=rows,
            days=settings.WRITE_OFF_AFTER_DAYS,
        )

    def _ask(self, request: HttpRequest) -> HttpResponse:
        pk = primary_key(posted(request, "user")) or 0
        person = User.objects.filter(pk=pk).first()
        if person is None:
            messages.error(request, _("Nothing is owed here."))
            return redirect("admin:commerce_writeoff_add")
        try:
            row = request_write_off(
                user=person,
                currency=posted(request, "currency")[:3],
                by=who(request),
                reason=posted(request, "reason"),
            )
        except CommerceError as error:
            messages.error(request, str(error.for_user))
            return redirect("admin:commerce_writeoff_add")
        messages.success(request, _("Asked for. Another reviewer decides now."))
        return redirect("admin:commerce_writeoff_change", row.pk)

    def story(self, request: HttpRequest, row: WriteOff) -> HttpResponse:
        is_open = row.state == WriteOff.State.REQUESTED
        by = who(request)
        return self.story_page(
            request,
            row,
            "admin/commerce/write_off_detail.html",
            _("Write-off of a debt of %(person)s") % {"person": row.user.username},
            is_open=is_open,
            refusal=why_not_approve_write_off(row, by=by) if is_open else "",
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row, by = get_object_or_404(WriteOff, pk=pk), who(request)
        decision = request.POST.get("decision")
        if decision == "approve":
            attempt(request, _("Written off."), approve_write_off, write_off=row, by=by)
        elif decision == "refuse":
            attempt(
                request,
                _("Refused; it stays a debt."),
                refuse_write_off,
                write_off=row,
                by=by,
            )
        return redirect("admin:commerce_writeoff_change", pk)
