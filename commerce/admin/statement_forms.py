"""The forms of a statement: its file, how it is read, what it should come to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any  # what Django's forms are given

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.exceptions import MalformedAmount
from commerce.models import Network, Programme, Statement
from commerce.money import amount_text, minor_units
from commerce.networks.clients import POLLED
from commerce.networks.tables import MOST_BYTES
from commerce.reconciliation.columns import FIELDS, NEEDED

_MONTH = re.compile(r"\A(20[0-9]{2})-(0[1-9]|1[0-2])\Z")
LONGEST_HEADING = 40


class MonthForm(forms.Form):
    """A network and one of its months."""

    network = forms.ModelChoiceField(
        Network.objects.filter(is_active=True).order_by("name"),
        label=gettext_lazy("Network"),
    )
    month = forms.CharField(
        label=gettext_lazy("Month"),
        max_length=7,
        help_text=gettext_lazy("In which the orders were settled, like 2026-10."),
        widget=forms.TextInput(attrs={"type": "month"}),
    )

    def clean_month(self) -> date:
        found = _MONTH.match(self.cleaned_data["month"].strip())
        if not found:
            raise ValidationError(_("Write the month like 2026-10."))
        return date(int(found[1]), int(found[2]), 1)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        network = cleaned.get("network")
        if network and not Programme.objects.filter(network=network).exists():
            self.add_error("network", _("It has no programme, and so no currency."))
        return cleaned

    @property
    def currency(self) -> str:
        """Of the network's oldest programme."""
        programmes = Programme.objects.filter(network=self.cleaned_data["network"])
        return programmes.order_by("pk").values_list("currency", flat=True)[0]


class PullForm(MonthForm):
    """Of networks that are polled: they tell a month as well as an hour."""

    prefix = "pull"
    network = forms.ModelChoiceField(
        Network.objects.filter(is_active=True, adapter__in=POLLED).order_by("name"),
        label=gettext_lazy("Network"),
    )


class UploadForm(MonthForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "CSV in UTF-8 or GB18030, with commas, semicolons or tabs; at most 100 MB."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def clean_file(self) -> UploadedFile:
        sent: UploadedFile = self.cleaned_data["file"]
        if sent.size is not None and sent.size > MOST_BYTES:
            raise ValidationError(
                _("The file is larger than 100 MB. Send it in parts.")
            )
        return sent


class MoneyField(forms.CharField):
    """Minor units; with a minus where the network takes more back than it pays."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "size": "14"}
        super().__init__(
            max_length=20, required=False, widget=forms.TextInput(attrs), **kwargs
        )
        self.currency = currency

    def prepare_value(self, value: object) -> object:
        return amount_text(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: object) -> Any:  # noqa: ANN401  Django's says str
        if not (text := super().clean(value)):
            return None
        try:
            minor = minor_units(text.removeprefix("-"), self.currency)
        except MalformedAmount as error:
            raise ValidationError(_("Write the amount like 1234.50.")) from error
        return -minor if text.startswith("-") else minor


class TotalsForm(forms.Form):
    """What a person read on the network's page, and on the bank's."""

    def __init__(self, *args: Any, statement: Statement, **kwargs: Any) -> None:
        initial = {
            "declared": statement.declared_minor,
            "receipt": statement.receipt_minor,
        }
        super().__init__(*args, **{"initial": initial, "label_suffix": "", **kwargs})
        currency = statement.currency
        self.fields["declared"] = MoneyField(
            currency=currency,
            label=_("The network declares (%(currency)s)") % {"currency": currency},
        )
        self.fields["receipt"] = MoneyField(
            currency=currency,
            label=_("The bank received (%(currency)s)") % {"currency": currency},
        )


class ColumnsForm(TotalsForm):
    """Which column says what. Unbound it proposes."""

    def __init__(
        self,
        *args: Any,
        statement: Statement,
        header: Sequence[str],
        columns: dict[str, int],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, statement=statement, **kwargs)
        places = [
            (str(n), f"{n + 1}. {heading[:LONGEST_HEADING] or '—'}")
            for n, heading in enumerate(header)
        ]
        for name, label in FIELDS.items():
            none = _("Choose a column") if name in NEEDED else _("none")
            self.fields[name] = forms.ChoiceField(
                choices=[("", none), *places],
                required=name in NEEDED,
                label=capfirst(str(label)),
                initial=str(columns[name]) if name in columns else "",
                error_messages={"required": _("Choose the column that says it.")},
            )

    @property
    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS]

    @property
    def totals(self) -> list[forms.BoundField]:
        return [self["declared"], self["receipt"]]
