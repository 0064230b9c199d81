"""The queue of commissions, and the whole story of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
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
from commerce.admin.filters import CurrencyFilter, HoldFilter, QueueFilter, ready
from commerce.admin.paging import COUNTED_UP_TO
from commerce.exceptions import CommerceError
from commerce.models import (
    Commission,
    CommissionShare,
    HoldReason,
    Network,
    Observation,
    OrderLine,
    PayoutLine,
    RiskCase,
    StatementLine,
)
from commerce.money import money_shown, percent_shown
from users.models import User

# Others come from open discrepancies and go with them.
HOLDS_BY_HAND = [HoldReason.FRAUD, HoldReason.DISPUTE, HoldReason.BANNED]
URL = "commerce_commission"
MOST_TICKED = 200  # on one page there are fewer
MOST_FOUND = 200  # lines of one order, or orders of one number at several shops


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
        CurrencyFilter,
    ]
    search_fields = ["line__order_id"]  # that there is a search; see below
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Commission], search_term: str
    ) -> tuple[QuerySet[Commission], bool]:
        """An order, an order line or else a person, in full. One question after the
        other: one OR over three tables would read all of them."""
        if not (text := search_term.strip()):
            return queryset, False
        pks = OrderLine.objects.order_by().values_list("pk", flat=True)
        networks = Network.objects.values("pk")  # with them the lines' key is whole
        named = pks.filter(network__in=networks, line_id=text)
        if found := list(pks.filter(order_id=text).union(named)[:MOST_FOUND]):
            return queryset.filter(line__in=found), False
        shares = CommissionShare.objects.filter(
            commission=OuterRef("pk"), party__username=text
        )
        return queryset.filter(Exists(shares)), False

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

    @admin.display(description=gettext_lazy("net"))
    def net(self, row: Commission) -> SafeString:
        """And how it comes about: the rate of what was paid."""
        return format_html(
            '<b class="number">{}</b><small class="under number">{} · {}</small>',
            money_shown(row.net_minor, row.currency, exact=True),
            percent_shown(row.rate_bp),
            money_shown(row.base_minor, row.currency, exact=True),
        )

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: Commission) -> SafeString:
        """And what holds it up."""
        holds = ", ".join(str(HoldReason(r).label) for r in row.hold_reasons)
        return format_html(
            '{}<small class="under">{}</small>',
            badge(row.get_state_display(), row.state),
            holds,
        )

    @admin.display(description=gettext_lazy("returns until"))
    def returns_until(self, row: Commission) -> str:
        return (
            f"{timezone.localtime(row.hold_until):%Y-%m-%d}" if row.hold_until else "—"
        )

    @admin.display(description=gettext_lazy("ordered"))
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
            context |= _totals_of(changelist.queryset)
        return response

    @admin.action(
        description=gettext_lazy("Approve the chosen commissions"),
        permissions=["review"],
    )
    def approve_chosen(
        self, request: HttpRequest, queryset: QuerySet[Commission]
    ) -> None:
        _decide_all(request, lambda row: approve(commission=row, by=who(request)))

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
            request, lambda row: reject(commission=row, by=who(request), reason=reason)
        )

    # The story of one ----------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/decide/", view(self.decide), name=f"{URL}_decide"),
            path("<int:pk>/next/", view(self.next_one), name=f"{URL}_next"),
        ]
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
            case "approve" | "approve_next" as decision:
                told = _("Approved.")
                done = attempt(request, told, approve, commission=commission, by=by)
                if done and decision == "approve_next":
                    return self.next_one(request, pk)
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

    def next_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The next that is ready and that this reviewer has no share in, as the queue
        goes; from its end on again from its beginning."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        others = ready().exclude(pk=pk).exclude(shares__party=who(request))
        rows = others.order_by("-pk").values_list("pk", flat=True)
        found = rows.filter(pk__lt=pk).first() or rows.first()
        if found is None:
            messages.info(request, _("Nothing else is ready for review."))
            return redirect(f"admin:{URL}_changelist")
        return redirect(f"admin:{URL}_change", found)

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
        "entries__account__user"
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
        "cases": _cases_of(commission, reader),
        "statement_lines": StatementLine.objects.filter(order_line=line)
        .select_related("statement")
        .order_by("pk"),
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


def _cases_of(commission: Commission, reader: User) -> QuerySet[RiskCase]:
    """All that hold it, or held it; of one about oneself one reads elsewhere."""
    held = RiskCase.objects.filter(held__commission=commission)
    return held.exclude(person=reader).select_related("person").order_by("pk")


def _totals_of(queryset: QuerySet[Commission]) -> dict[str, Any]:
    """Exact, or of the newest thousand: a sum over a million answers nobody."""
    figures = queryset.values_list("currency", "gross_minor", "net_minor")
    rows = list(figures[: COUNTED_UP_TO + 1])
    totals: dict[str, dict[str, Any]] = {}
    for currency, gross, net in rows[:COUNTED_UP_TO]:
        total = totals.setdefault(
            currency, {"currency": currency, "count": 0, "gross": 0, "net": 0}
        )
        total["count"] += 1
        total["gross"] += gross
        total["net"] += net
    return {
        "totals": [totals[currency] for currency in sorted(totals)],
        "totals_of": COUNTED_UP_TO if len(rows) > COUNTED_UP_TO else 0,
    }


def _decide_all(request: HttpRequest, deed: Callable[[Commission], Commission]) -> None:
    """Each that was ticked, by itself: one that is refused says why and stops no other.
    Whatever the filters leave of them by now: who was too late reads that."""
    done = 0
    ticked = [primary_key(text) for text in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    rows = Commission.objects.filter(pk__in=ticked[:MOST_TICKED]).order_by("pk")
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
