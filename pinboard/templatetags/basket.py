"""What a basket's pages show that the template language cannot say itself."""

from __future__ import annotations

from django import template
from django.forms import BoundField

from pinboard.basket_forms import BasketForm, bought_name, quantity_name
from pinboard.models import Pin

register = template.Library()


@register.simple_tag
def basket_fields(form: BasketForm, pin: Pin) -> dict[str, BoundField]:
    """The fields of an item; none where the form that was refused did not have it."""
    if quantity_name(pin) not in form.fields:
        return {}
    return {"quantity": form[quantity_name(pin)], "bought": form[bought_name(pin)]}
