"""The queue of commissions, and the whole story of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce.actions.claims import attribute_by_hand, sweep
from commerce.actions.commissions import (
    approve,
    reject,
    restore,
    why_not_approve,
)
from commerce.actions.holds import hold, release
from commerce.actions.rights import REVIEW
from commerce.admin.base import (
    StoryAdmin,
    attempt,
    badge,
    posted,
    primary_key,
    who,
)
from commerce.exceptions import CommerceError
from commerce.models import (
    Commission,
    CommissionState,
    HoldReason,
    Observation,
    PayoutLine,
)
from commerce.money import money_shown, percent_shown
from users.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# Others come from open discrepancies and go with them.
HOLDS_BY_HAND = [HoldReason.FRAUD, HoldReason.DISPUTE, HoldReason.BANNED]


class QueueFilter(admin.SimpleListFilter):
    """What waits for a decision comes first; everything is one click away."""

    title = gettext_lazy("queue")
    parameter_name = "queue"
    default = "ready"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Commission]
    ) -> list[tuple[str, str | StrPromise]]:
        return [
            ("ready", gettext_lazy("Ready for review")),
            ("returnable", gettext_lazy("Returns still possible")),
            ("held", gettext_lazy("On hold")),
            ("nobody", gettext_lazy("Nobody's yet")),
            ("all", gettext_lazy("All")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:  # dicts of Django's own
        chosen = self.value() or self.default
        for value, title in self.lookup_choices:
            yield {
                "selected": chosen == str(value),
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value}
                ),
                "display": title,
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Commission]
    ) -> QuerySet[Commission]:
        now = timezone.now()
        maturing = Q(state=CommissionState.MATURING)
        chosen = {
            "ready": maturing & Q(hold_reasons=[], hold_until__lte=now),
            "returnable": maturing & Q(hold_until__gt=now),
            "held": ~Q(hold_reasons=[]),
            "nobody": Q(state=CommissionState.UNATTRIBUTED),
        }.get(self.value() or self.default)
        return queryset.filter(chosen) if chosen is not None else queryset


class HoldFilter(admin.SimpleListFilter):
    title = gettext_lazy("hold reason")
    parameter_name = "hold"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Commission]
    ) -> list[tuple[str, str | StrPromise]]:
        return [(str(value), label) for value, label in HoldReason.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Commission]
    ) -> QuerySet[Commission]:
        reason = self.value()
        return queryset.filter(hold_reasons__contains=[reason]) if reason else queryset


class ReviewActionForm(ActionForm):
    reason = forms.CharField(
        required=False, max_length=300, label=gettext_lazy("Reason:")
    )


@admin.register(Commission)
class CommissionAdmin(StoryAdmin):
    list_display = [
        "order",
        "people",
        "net",
        "state_shown",
        "returns_until",
        "ordered_at",
    ]
    list_filter = [
        QueueFilter,
        "state",
        HoldFilter,
        "line__programme",
        "line__network",
        "currency",
    ]
    search_fields = ["=line__order_id", "=line__line_id", "=shares__party__username"]
    search_help_text = gettext_lazy("Order, order line or user name, in full")
    ordering = ["-pk"]
    list_select_related = ["line__programme", "line__network", "line__product"]
    action_form = ReviewActionForm
    actions = ["approve_chosen", "reject_chosen"]
    change_list_template = "admin/commerce/commission_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(REVIEW)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Commission]:
        return super().get_queryset(request).prefetch_related("shares__party")

    # The list ------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("item"))
    def order(self, row: Commission) -> SafeString:
        """What was bought, and the number it has at the shop."""
        return format_html(
            '{}<small class="under number">{}</small>',
            Truncator(row.line.item_shown).chars(60),
            row.line.line_id,
        )

    @admin.display(description=gettext_lazy("for"))
    def people(self, row: Commission) -> SafeString:
        """Who earns by it, and whose programme pays."""
        names = [share.party.username for share in row.shares.all() if share.party]
        return format_html(
            '{}<small class="under">{}</small>',
            ", ".join(names) or "—",
            row.line.programme.name,
        )

    @admin.display(description=gettext_lazy("net"), ordering="net_minor")
    def net(self, row: Commission) -> SafeString:
        """And how it comes about: the rate of what was paid."""
        return format_html(
            '<b class="number">{}</b><small class="under number">{} · {}</small>',
            money_shown(row.net_minor, row.currency, exact=True),
            percent_shown(row.rate_bp),
            money_shown(row.base_minor, row.currency, exact=True),
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_shown(self, row: Commission) -> SafeString:
        """And what holds it up."""
        holds = ", ".join(str(HoldReason(r).label) for r in row.hold_reasons)
        return format_html(
            '{}<small class="under">{}</small>',
            badge(row.get_state_display(), row.state),
            holds,
        )

    @admin.display(description=gettext_lazy("returns until"), ordering="hold_until")
    def returns_until(self, row: Commission) -> str:
        return (
            f"{timezone.localtime(row.hold_until):%Y-%m-%d}" if row.hold_until else "—"
        )

    @admin.display(description=gettext_lazy("ordered"), ordering="line__created_at")
    def ordered_at(self, row: Commission) -> str:
        return f"{timezone.localtime(row.line.created_at):%Y-%m-%d %H:%M}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With totals of what the filters leave, one row a currency."""
        more = {"title": _("Review queue"), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, more)
        context = getattr(response, "context_data", None) or {}
        if (changelist := context.get("cl")) is not None:
            context["totals"] = _totals_of(changelist.queryset)
        return response

    @admin.action(
        description=gettext_lazy("Approve the chosen commissions"),
        permissions=["review"],
    )
    def approve_chosen(
        self, request: HttpRequest, queryset: QuerySet[Commission]
    ) -> None:
        _decide_all(
            request, queryset, lambda row: approve(commission=row, by=who(request))
        )

    @admin.action(
        description=gettext_lazy("Reject the chosen commissions, with the reason"),
        permissions=["review"],
    )
    def reject_chosen(
        self, request: HttpRequest, queryset: QuerySet[Commission]
    ) -> None:
        reason = posted(request, "reason")
        if not reason:
            messages.error(request, _("Give a reason. The pinner will read it."))
            return
        _decide_all(
            request,
            queryset,
            lambda row: reject(commission=row, by=who(request), reason=reason),
        )

    # The story of one ----------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        own = [path("<int:pk>/decide/", decide, name="commerce_commission_decide")]
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
        rows = self.get_queryset(request).select_related(
            "line__programme__shop", "line__network", "line__product", "split_rule"
        )
        pk = primary_key(object_id)
        commission = pk and rows.filter(pk=pk).first()
        if not commission:
            return self.missing(request, object_id)
        return self.story_page(
            request,
            commission,
            "admin/commerce/commission_story.html",
            _("Commission of order line %(line)s") % {"line": commission.line.line_id},
            **story_of(commission, reader=who(request)),
        )

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button of the story, by its name."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_review_permission(request):
            raise PermissionDenied
        commission = get_object_or_404(Commission, pk=pk)
        by, reason = who(request), posted(request, "reason")[:300]
        why = posted(request, "hold")
        match request.POST.get("decision"):
            case "approve":
                attempt(request, _("Approved."), approve, commission=commission, by=by)
            case "reject":
                attempt(
                    request,
                    _("Rejected."),
                    reject,
                    commission=commission,
                    by=by,
                    reason=reason,
                )
            case "restore":
                attempt(
                    request,
                    _("Restored."),
                    restore,
                    commission=commission,
                    by=by,
                    reason=reason,
                )
            case "hold" if why in HOLDS_BY_HAND:
                attempt(
                    request,
                    _("Held."),
                    hold,
                    commission=commission,
                    by=by,
                    reason=why,
                    note=reason,
                )
            case "release" if why in HoldReason.values:
                attempt(
                    request,
                    _("Released."),
                    release,
                    commission=commission,
                    by=by,
                    reason=why,
                    note=reason,
                )
            case "attribute":
                self._attribute(request, commission, reason)
            case "sweep":
                attempt(
                    request, _("Kept by the site."), sweep, commission=commission, by=by
                )
            case _:
                messages.error(request, _("Choose what to decide."))
        return redirect("admin:commerce_commission_change", pk)

    def _attribute(
        self, request: HttpRequest, commission: Commission, reason: str
    ) -> None:
        name = posted(request, "username")
        person = User.objects.filter(username=name, closed_at=None).first()
        if person is None:
            messages.error(request, _("There is nobody of this name."))
            return
        attempt(
            request,
            _("Attributed."),
            attribute_by_hand,
            commission=commission,
            beneficiary=person,
            by=who(request),
            reason=reason,
        )


