"""Cases of what looks like fraud: the evidence in words, what is held, a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.actions.cases import clear, uphold, why_not_decide_case
from commerce.admin.base import (
    ReadOnlyAdmin,
    StoryAdmin,
    attempt,
    badge,
    posted,
    primary_key,
    who,
)
from commerce.models import RiskCase, RiskRule, RiskSignal
from commerce.money import money_shown

State = RiskCase.State
BADGES = {
    State.OPEN: "requested",
    State.APPEALED: "hold",
    State.CLEARED: "approved",
    State.UPHELD: "refused",
}
MOST_SIGNALS = 100
# What the numbers of a rule's evidence mean, as one sentence each.
TOLD = {
    RiskRule.VELOCITY: gettext_lazy("%(clicks)s clicks in one minute."),
    RiskRule.SHARED_VISITOR: gettext_lazy(
        "%(browsers)s browsers click again and again for three people or more."
    ),
    RiskRule.QUICK_ORDERS: gettext_lazy(
        "%(orders)s of %(of)s orders came within three seconds of their click."
    ),
    RiskRule.CLUSTERED: gettext_lazy(
        "%(orders)s of %(of)s orders came just as long after their click."
    ),
    RiskRule.SELF_PURCHASE: gettext_lazy(
        "%(orders)s of %(of)s orders look like the person's own."
    ),
    RiskRule.SHARED_PLACE: gettext_lazy(
        "%(people)s others are paid to the same place."
    ),
    RiskRule.NO_REFERER: gettext_lazy(
        "%(clicks)s of %(of)s clicks do not say where they come from."
    ),
    RiskRule.STUFFING: gettext_lazy(
        "%(clicks)s of %(of)s clicks were made by no person."
    ),
    RiskRule.REFUNDS: gettext_lazy(
        "%(orders)s of %(of)s orders were returned; %(usual_percent)s %% are usual."
    ),
    RiskRule.FORGED_REF: gettext_lazy("%(orders)s orders name clicks that never were."),
}


def told(signal: RiskSignal) -> str:
    text = str(TOLD[RiskRule(signal.rule)])
    return str(text % signal.evidence)


@dataclass(frozen=True)
class Held:
    """A commission that the case holds, as its line is shown."""

    pk: int
    line_id: str
    item: str
    state: SafeString
    amount: str


@admin.register(RiskCase)
class RiskCaseAdmin(StoryAdmin):
    list_display = ["case", "state_shown", "rules", "held_shown", "opened_at"]
    list_filter = ["state"]
    list_select_related = ["person"]
    search_fields = ["=person__username"]
    search_help_text = gettext_lazy("User name, in full")
    ordering = ["-state", "-pk"]  # open ones, then those appealed, first
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskCase]:
        rows = super().get_queryset(request)
        return rows.prefetch_related("person__risk_signals", "held__commission")

    @admin.display(description=gettext_lazy("person"))
    def case(self, row: RiskCase) -> str:
        return row.person.username

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_shown(self, row: RiskCase) -> SafeString:
        return badge(row.get_state_display(), BADGES[State(row.state)])

    @admin.display(description=gettext_lazy("signals"))
    def rules(self, row: RiskCase) -> str:
        found = {signal.get_rule_display() for signal in row.person.risk_signals.all()}
        return ", ".join(sorted(found))

    @admin.display(description=gettext_lazy("held"))
    def held_shown(self, row: RiskCase) -> SafeString:
        sums: dict[str, int] = {}
        for held in row.held.all():
            one = held.commission
            sums[one.currency] = sums.get(one.currency, 0) + one.net_minor
        shown = [money_shown(sums[name], name, exact=True) for name in sorted(sums)]
        return format_html('<span class="number">{}</span>', ", ".join(shown) or "—")

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        own = [path("<int:pk>/decide/", decide, name="commerce_riskcase_decide")]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = primary_key(object_id)
        rows = RiskCase.objects.select_related("person", "decided_by", "heard_by")
        case = pk and rows.filter(pk=pk).first()
        if not case:
            return self.missing(request, object_id)
        signals = case.person.risk_signals.order_by("-pk")[:MOST_SIGNALS]
        return self.story_page(
            request,
            case,
            "admin/commerce/case_detail.html",
            _("Case of %(name)s") % {"name": case.person.username},
            case=case,
            state=self.state_shown(case),
            signals=[(signal, told(signal)) for signal in signals],
            held=_held_by(case),
            events=case.events.select_related("by"),
            refusal=why_not_decide_case(case, by=who(request)),
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        case, by = get_object_or_404(RiskCase, pk=pk), who(request)
        deeds: dict[str, tuple[Callable[..., RiskCase], str]] = {
            "clear": (clear, _("Cleared.")),
            "uphold": (uphold, _("Upheld.")),
        }
        chosen = deeds.get(posted(request, "decision"))
        if chosen:
            deed, done = chosen
            reason = posted(request, "reason")
            attempt(request, done, deed, case=case, by=by, reason=reason)
        return redirect("admin:commerce_riskcase_change", pk)


@admin.register(RiskSignal)
class RiskSignalAdmin(ReadOnlyAdmin):
    list_display = ["rule", "person", "sentence", "score", "window"]
    list_filter = ["rule"]
    list_select_related = ["person"]
    search_fields = ["=person__username"]
    ordering = ["-pk"]

    @admin.display(description=gettext_lazy("evidence"))
    def sentence(self, row: RiskSignal) -> str:
        return told(row)


def _held_by(case: RiskCase) -> list[Held]:
    rows = case.held.select_related("commission__line__product").order_by("pk")
    return [
        Held(
            held.commission.pk,
            held.commission.line.line_id,
            held.commission.line.item_shown,
            badge(held.commission.get_state_display(), held.commission.state),
            money_shown(
                held.commission.net_minor, held.commission.currency, exact=True
            ),
        )
        for held in rows
    ]
