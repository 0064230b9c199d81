"""What is filled in about wish lists, by those who make them and by their guests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.discovery.gifts import Wish
from pinboard.models import GiftList, Pin
from pinboard.models.gift import MOST_WANTED
from users.names import clean_name, clean_title

LATEST = timedelta(days=3 * 366)


class GiftListForm(forms.Form):
    occasion = forms.CharField(label=_("Occasion"), max_length=80)
    reveal_on = forms.DateField(
        label=_("Reveal date"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(
        self, *args: Any, gift_list: GiftList | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if gift_list and not gift_list.is_revealed:
            day = gift_list.reveal_on.isoformat()
            self.initial = {"occasion": gift_list.occasion, "reveal_on": day}

    def clean_occasion(self) -> str:
        occasion = clean_title(self.cleaned_data["occasion"])
        if not occasion:
            raise ValidationError(_("Name the occasion."), code="required")
        return occasion

    def clean_reveal_on(self) -> date:
        day: date = self.cleaned_data["reveal_on"]
        today = timezone.localdate()
        if day <= today:
            raise ValidationError(_("Choose a day from tomorrow on."))
        if day > today + LATEST:
            raise ValidationError(_("Choose a day within the next three years."))
        return day


class WantedForm(forms.Form):
    """How many pieces are wanted, a number for each pin of the page."""

    def __init__(
        self, *args: Any, pins: Iterable[Pin], wanted: dict[int, int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for pin in pins:
            field = forms.IntegerField(
                label=pin.shown_title,
                initial=wanted.get(pin.pk, 1),
                min_value=1,
                max_value=MOST_WANTED,
                error_messages=_numbers(MOST_WANTED),
            )
            field.widget.attrs["class"] = "input"
            self.fields[f"wanted-{pin.pk}"] = field

    def wanted(self) -> dict[int, int]:
        return {
            int(name.removeprefix("wanted-")): number
            for name, number in self.cleaned_data.items()
        }


class ClaimForm(forms.Form):
    """A promise. Who has an account gives the name of it."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=40,
        error_messages={"required": _("Say who gives it.")},
    )
    quantity = forms.IntegerField(label=_("How many"), min_value=1, initial=1)
    shows_name = forms.BooleanField(
        label=_("Show my name to other guests"), required=False
    )

    def __init__(
        self, *args: Any, wish: Wish, has_account: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if has_account:
            del self.fields["name"]
        if wish.wanted == 1:
            del self.fields["quantity"]
            return
        field = self.fields["quantity"]
        field.error_messages |= _numbers(wish.wanted)
        field.validators += forms.IntegerField(max_value=wish.wanted).validators
        field.widget.attrs |= {"max": max(wish.for_me, 1)}
        field.initial = wish.mine or 1

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise ValidationError(_("Say who gives it."), code="required")
        return name

    def clean(self) -> dict[str, Any]:
        return {"quantity": 1, "name": ""} | (super().clean() or self.cleaned_data)


class ThanksForm(forms.Form):
    text = forms.CharField(label=_("A word of thanks"), max_length=280, required=False)


def _numbers(most: int) -> dict[str, Any]:
    asked = _("Give a whole number from 1 to %(n)d.") % {"n": most}
    return dict.fromkeys(("invalid", "min_value", "max_value", "required"), asked)
