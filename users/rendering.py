"""How a field of a form is drawn: one class for all that people type into."""

from __future__ import annotations

from typing import Any

from django.forms import (
    BoundField,
    CheckboxInput,
    ClearableFileInput,
    FileInput,
    HiddenInput,
    RadioSelect,
    Widget,
)
from django.forms.renderers import DjangoTemplates

NOT_TYPED_INTO = (
    CheckboxInput,
    ClearableFileInput,
    FileInput,
    HiddenInput,
    RadioSelect,
)


class TypedField(BoundField):
    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: Widget | None = None
    ) -> dict[str, Any]:
        built = super().build_widget_attrs(attrs, widget)
        drawn = widget or self.field.widget
        # A widget with a class of its own, such as the admin's, keeps it.
        if "class" not in drawn.attrs and not isinstance(drawn, NOT_TYPED_INTO):
            built.setdefault("class", "input")
        return built


class SiteRenderer(DjangoTemplates):
    bound_field_class = TypedField
