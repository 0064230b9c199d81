"""Where in a picture a product stands, and which it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pinboard.forms import WEB
from pinboard.models import Product

# The middles of the nine fields of a picture, for those who place by words.
FIRST, MIDDLE, LAST = 1667, 5000, 8333
SPOTS = {
    "left-top": (FIRST, FIRST, _("top left")),
    "middle-top": (MIDDLE, FIRST, _("top middle")),
    "right-top": (LAST, FIRST, _("top right")),
    "left-middle": (FIRST, MIDDLE, _("middle left")),
    "middle": (MIDDLE, MIDDLE, _("middle")),
    "right-middle": (LAST, MIDDLE, _("middle right")),
    "left-bottom": (FIRST, LAST, _("bottom left")),
    "middle-bottom": (MIDDLE, LAST, _("bottom middle")),
    "right-bottom": (LAST, LAST, _("bottom right")),
}


def percent_of(part: int) -> str:
    """3527 of the picture's ten-thousandths as 35.27."""
    return f"{(Decimal(part) / 100).normalize():f}"


class Percent(forms.DecimalField):
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            min_value=0,
            max_value=100,
            max_digits=20,
            decimal_places=16,  # a pointer knows no rounder ones
            **kwargs,
        )


class SpotForm(forms.Form):
    """A point in percent, or one of nine fields; the numbers go first."""

    spot = forms.ChoiceField(
        label=_("Where in the picture"),
        choices=[(name, spot[2]) for name, spot in SPOTS.items()],
        required=False,
        widget=forms.RadioSelect,
    )
    across = Percent(label=_("From the left, %"))
    down = Percent(label=_("From the top, %"))

    def show(self, x: int, y: int) -> None:
        """Where it is now. As a hint, not as a value: what is filled in is wanted."""
        for name, part in (("across", x), ("down", y)):
            self.fields[name].widget.attrs["placeholder"] = percent_of(part)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"spot", "across", "down"} & set(self.errors):
            return cleaned
        across, down = cleaned["across"], cleaned["down"]
        if across is not None and down is not None:
            cleaned["x"], cleaned["y"] = round(across * 100), round(down * 100)
        elif across is not None or down is not None:
            self.add_error(
                "down" if down is None else "across", _("Give both numbers, or none.")
            )
        elif cleaned["spot"]:
            cleaned["x"], cleaned["y"] = SPOTS[cleaned["spot"]][:2]
        else:
            self.add_error("spot", _("Choose where in the picture it is."))
        return cleaned


class AddProductForm(SpotForm):
    """A product by its name, by the address of its page, or one of those shown."""

    q = forms.CharField(
        label=_("Product name or address"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "type": "search"}),
    )
    product = forms.ModelChoiceField(
        label=_("Product"),
        queryset=Product.objects.filter(removed_at=None),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("There is no such product.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = cleaned.get("product") or cleaned.get("q")
        if not given and not {"product", "q"} & set(self.errors):
            self.add_error("q", _("Type a product's name, or paste its address."))
        return cleaned

    @property
    def is_address(self) -> bool:
        asked: str = self.cleaned_data["q"]
        return asked.lower().startswith(WEB)
