"""Money as integer minor units of a currency, rates as integer basis points.

One rounding in the whole program: down, to the disadvantage of no sum, because the
rest of every split is somebody's too (the site's).
"""

from __future__ import annotations

import re

from commerce.exceptions import MalformedAmount
from pinboard.prices import decimals_of

BASIS = 10_000  # basis points in a whole

# ASCII digits only: full-width digits, exponents, signs and separators are refused.
_AMOUNT = re.compile(r"\A[0-9]{1,12}(?:\.[0-9]{1,2})?\Z")


def share_of(amount_minor: int, *, rate_bp: int) -> int:
    """`rate_bp` of an amount, rounded down to a whole minor unit."""
    return amount_minor * rate_bp // BASIS


def minor_units(text: object, currency: str) -> int:
    """`"199.00"`, `"CNY"` -> 19900. Raises MalformedAmount for all but a plain text."""
    if not isinstance(text, str) or not _AMOUNT.match(text):
        raise MalformedAmount(text)
    whole, _, fraction = text.partition(".")
    decimals = decimals_of(currency)
    if len(fraction) > decimals:
        if fraction.strip("0"):
            raise MalformedAmount(text)
        fraction = ""
    return int(whole + fraction.ljust(decimals, "0"))


def amount_text(minor: int, currency: str) -> str:
    """19900, `"CNY"` -> `"199.00"`: the form of reports, postbacks and CSV."""
    decimals = decimals_of(currency)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(decimals + 1, "0")
    if not decimals:
        return sign + digits
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


SIGNS = {
    "CNY": "¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "JPY": "JP¥",
    "KRW": "₩",
    "TWD": "NT$",
    "USD": "$",
}


def money_shown(minor: int, currency: str, *, exact: bool = False) -> str:
    """For people: ¥219, $18.99, ¥96,310. `exact` keeps the decimals of ¥8.00."""
    whole, _, fraction = amount_text(abs(minor), currency).partition(".")
    amount = f"{int(whole):,}"
    if fraction and (exact or int(fraction)):
        amount += f".{fraction}"
    sign = "−" if minor < 0 else ""
    return f"{sign}{SIGNS.get(currency, f'{currency} ')}{amount}"


def percent_shown(rate_bp: int) -> str:
    """800 -> 8%, 850 -> 8.5%."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"


def part_shown(part: int, whole: int) -> str:
    """How much of the whole it is, in per cent with one decimal, at most all of it."""
    tenths = min(part * 1000 // whole, 1000) if whole else 0
    return f"{tenths // 10}.{tenths % 10}"
