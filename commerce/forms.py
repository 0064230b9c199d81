"""What earners and retailers fill in. A form checks and saves nothing."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from commerce.exceptions import MalformedAmount
from commerce.models import PayoutAccount, Programme
from commerce.money import minor_units, percent_shown
from pinboard.models import Availability, Product
from pinboard.pictures.header import content_of
from pinboard.sources.wording import clean_text
from users.names import clean_name
from users.passwords import is_own_password

LARGEST_RATE_BP = 5000  # what the database allows; a programme allows less
_RATE = re.compile(r"[0-9]{1,2}(?:[.,][0-9]{1,2})?")
_NUMBER = re.compile(r"[0-9A-Za-z@.+_-]{4,60}")


class PayoutAccountForm(forms.ModelForm):  # type: ignore[type-arg]  # at run time it is none
    """Where to pay. Who sits at an open screen is asked for the password again."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("Asked again, because this is where your money goes."),
    )

    class Meta:
        model = PayoutAccount
        fields = ["method", "holder", "number"]
        labels = {
            "method": _("Pay by"),
            "holder": _("Account holder"),
            "number": _("Account number or Alipay name"),
        }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["number"].widget.attrs["autocomplete"] = "off"

    def clean_holder(self) -> str:
        holder = clean_name(self.cleaned_data["holder"])
        if not holder:
            raise ValidationError(_("Write the name that the account is in."))
        return holder

    def clean_number(self) -> str:
        number = re.sub(r"\s", "", self.cleaned_data["number"])
        if not _NUMBER.fullmatch(number):
            raise ValidationError(
                _("Use 4 to 60 letters, digits and the signs @ . + _ -")
            )
        return number

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not is_own_password(self.request, password):
            raise ValidationError(_("This is not your password."))
        return password


class ShopChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # at run time it is none
    """A programme, by the name that its buyers know."""

    def label_from_instance(self, obj: Model) -> str:
        return str(getattr(obj, "shop", None) or obj)


class OrderClaimForm(forms.Form):
    """An order that came by one's pin and is not among one's earnings."""

    programme = ShopChoice(
        label=_("Where it was bought"),
        queryset=Programme.objects.none(),
        empty_label=_("Choose a shop"),
        error_messages={"required": _("Choose the shop.")},
    )
    order_no = forms.CharField(
        label=_("Order number"),
        max_length=64,
        help_text=_("As it stands in the shop's confirmation; your buyer has it."),
        error_messages={"required": _("Write the order number.")},
    )
    note = forms.CharField(
        label=_("What happened"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Which pin it was and when. A reviewer reads it."),
    )

    def __init__(
        self, *args: Any, programmes: QuerySet[Programme], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["programme"]
        field.queryset = programmes  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["order_no"].widget.attrs |= {
            "autocomplete": "off",
            "spellcheck": "false",
        }

    def clean_order_no(self) -> str:
        number = clean_name(self.cleaned_data["order_no"])
        if not number or not number.isprintable():
            raise ValidationError(_("Write the order number as the shop shows it."))
        return number

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"], 500)


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why we should look again"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Say why we should look again.")},
        help_text=_("What we could not know: who bought, where you share your pins."),
    )


