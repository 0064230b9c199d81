"""Networks, programmes, their keys and rates, and how commissions are shared."""

from __future__ import annotations

import re
import secrets
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError
from django.db.models import Model
from django.forms import Form
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import IntegrityError as PgIntegrityError
from psycopg2.errors import DeadlockDetected

from commerce.actions.conversions import forget_conversions
from commerce.admin.base import CommerceAdmin
from commerce.models import Network, PostbackKey, Programme, RateCard, SplitRule
from commerce.money import percent_shown
from commerce.networks.clients import POLLED
from commerce.networks.options import known_options, wrong_option

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
LIVE_KEYS = 2  # so that a shop can change its key without a gap


class NetworkForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Network
        fields = "__all__"  # noqa: DJ007  the admin leaves out what is read-only

    def clean_tz(self) -> str:
        tz: str = self.cleaned_data["tz"]
        if tz not in available_timezones():
            raise ValidationError(_("Name a time zone like Asia/Shanghai."))
        return tz

    def clean_secret_ref(self) -> str:
        name: str = self.cleaned_data["secret_ref"]
        if name and not _VARIABLE.fullmatch(name):
            raise ValidationError(
                _("Name the environment variable, like TAOBAO_SECRET, not the secret.")
            )
        return name

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        adapter, options = values.get("adapter", ""), values.get("poll_cfg") or {}
        if not isinstance(options, dict):
            self.add_error("poll_cfg", _("Write an object like {}."))
        elif name := wrong_option(adapter, options):
            told = _("%(name)s cannot be that here. Known are: %(known)s.")
            known = ", ".join(known_options(adapter)) or "–"
            self.add_error("poll_cfg", told % {"name": name, "known": known})
        for needed in ("base_url", "app_key", "secret_ref"):
            if adapter in POLLED and needed in values and not values[needed]:
                self.add_error(needed, _("A network that is polled needs this."))
        return values


@admin.register(Network)
class NetworkAdmin(CommerceAdmin):
    form = NetworkForm
    list_display = ["code", "name", "adapter", "tz", "polled_until", "is_active"]
    list_filter = ["adapter", "is_active"]
    search_fields = ["code", "name"]
    readonly_fields = ["polled_until"]
    ordering = ["code"]

    def save_model(
        self, request: HttpRequest, obj: Network, form: Form, change: bool
    ) -> None:
        before = Network.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before and before.poll_cfg != obj.poll_cfg:
            forget_conversions(network=obj)


class KeyFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        live = [
            form
            for form in self.forms
            if form.cleaned_data.get("kid") and not form.cleaned_data.get("revoked_at")
        ]
        if len(live) > LIVE_KEYS:
            raise ValidationError(
                _("At most %(n)d keys live at a time. Revoke one first."),
                params={"n": LIVE_KEYS},
            )


class KeyInline(admin.TabularInline):  # type: ignore[type-arg]
    """The secret is made here, shown once in a message, and never again."""

    model = PostbackKey
    formset = KeyFormSet
    fields = ["kid", "created_at", "revoked_at"]
    readonly_fields = ["created_at"]
    extra = 0
    can_delete = False


@admin.register(Programme)
class ProgrammeAdmin(CommerceAdmin):
    list_display = [
        "code",
        "name",
        "network",
        "shop",
        "currency",
        "window_days",
        "hold_days",
        "self_purchase",
        "is_active",
    ]
    list_filter = ["is_active", "network", "currency"]
    list_select_related = ["network", "shop"]
    search_fields = ["code", "name"]
    raw_id_fields = ["shop"]
    inlines = [KeyInline]
    ordering = ["code"]

    def save_formset(
        self, request: HttpRequest, form: Form, formset: KeyFormSet, change: bool
    ) -> None:
        for key in formset.save(commit=False):
            if key.pk is None:
                key.secret = secrets.token_hex(32)
                told = _("Secret of key %(kid)s, shown once: %(secret)s")
                messages.warning(request, told % {"kid": key.kid, "secret": key.secret})
            key.save()
        formset.save_m2m()


class RateCardForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = RateCard
        fields = ["programme", "product", "rate_bp", "valid"]

    def clean(self) -> dict[str, Any]:
        """The database refuses overlaps; here it can be said kindly."""
        values: dict[str, Any] = super().clean() or {}
        programme = values.get("programme")
        if self.instance.pk:  # of which only the time may change
            programme = self.instance.programme
        else:
            product = values.get("product")
            self.instance.scope_key = (
                RateCard.key_of(product) if product else RateCard.WHOLE_PROGRAMME
            )
        if programme and values.get("valid"):
            others = RateCard.objects.filter(
                programme=programme,
                scope_key=self.instance.scope_key,
                valid__overlap=values["valid"],
            ).exclude(pk=self.instance.pk)
            if others.exists():
                self.add_error("valid", _("Another rate holds in a part of this time."))
        return values


class GuardedAdmin(CommerceAdmin):
    """What was promised for a time: it may be ended, and another begun. Of two who save
    what overlaps at once, the second reads why."""

    promised: tuple[str, ...] = ()

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        return self.promised if obj else ()

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False  # clicks remember their card, commissions their rule

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, OperationalError) as error:
            # Two who insert against each other at once may be parted as a deadlock.
            if not isinstance(error.__cause__, PgIntegrityError | DeadlockDetected):
                raise
            messages.error(request, _("Somebody else was faster. Look at the list."))
            return HttpResponseRedirect(request.get_full_path())


@admin.register(RateCard)
class RateCardAdmin(GuardedAdmin):
    form = RateCardForm
    promised = ("programme", "product", "rate_bp")
    list_display = ["programme", "product", "rate", "valid"]
    list_filter = ["programme"]
    list_select_related = ["programme", "product"]
    raw_id_fields = ["product"]
    ordering = ["-pk"]

    @admin.display(description=gettext_lazy("rate"), ordering="rate_bp")
    def rate(self, row: RateCard) -> str:
        return percent_shown(row.rate_bp)

    def save_model(
        self, request: HttpRequest, obj: RateCard, form: Form, change: bool
    ) -> None:
        """Unusual is allowed: rates seen in real reports run from 1.35 % to 35 %."""
        super().save_model(request, obj, form, change)
        low, high = obj.programme.min_rate_bp, obj.programme.max_rate_bp
        if not low <= obj.rate_bp <= high:
            told = _("%(rate)s is outside the usual %(low)s to %(high)s.")
            messages.warning(
                request,
                told
                % {
                    "rate": percent_shown(obj.rate_bp),
                    "low": percent_shown(low),
                    "high": percent_shown(high),
                },
            )


@admin.register(SplitRule)
class SplitRuleAdmin(GuardedAdmin):
    promised = ("version", "pinner_bp", "originator_bp")
    list_display = ["version", "pinner", "originator", "site", "valid"]
    ordering = ["-version"]

    @admin.display(description=gettext_lazy("pinner"))
    def pinner(self, row: SplitRule) -> str:
        return percent_shown(row.pinner_bp)

    @admin.display(description=gettext_lazy("original pinner"))
    def originator(self, row: SplitRule) -> str:
        return percent_shown(row.originator_bp)

    @admin.display(description=gettext_lazy("the site"))
    def site(self, row: SplitRule) -> str:
        return percent_shown(10_000 - row.pinner_bp - row.originator_bp)
