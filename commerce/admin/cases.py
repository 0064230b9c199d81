"""Cases of what looks like fraud: the evidence in words, what is held, a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce.actions.cases import (
    clear,
    hold_more,
    is_returnable,
    uphold,
    why_not_decide_case,
)
from commerce.actions.risk import owed_beside
from commerce.admin.base import (
    ReadOnlyAdmin,
    StoryAdmin,
    badge,
    posted,
    primary_key,
    who,
)
from commerce.admin.filters import QueueFilter
from commerce.exceptions import CommerceError
from commerce.models import Commission, RiskCase, RiskRule, RiskSignal
from commerce.money import money_shown
from commerce.risk_words import Told, sentence_of, told

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

State = RiskCase.State
UNDECIDED = [State.OPEN, State.APPEALED]
BADGES = {
    State.OPEN: "requested",
    State.APPEALED: "hold",
    State.CLEARED: "approved",
    State.UPHELD: "refused",
}
MOST_SIGNALS = 100
URL = "commerce_riskcase"


class CaseQueueFilter(QueueFilter):
    """What waits for a decision comes first."""

    default = "waiting"

    def lookups(
        self,
        request: HttpRequest,
        model_admin: admin.ModelAdmin[Any],
    ) -> list[tuple[str, str | StrPromise]]:
        return [
            ("waiting", gettext_lazy("Waits for a decision")),
            ("appealed", gettext_lazy("Another look is asked for")),
            ("decided", gettext_lazy("Decided")),
            ("all", gettext_lazy("All")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value() or self.default:
            case "waiting":
                return queryset.filter(state__in=UNDECIDED)
            case "appealed":
                return queryset.filter(state=State.APPEALED)
            case "decided":
                return queryset.exclude(state__in=UNDECIDED)
        return queryset


class RuleFilter(admin.SimpleListFilter):
    title = gettext_lazy("signal")
    parameter_name = "rule"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[RiskCase]
    ) -> list[tuple[str, str | StrPromise]]:
        about_people = [rule for rule in RiskRule if rule != RiskRule.FORGED_REF]
        return [(rule.value, rule.label) for rule in about_people]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RiskCase]
    ) -> QuerySet[RiskCase]:
        if not (rule := self.value()):
            return queryset
        signals = RiskSignal.objects.filter(person=OuterRef("person"), rule=rule)
        return queryset.filter(Exists(signals))


@dataclass(frozen=True)
class Held:
    """A commission of the case, as its line is shown."""

    commission: Commission
    state: SafeString
    amount: str
    is_returnable: bool
    is_chosen: bool


@admin.register(RiskCase)
class RiskCaseAdmin(StoryAdmin):
    list_display = ["case", "state_shown", "rules", "held_shown", "opened_at"]
    list_filter = [CaseQueueFilter, RuleFilter]
    list_select_related = ["person"]
    search_fields = ["=person__username"]
    search_help_text = gettext_lazy("User name, in full")
    ordering = ["-pk"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RiskCase]:
        found = RiskSignal.objects.filter(person=OuterRef("person")).order_by("rule")
        rows: QuerySet[RiskCase] = super().get_queryset(request)
        rows = rows.annotate(found=ArraySubquery(found.values("rule").distinct()))
        return rows.prefetch_related("held__commission")

    @admin.display(description=gettext_lazy("person"))
    def case(self, row: RiskCase) -> str:
        return row.person.username

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: RiskCase) -> SafeString:
        return badge(row.get_state_display(), BADGES[State(row.state)])

    @admin.display(description=gettext_lazy("signals"))
    def rules(self, row: RiskCase) -> str:
        found: list[str] = getattr(row, "found", [])  # annotated above
        return ", ".join(str(RiskRule(rule).label) for rule in found) or "—"

    @admin.display(description=gettext_lazy("held"))
    def held_shown(self, row: RiskCase) -> SafeString:
        held = (each.commission for each in row.held.all())
        shown = _sums(one for one in held if is_returnable(one))
        return format_html('<span class="number">{}</span>', ", ".join(shown) or "—")

    # One case ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        own = [path("<int:pk>/decide/", decide, name=f"{URL}_decide")]
        return [*own, *super().get_urls()]

    def story_rows(self, request: HttpRequest) -> QuerySet[RiskCase]:
        return RiskCase.objects.all()

    def story(self, request: HttpRequest, case: RiskCase) -> HttpResponse:
        return self._page(request, case)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button of the page. What is refused says why and keeps what was typed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        case = get_object_or_404(RiskCase, pk=pk)
        by, reason = who(request), posted(request, "reason")
        ticked = [primary_key(key) for key in request.POST.getlist("commission")]
        chosen = {key for key in ticked if key is not None}
        try:
            match request.POST.get("decision"):
                case "clear":
                    clear(case=case, by=by, reason=reason)
                    messages.success(request, _("Cleared."))
                case "uphold":
                    uphold(case=case, by=by, reason=reason, chosen=chosen)
                    messages.success(request, _("Upheld."))
                case "hold":
                    count = hold_more(case=case, by=by)
                    told = ngettext("%(n)s more held.", "%(n)s more held.", count)
                    messages.success(request, told % {"n": count})
                case _:
                    messages.error(request, _("Choose what to decide."))
        except CommerceError as error:
            said = {"error": str(error.for_user), "reason": reason}
            return self._page(request, case, status=422, chosen=chosen, **said)
        return redirect(f"admin:{URL}_change", pk)

    def _page(
        self,
        request: HttpRequest,
        case: RiskCase,
        *,
        status: int = 200,
        chosen: Collection[int] | None = None,
        **said: str,
    ) -> HttpResponse:
        case.refresh_from_db()
        held = _held_by(case, chosen)
        page = self.story_page(
            request,
            case,
            "admin/commerce/case_detail.html",
            _("Case of %(name)s") % {"name": case.person.username},
            case=case,
            state=self.state_shown(case),
            signals=_signals_of(case),
            held=held,
            held_sums=_sums(row.commission for row in held if row.is_returnable),
            others=_others_of(case),
            more=_sums(owed_beside(case)) if case.is_undecided else [],
            events=case.events.select_related("by"),
            refusal=why_not_decide_case(case, by=who(request)),
            **said,
        )
        page.status_code = status
        return page


@admin.register(RiskSignal)
class RiskSignalAdmin(ReadOnlyAdmin):
    list_display = ["rule_shown", "about", "sentence", "score", "window"]
    list_filter = ["rule"]
    list_select_related = ["person"]
    search_fields = ["=person__username"]
    search_help_text = gettext_lazy("User name, in full")
    fields = ["rule_shown", "about", "sentence", "score", "window", "created_at"]
    ordering = ["-pk"]

    @admin.display(description=gettext_lazy("rule"))
    def rule_shown(self, row: RiskSignal) -> str:
        return row.get_rule_display()

    @admin.display(description=gettext_lazy("about"))
    def about(self, row: RiskSignal) -> str:
        """A person, or the network whose orders nobody earns by."""
        return row.person.username if row.person else row.subject

    @admin.display(description=gettext_lazy("evidence"))
    def sentence(self, row: RiskSignal) -> str:
        return sentence_of(row)


def _signals_of(case: RiskCase) -> list[tuple[Told, list[Commission]]]:
    """What was found since the decision before, each with a few orders of it."""
    rows = RiskSignal.objects.filter(person=case.person_id)
    before = RiskCase.objects.filter(person=case.person_id, pk__lt=case.pk)
    if last := before.order_by("-pk").first():
        rows = rows.filter(created_at__gt=last.decided_at)
    if case.decided_at:
        rows = rows.filter(created_at__lte=case.decided_at)
    signals = [told(row) for row in rows.order_by("-pk")[:MOST_SIGNALS]]
    keys = {key for signal in signals for key in signal.lines}
    found = Commission.objects.filter(line__in=keys).select_related("line")
    by_line = {commission.line_id: commission for commission in found}
    return [
        (signal, [by_line[key] for key in signal.lines if key in by_line])
        for signal in signals
    ]


def _held_by(case: RiskCase, chosen: Collection[int] | None) -> list[Held]:
    rows = case.held.select_related("commission__line__product").order_by("commission")
    return [
        Held(
            one,
            badge(one.get_state_display(), one.state),
            money_shown(one.net_minor, one.currency, exact=True),
            is_returnable=case.is_undecided and is_returnable(one),
            is_chosen=chosen is None or one.pk in chosen,
        )
        for one in (row.commission for row in rows)
    ]


def _others_of(case: RiskCase) -> list[tuple[RiskCase, SafeString]]:
    others = RiskCase.objects.filter(person=case.person_id).exclude(pk=case.pk)
    return [
        (other, badge(other.get_state_display(), BADGES[State(other.state)]))
        for other in others.order_by("-pk")[:20]
    ]


def _sums(commissions: Iterable[Commission]) -> list[str]:
    """Of what they come to, one a currency."""
    sums: Counter[str] = Counter()
    for one in commissions:
        sums[one.currency] += one.net_minor
    return [money_shown(sums[name], name, exact=True) for name in sorted(sums)]
