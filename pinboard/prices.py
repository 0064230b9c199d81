"""How a currency is divided. Prices are kept as whole minor units everywhere."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinboard.models import Product

NO_DECIMALS = frozenset({"CLP", "JPY", "KRW", "VND"})


def decimals_of(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 2


def decimal_text(product: Product) -> str:
    """`199.00`, as programs read it; empty for no price."""
    if product.price_minor is None:
        return ""
    return decimal_of(product.price_minor, product.currency)


def decimal_of(minor: int, currency: str) -> str:
    """19900 and `"CNY"` -> `199.00`."""
    decimals = decimals_of(currency)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f}"
