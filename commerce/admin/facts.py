"""What was seen, decided and booked: to be read, not to be changed. Discrepancies are
resolved with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from commerce.actions.discrepancies import resolve_discrepancy
from commerce.admin.base import CommerceAdmin, ReadOnlyAdmin, attempt, who
from commerce.admin.filters import CurrencyFilter
from commerce.models import (
    Account,
    Attribution,
    Click,
    Commission,
    Discrepancy,
    Entry,
    Journal,
    Observation,
    OrderLine,
)
from commerce.money import money_shown

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


@admin.display(description=gettext_lazy("amount"))
def amount(row: Entry | Account) -> SafeString:
    shown = row.amount_minor if isinstance(row, Entry) else row.balance_minor
    return format_html(
        '<span class="number">{}</span>', money_shown(shown, row.currency, exact=True)
    )


class EntryInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Entry
    fields = ["account", "currency", "amount_minor"]
    readonly_fields = ["account", "currency", "amount_minor"]
    extra = 0
    can_delete = False

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).select_related("account")


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    list_display = [
        "key",
        "kind",
        "commission",
        "payout",
        "by",
        "event_at",
        "posted_at",
    ]
    list_filter = ["kind", "period"]
    list_select_related = ["commission", "payout", "by"]
    search_fields = ["key__exact"]
    ordering = ["-pk"]
    inlines = [EntryInline]


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ["journal", "account", amount]
    list_filter = ["account__kind", CurrencyFilter]
    list_select_related = ["journal", "account"]
    search_fields = ["journal__key", "=account__key"]
    ordering = ["-pk"]


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "user", amount]
    list_filter = ["kind", CurrencyFilter]
    list_select_related = ["user"]
    search_fields = ["=key", "=user__username"]
    ordering = ["-pk"]


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    list_display = ["line_id", "network", "source", "outcome", "code", "received_at"]
    list_filter = ["outcome", "source", "network"]
    list_select_related = ["network"]
    search_fields = ["=line_id", "=event_id"]
    ordering = ["-pk"]


@admin.register(Click)
class ClickAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "programme",
        "beneficiary",
        "occurred_at",
        "is_qualified",
        "reason",
        "marks",
        "rate_bp",
    ]
    list_filter = ["is_qualified", "reason", "programme"]
    list_select_related = ["programme", "beneficiary"]
    search_fields = ["=id", "=link__token", "=beneficiary__username"]
    ordering = ["-pk"]


@admin.register(Attribution)
class AttributionAdmin(ReadOnlyAdmin):
    list_display = [
        "line",
        "version",
        "basis",
        "reason",
        "beneficiary",
        "is_self_purchase",
        "is_current",
        "decided_at",
    ]
    list_filter = ["basis", "is_self_purchase", "is_current"]
    list_select_related = ["line", "beneficiary"]
    search_fields = ["=line__line_id", "=beneficiary__username"]
    ordering = ["-pk"]


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    list_display = [
        "line_id",
        "order_id",
        "programme",
        "status",
        "paid",
        "refunded",
        "created_at",
        "story",
    ]
    list_filter = ["status", "programme", CurrencyFilter]
    list_select_related = ["programme", "commission"]
    search_fields = ["=line_id", "=order_id"]
    ordering = ["-pk"]
    change_form_template = "admin/commerce/orderline_form.html"

    @admin.display(description=pgettext_lazy("by the buyer", "paid"))
    def paid(self, row: OrderLine) -> str:
        return money_shown(row.paid_minor, row.currency, exact=True)

    @admin.display(description=gettext_lazy("refunded"))
    def refunded(self, row: OrderLine) -> str:
        return money_shown(row.refunded_minor, row.currency, exact=True)

    @admin.display(description=gettext_lazy("commission"))
    def story(self, row: OrderLine) -> SafeString | str:
        try:
            pk = row.commission.pk
        except Commission.DoesNotExist:
            return "—"
        link = reverse("admin:commerce_commission_change", args=[pk])
        return format_html(
            '<a href="{}">{}</a>', link, row.commission.get_state_display()
        )


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Discrepancy]
    ) -> list[tuple[str, str | StrPromise]]:
        return [("yes", gettext_lazy("open")), ("no", gettext_lazy("resolved"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Discrepancy]
    ) -> QuerySet[Discrepancy]:
        if self.value() in ("yes", "no"):
            return queryset.filter(resolved_at__isnull=self.value() == "yes")
        return queryset


@admin.register(Discrepancy)
class DiscrepancyAdmin(CommerceAdmin):
    list_display = [
        "kind",
        "line",
        "delta_minor",
        "opened_at",
        "resolved_at",
        "resolver",
    ]
    list_filter = [OpenFilter, "kind"]
    list_select_related = ["line", "resolver"]
    search_fields = ["=line__line_id", "=line__order_id"]
    ordering = ["-pk"]
    actions = None
    actions_on_bottom = True
    fields = [
        "kind",
        "line",
        "observation",
        "delta_minor",
        "note",
        "opened_at",
        "resolution",
        "resolved_at",
        "resolver",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        is_resolved = isinstance(obj, Discrepancy) and obj.resolved_at is not None
        return not is_resolved and super().has_change_permission(request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> list[str]:
        return [str(name) for name in self.fields if name != "resolution"]

    def save_model(
        self, request: HttpRequest, obj: Discrepancy, form: Form, change: bool
    ) -> None:
        """By the action: it releases what the discrepancy held."""
        attempt(
            request,
            "",
            resolve_discrepancy,
            discrepancy=obj,
            resolution=obj.resolution,
            by=who(request),
        )

    def response_change(self, request: HttpRequest, obj: Discrepancy) -> HttpResponse:
        obj.refresh_from_db()
        if obj.resolved_at:
            return super().response_change(request, obj)
        messages.warning(request, gettext_lazy("It is still open."))
        return self.response_post_save_change(request, obj)
