from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.utils.translation import gettext_lazy as _

from users.models import Scope
from users.names import clean_name


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
