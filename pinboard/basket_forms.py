"""What people write into a basket: how many, what is bought, and a budget."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pinboard.currencies import OFFERED
from pinboard.models import Pin
from pinboard.models.basket import MOST_OF_ONE, Budget, Choice
from pinboard.prices import decimals_of

KEY = re.compile(r"[0-9]{1,18}")
PAGE = 60
_A_NUMBER = gettext_lazy("Write a whole number from 0 to 999.")


def pins_named(sent: QueryDict) -> list[int]:
    """Of which pins a form speaks; what no pin can have for a key is none."""
    return [int(key) for key in sent.getlist("pin")[:PAGE] if KEY.fullmatch(key)]


class BasketForm(forms.Form):
    """A row for each pin. `less` and `more`, with the key of a pin, are its buttons."""

    def __init__(self, *args: Any, pins: Iterable[Pin], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pins = list(pins)
        for pin in self.pins:
            self.fields[quantity_name(pin)] = _quantity_field(pin)
            self.fields[bought_name(pin)] = forms.BooleanField(
                label=pin.shown_title, required=False, initial=_kept(pin).is_bought
            )

    def changes(self) -> dict[int, Choice]:
        """What is other than it was kept."""
        wanted = {pin: self._choice(pin) for pin in self.pins}
        return {pin.pk: c for pin, c in wanted.items() if c != _kept(pin)}

    def _choice(self, pin: Pin) -> Choice:
        quantity = self.cleaned_data[quantity_name(pin)]
        quantity += self._is_pressed("more", pin) - self._is_pressed("less", pin)
        return Choice(
            min(max(quantity, 0), MOST_OF_ONE), self.cleaned_data[bought_name(pin)]
        )

    def _is_pressed(self, button: str, pin: Pin) -> bool:
        return bool(self.data.get(button) == str(pin.pk))


def quantity_name(pin: Pin) -> str:
    return f"quantity-{pin.pk}"


def bought_name(pin: Pin) -> str:
    return f"bought-{pin.pk}"


def _kept(pin: Pin) -> Choice:
    """As `with_choices` annotated it."""
    return Choice(pin.quantity, pin.is_bought)


def _quantity_field(pin: Pin) -> forms.IntegerField:
    label = _("How many of %(title)s") % {"title": pin.shown_title}
    keys = ("required", "invalid", "min_value", "max_value")
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=MOST_OF_ONE,
        initial=_kept(pin).quantity,
        error_messages=dict.fromkeys(keys, _A_NUMBER),
        widget=forms.NumberInput(
            attrs={"class": "input", "inputmode": "numeric", "aria-label": label}
        ),
    )


class BudgetForm(forms.Form):
    """An amount in a currency; empty takes the budget away."""

    currency = forms.ChoiceField(
        choices=[(code, code) for code in OFFERED], widget=forms.HiddenInput
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Budget for this board"),
        required=False,
        min_value=0,
        max_digits=15,
        error_messages={"invalid": gettext_lazy("Write an amount, such as 500.")},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        amount, currency = cleaned.get("amount"), cleaned.get("currency")
        if amount is not None and currency:
            minor = amount.scaleb(decimals_of(currency))
            if minor != minor.to_integral_value():
                told = _("%(currency)s has no smaller parts than %(unit)s.")
                unit = Decimal(1).scaleb(-decimals_of(currency))
                self.add_error("amount", told % {"currency": currency, "unit": unit})
        return cleaned

    def budget(self) -> Budget:
        """Of a valid form; none is a budget of nothing."""
        currency = self.cleaned_data["currency"]
        amount = self.cleaned_data["amount"] or Decimal(0)
        return Budget(int(amount.scaleb(decimals_of(currency))), currency)
