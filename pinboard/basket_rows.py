"""A basket as a table for spreadsheets."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from pinboard.models import Pin
from pinboard.prices import decimal_of, decimal_text


def heading() -> list[str]:
    return [
        *(_("Shop"), _("Product"), _("Quantity"), _("Price"), _("Currency")),
        *(_("Line total"), _("Availability"), _("Price of"), _("Bought"), _("Address")),
    ]


def row_of(pin: Pin, *, site: str, query: str) -> list[object]:
    """Of a pin with its choice. What is sold out costs nothing: it cannot be had."""
    product, quantity = pin.product, pin.quantity
    if product is None:
        return []
    price, total = decimal_text(product), ""
    if pin.line_minor is not None and not product.is_sold_out:
        total = decimal_of(pin.line_minor, product.currency)
    day = timezone.localdate(product.price_at).isoformat() if product.price_at else ""
    return [
        *(product.shop.name, pin.shown_title, quantity, price, product.currency),
        *(total, product.get_availability_display(), day),
        _("yes") if pin.is_bought else "",
        f"{site}{pin.get_absolute_url()}{query}",
    ]
