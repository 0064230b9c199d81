from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from users.models import Scope
from users.names import clean_name, clean_username
from users.passwords import is_own_password


class LogInForm(LoginForm):  # type: ignore[misc]  # allauth is untyped
    """allauth's, with a label that says what may be typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)  # it would repeat the label
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class TokenForm(forms.Form):
    """A key for a program: what it is for, and what it may do."""

    name = forms.CharField(label=_("What is it for"), max_length=60)
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing it may do.")},
    )

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"]) or "token"


class CloseAccountForm(forms.Form):
    """Deliberately: the password again, or the name of an account that has none."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    username = forms.CharField(
        label=_("Your user name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    is_sure = forms.BooleanField(
        label=_("Close my account for good."),
        error_messages={"required": _("Tick this box if you are sure.")},
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        user = request.user
        has_password = user.is_authenticated and user.has_usable_password()
        del self.fields["username" if has_password else "password"]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not is_own_password(self.request, password):
            raise ValidationError(_("This is not your password."))
        return password

    def clean_username(self) -> str:
        name = clean_username(self.cleaned_data["username"])
        if name != self.request.user.get_username():
            raise ValidationError(_("This is not your user name."))
        return name
