"""What people fill in who propose something, and those who decide on it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pinboard.forms import KEY
from pinboard.models import Board, Pin, Suggestion
from pinboard.models.suggestion import SuggestionQuerySet
from users.models import User

PIN_PATH = re.compile(r"(?:/[a-z-]+)?/?pins/([0-9]{1,18})/?")
DECISION = re.compile(r"(take|decline)-([0-9]{1,18})")


class FindForm(forms.Form):
    q = forms.CharField(max_length=100, required=False)


class SuggestForm(forms.Form):
    """To which board of somebody else."""

    board = forms.ModelChoiceField(
        label=_("Board"),
        queryset=Board.objects.none(),
        error_messages={
            "required": _("Choose a board."),
            "invalid_choice": _("This board takes no suggestions."),
        },
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["board"].queryset = Board.objects.taking_from(by)  # type: ignore[attr-defined]


class SuggestPinForm(forms.Form):
    """Which pin: by its address on this site, or one of one's own."""

    address = forms.CharField(
        label=_("Address of a pin"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "/pins/…"}
        ),
    )
    pin = forms.ModelChoiceField(
        label=_("Or one of your pins"), queryset=Pin.objects.none(), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pin"].queryset = Pin.objects.public()  # type: ignore[attr-defined]

    def clean_address(self) -> Pin | None:
        text = self.cleaned_data["address"].strip()
        if not text:
            return None
        found = Pin.objects.public().filter(pk=_pin_named(text)).first()
        if found is None:
            raise ValidationError(
                _("There is no pin at this address that everybody can see.")
            )
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("address") or cleaned.get("pin")
        if not chosen and not self.errors:
            self.add_error("address", _("Paste an address, or choose a pin below."))
        return cleaned | {"chosen": chosen}


def _pin_named(text: str) -> int:
    """0, which no pin is, for what is no address of a pin of this site."""
    try:
        parts = urlsplit(text if "//" in text or text[0] == "/" else f"/{text}")
    except ValueError:
        return 0
    if parts.netloc and parts.netloc != urlsplit(settings.SITE_URL).netloc:
        return 0
    found = PIN_PATH.fullmatch(parts.path)
    return int(found[1]) if found else 0


class DecideForm(forms.Form):
    """Which suggestions of a board are taken, and which are not: one by its button, or
    those that are marked, or all."""

    TAKE, DECLINE = DEEDS = "take", "decline"

    deed = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    all = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict | None, *, rows: SuggestionQuerySet) -> None:
        self.rows = rows
        self.one = DECISION.fullmatch(data.get("one", "")) if data else None
        if data and self.one:
            data = data.copy()
            data["deed"] = self.one[1]
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.one and not cleaned.get("all") and not self._chosen():
            raise ValidationError(_("Choose the pins first."))
        return cleaned

    def suggestions(self) -> SuggestionQuerySet:
        if self.one:
            return Suggestion.objects.filter(pk__in=self.rows, pk=int(self.one[2]))
        if self.cleaned_data["all"]:
            return self.rows
        return self.rows.filter(pk__in=self._chosen())

    def _chosen(self) -> list[int]:
        sent = (
            self.data.getlist("suggestion") if isinstance(self.data, QueryDict) else []
        )
        return [int(key) for key in sent if KEY.fullmatch(key)]


class AltForm(forms.Form):
    text = forms.CharField(
        label=_("What the picture shows"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
        error_messages={"required": _("Say what can be seen in the picture.")},
    )
