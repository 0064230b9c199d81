"""Amounts in words and in the protocol's decimal texts. The marketplace's own: it may
import nothing of the site, which reads these texts by rules of its own."""

from __future__ import annotations

NO_DECIMALS = frozenset({"CLP", "JPY", "KRW", "VND"})
SIGNS = {"CNY": "¥", "EUR": "€", "GBP": "£", "USD": "$"}


def amount_text(minor: int, currency: str) -> str:
    if currency in NO_DECIMALS:
        return str(minor)
    return f"{minor // 100}.{minor % 100:02}"


def price_shown(minor: int, currency: str) -> str:
    text = amount_text(minor, currency)
    sign = SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{currency} {text}"


def minor_of(text: str, currency: str) -> int | None:
    """What a person typed at the desk; None for what is no amount."""
    whole, _, fraction = text.strip().partition(".")
    decimals = 0 if currency in NO_DECIMALS else 2
    if not (whole.isascii() and whole.isdigit()) or len(fraction) > decimals:
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    return int(whole + fraction.ljust(decimals, "0"))