def story_of(commission: Commission, *, reader: User) -> dict[str, Any]:
    """From the click to the payout, as it is kept."""
    line = commission.line
    attributions = line.attributions.select_related(
        "click__link__pin", "click__rate_card", "beneficiary", "originator", "actor"
    )
    journals = commission.journals.select_related("by").prefetch_related(
        "entries__account"
    )
    observations = Observation.objects.filter(
        network=line.network, line_id=line.line_id
    )
    lines = PayoutLine.objects.filter(share__commission=commission)
    can_review = reader.has_perm(REVIEW)
    return {
        "commission": commission,
        "line": line,
        "attributions": attributions.order_by("-version"),
        "observations": observations.order_by("pk"),
        "discrepancies": line.discrepancies.select_related("resolver").order_by("pk"),
        "refunds": line.refunds.order_by("modified_at"),
        "shares": commission.shares.select_related("party").order_by("pk"),
        "journals": journals.order_by("pk"),
        "events": commission.events.select_related("by"),
        "payout_lines": lines.select_related("payout__batch", "payout__user", "share"),
        "can_review": can_review,
        "refusal": why_not_approve(commission, by=reader) if can_review else "",
        "holds": [HoldReason(reason) for reason in commission.hold_reasons],
        "holds_by_hand": [
            reason for reason in HOLDS_BY_HAND if reason not in commission.hold_reasons
        ],
    }


def _totals_of(queryset: QuerySet[Commission]) -> list[dict[str, Any]]:
    chosen = Commission.objects.filter(pk__in=queryset.order_by().values("pk"))
    rows = chosen.values("currency").annotate(
        count=Count("pk"), gross=Sum("gross_minor"), net=Sum("net_minor")
    )
    return list(rows.order_by("currency"))


def _decide_all(
    request: HttpRequest,
    queryset: QuerySet[Commission],
    deed: Callable[[Commission], Commission],
) -> None:
    """Each by itself: one that is refused says why and stops no other."""
    done = 0
    rows = Commission.objects.filter(pk__in=queryset.values("pk")).order_by("pk")
    for commission in rows.select_related("line"):
        try:
            deed(commission)
        except CommerceError as error:
            link = reverse("admin:commerce_commission_change", args=[commission.pk])
            text = format_html(
                '<a href="{}">{}</a>: {}', link, commission.line.line_id, error.for_user
            )
            messages.error(request, text)
        else:
            done += 1
    if done:
        told = ngettext("%(n)d commission done.", "%(n)d commissions done.", done)
        messages.success(request, told % {"n": done})
