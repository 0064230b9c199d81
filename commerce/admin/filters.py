"""What a long list may be narrowed to: each choice has an index, or comes from a small
table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from commerce.actions.claims import CLAIMABLE
from commerce.models import (
    Commission,
    CommissionShare,
    CommissionState,
    HoldReason,
    Programme,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# As the partial indexes of Commission say it: another spelling would not use them.
IS_FREE, IS_HELD = Q(hold_reasons=[]), ~Q(hold_reasons=[])
NOBODYS = Q(state=CommissionState.UNATTRIBUTED)


def ready() -> QuerySet[Commission]:
    """What a reviewer may decide about now."""
    waiting = Commission.objects.filter(IS_FREE, state=CommissionState.MATURING)
    return waiting.filter(hold_until__lte=timezone.now())


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
            ("unclaimed", gettext_lazy("Nobody's for 60 days")),
            ("given_up", gettext_lazy("Given up by closed accounts")),
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
        waiting = Q(state=CommissionState.MATURING) & IS_FREE
        chosen = {
            "ready": waiting & Q(hold_until__lte=now),
            "returnable": waiting & Q(hold_until__gt=now),
            "held": IS_HELD,
            "nobody": NOBODYS,
            "unclaimed": NOBODYS
            & Q(is_accrued=True, line__created_at__lte=now - CLAIMABLE),
            "given_up": ~NOBODYS
            & Q(pk__in=CommissionShare.objects.in_suspense().values("commission")),
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
        if not reason:
            return queryset
        return queryset.filter(IS_HELD, hold_reasons__contains=[reason])


class CurrencyFilter(admin.SimpleListFilter):
    """Of the programmes' currencies: which ones a long table has would be a scan."""

    title = gettext_lazy("currency")
    parameter_name = "currency"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str | StrPromise]]:
        known = Programme.objects.order_by("currency").values_list("currency")
        return [(currency, currency) for (currency,) in known.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        currency = self.value()
        return queryset.filter(currency=currency) if currency else queryset
