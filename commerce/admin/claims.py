"""Claims of orders that name nobody: what our clicks say, and a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.actions.order_claims import (
    grant_claim,
    is_claimable,
    lines_of,
    refuse_claim,
    why_not_grant,
)
from commerce.admin.base import StoryAdmin, attempt, badge, posted, primary_key, who
from commerce.claim_evidence import Candidate, candidates_of
from commerce.models import OrderClaim, OrderLine

State, Evidence = OrderClaim.State, OrderClaim.Evidence
BADGES = {State.OPEN: "requested", State.GRANTED: "approved", State.REFUSED: "refused"}
EVIDENCE_BADGES = {Evidence.STRONG: "approved", Evidence.WEAK: "hold"}
MOST_LINES = 50  # of one order


class ClaimQueueFilter(admin.SimpleListFilter):
    """What waits for a decision comes first; the rest is one click away."""

    title = gettext_lazy("queue")
    parameter_name = "queue"
    default = "open"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[OrderClaim]
    ) -> list[tuple[str, str]]:
        return [
            ("open", _("Open")),
            ("ready", _("Open, order is known")),
            ("waiting", _("Open, order is not known yet")),
            ("decided", _("Decided")),
            ("all", _("All")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:  # dicts of Django's own
        chosen = self.value() or self.default
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            is_chosen = chosen == str(value)
            yield {"selected": is_chosen, "query_string": query, "display": title}

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OrderClaim]
    ) -> QuerySet[OrderClaim]:
        match self.value() or self.default:
            case "open":
                return queryset.filter(state=State.OPEN)
            case "ready":
                return queryset.filter(state=State.OPEN, weighed_at__isnull=False)
            case "waiting":
                return queryset.filter(state=State.OPEN, weighed_at=None)
            case "decided":
                return queryset.exclude(state=State.OPEN)
        return queryset


@dataclass
class ClaimedLine:
    """A line of the claimed order, and what speaks for whom."""

    line: OrderLine
    can_be_given: bool
    clicks: list[Candidate]


@admin.register(OrderClaim)
class OrderClaimAdmin(StoryAdmin):
    list_display = [
        "order",
        "person",
        "evidence",
        "state_shown",
        "decided_by",
        "created_at",
    ]
    list_filter = [ClaimQueueFilter, "evidence_level", "programme"]
    list_select_related = ["user", "programme", "decided_by"]
    search_fields = ["=order_no", "=user__username"]
    search_help_text = gettext_lazy("Order number or user name, in full")
    ordering = ["-pk"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=gettext_lazy("order"))
    def order(self, row: OrderClaim) -> SafeString:
        return format_html(
            '<span class="number">{}</span><small class="under">{}</small>',
            row.order_no,
            row.programme.name,
        )

    @admin.display(description=gettext_lazy("claimed by"))
    def person(self, row: OrderClaim) -> str:
        return row.user.username

    @admin.display(description=gettext_lazy("evidence"))
    def evidence(self, row: OrderClaim) -> SafeString | str:
        if row.weighed_at is None:
            return _("the order is not known yet")
        return _evidence_badge(row)

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: OrderClaim) -> SafeString:
        return badge(row.get_state_display(), BADGES.get(State(row.state), row.state))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"title": _("Order claims"), **(extra_context or {})}
        return super().changelist_view(request, more)

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        own = [path("<int:pk>/decide/", decide, name="commerce_orderclaim_decide")]
        return [*own, *super().get_urls()]

    def story(self, request: HttpRequest, claim: OrderClaim) -> HttpResponse:
        return self.story_page(
            request,
            claim,
            "admin/commerce/claim_detail.html",
            _("Claim of order %(order)s") % {"order": claim.order_no},
            claim=claim,
            state=self.state_shown(claim),
            evidence=self.evidence(claim),
            lines=_lines_of(claim),
            rivals=_rivals_of(claim),
            is_open=claim.state == State.OPEN,
            refusal=why_not_grant(claim, by=who(request)),
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        claim, by = get_object_or_404(OrderClaim, pk=pk), who(request)
        reason = posted(request, "reason")
        match request.POST.get("decision"):
            case "grant":
                chosen = [primary_key(key) for key in request.POST.getlist("line")]
                attempt(
                    request,
                    _("Granted."),
                    grant_claim,
                    claim=claim,
                    by=by,
                    reason=reason,
                    lines=[key for key in chosen if key is not None],
                )
            case "refuse":
                attempt(
                    request,
                    _("Refused."),
                    refuse_claim,
                    claim=claim,
                    by=by,
                    reason=reason,
                )
            case _:
                messages.error(request, _("Choose what to decide."))
        return redirect("admin:commerce_orderclaim_change", pk)


def _lines_of(claim: OrderClaim) -> list[ClaimedLine]:
    return [
        ClaimedLine(line, is_claimable(line), candidates_of(claim.user, line))
        for line in lines_of(claim).order_by("pk")[:MOST_LINES]
    ]


def _rivals_of(claim: OrderClaim) -> list[tuple[OrderClaim, SafeString]]:
    """Others who claim the same order, with what speaks for them."""
    rows = OrderClaim.objects.filter(network=claim.network_id, order_no=claim.order_no)
    others = rows.exclude(pk=claim.pk).select_related("user").order_by("pk")
    return [(row, _evidence_badge(row)) for row in others[:MOST_LINES]]


def _evidence_badge(row: OrderClaim) -> SafeString:
    kind = EVIDENCE_BADGES.get(Evidence(row.evidence_level), "none")
    return badge(row.get_evidence_level_display(), kind)
