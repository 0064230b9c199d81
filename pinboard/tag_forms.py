"""Tags in a form: one line of text there, a list of names here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pinboard.exceptions import PinboardError
from pinboard.tag_names import names_in


class TagsField(forms.CharField):
    """Suggested as one types by tags.js, by what `data-tags` marks."""

    def __init__(self, **kwargs: Any) -> None:
        given: dict[str, Any] = {"label": _("Tags"), "max_length": 1000}
        super().__init__(required=False, **(given | kwargs))
        self.widget.attrs |= {"data-tags": "", "autocomplete": "off"}

    def prepare_value(self, value: object) -> object:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: str | None) -> list[str]:
        text: str = super().clean(value)
        try:
            return names_in(text)
        except PinboardError as error:
            raise ValidationError(str(error.for_user), code=error.code) from error