class ShopForm(forms.Form):
    """A shop of one's own."""

    name = forms.CharField(label=_("Name of the shop"), max_length=80)
    host = forms.CharField(
        label=_("Its domain"),
        max_length=253,
        required=False,
        help_text=_("Such as shop.example. Leave it empty for a marketplace's shop."),
    )
    description = forms.CharField(
        label=_("About it"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise ValidationError(_("Give the shop a name."))
        return name

    def clean_host(self) -> str:
        host = self.cleaned_data["host"].strip().lower()
        host = re.sub(r"^https?://", "", host).rstrip("/")
        label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
        if host and not re.fullmatch(rf"(?:{label}\.)+{label}", host):
            raise ValidationError(_("This is no domain. Write it like shop.example."))
        return host


class ProductForm(forms.Form):
    """A product of one's shop, with the rate its programme lets it choose."""

    image = forms.FileField(label=_("Picture"), required=False)
    title = forms.CharField(label=_("Title"), max_length=200)
    url = forms.URLField(
        label=_("Product page"), max_length=2000, assume_scheme="https"
    )
    sku = forms.CharField(label=_("SKU"), max_length=64)
    price = forms.CharField(
        label=_("Price"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    currency = forms.RegexField(
        r"\A[A-Z]{3}\Z",
        label=_("Currency"),
        error_messages={"invalid": _("Three capital letters, such as CNY.")},
    )
    availability = forms.ChoiceField(
        label=_("Availability"),
        choices=Availability.choices,
        initial=Availability.IN_STOCK,
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    rate = forms.CharField(
        label=_("Commission rate, per cent"),
        max_length=6,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    def __init__(
        self,
        *args: Any,
        programme: Programme | None,
        product: Product | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.programme = programme
        self.fields["image"].required = product is None
        if product is not None:
            # The SKU is how a product is known; without one its address is.
            self.fields["sku" if product.sku else "url"].disabled = True
        if programme is None:
            del self.fields["rate"]
            return
        self.fields["currency"].initial = programme.currency
        self.fields["rate"].help_text = _(
            "%(lowest)s to %(highest)s. Empty: the programme's own rate."
        ) % {
            "lowest": percent_shown(programme.min_rate_bp),
            "highest": percent_shown(programme.max_rate_bp),
        }

    def clean_image(self) -> bytes | None:
        image = self.cleaned_data["image"]
        if image is None:
            return None
        if image.size > settings.UPLOAD_MAX_BYTES:
            raise ValidationError(_("This file is larger than 20 MB."))
        content = content_of(image)
        return content

    def clean_title(self) -> str:
        title = clean_name(self.cleaned_data["title"])
        if not title:
            raise ValidationError(_("Give the product a title."))
        return title

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.startswith(("https://", "http://")):
            raise ValidationError(_("Give the whole address, with https://."))
        return url

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"]
        if self.programme and currency != self.programme.currency:
            raise ValidationError(
                _("Your programme settles in %(currency)s.")
                % {"currency": self.programme.currency}
            )
        return currency

    def clean_rate(self) -> int | None:
        text = self.cleaned_data["rate"].strip()
        return rate_in_bp(text, self.programme) if text and self.programme else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "price" in cleaned and "currency" in cleaned:
            text = cleaned["price"].strip().replace(" ", "")
            try:
                cleaned["price_minor"] = minor_units(text, cleaned["currency"])
            except MalformedAmount as error:
                self.add_error("price", str(error.for_user))
        return cleaned


class RateForm(forms.Form):
    """A rate to try on the orders of last month, or to set from now on."""

    rate = forms.CharField(
        label=_("Commission rate, per cent"),
        max_length=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programme = programme
        self.fields["rate"].help_text = _("%(lowest)s to %(highest)s.") % {
            "lowest": percent_shown(programme.min_rate_bp),
            "highest": percent_shown(programme.max_rate_bp),
        }

    def clean_rate(self) -> int:
        return rate_in_bp(self.cleaned_data["rate"].strip(), self.programme)


def rate_in_bp(text: str, programme: Programme) -> int:
    """8 or 8.5, inside what the programme allows."""
    text = text.removesuffix("%").strip()
    if not _RATE.fullmatch(text):
        raise ValidationError(_("Write the rate like 8 or 8.5."))
    whole, _point, rest = text.replace(",", ".").partition(".")
    rate_bp = int(whole) * 100 + int(rest.ljust(2, "0") or 0)
    if rate_bp < programme.min_rate_bp:
        raise ValidationError(
            _("The lowest rate is %(rate)s.")
            % {"rate": percent_shown(programme.min_rate_bp)}
        )
    if rate_bp > programme.max_rate_bp:
        raise ValidationError(
            _("The highest rate is %(rate)s.")
            % {"rate": percent_shown(programme.max_rate_bp)}
        )
    return rate_bp
