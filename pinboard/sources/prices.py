"""Price strings as shops write them: `199元`, `1.299,- €`, `US $12.99`, `¥1.2万`.

The number's grammar is price-parser's; ours are the signs of currencies, the choice of
the number that carries one, and East Asian multipliers.
"""

from __future__ import annotations

import re
from decimal import Decimal

from price_parser.parser import extract_price_text, parse_number

from pinboard.sources.currencies import (
    CODES,
    STRONG,
    THREE_DECIMALS,
    WEAK,
    WORDLIKE_CODES,
    iso_code,
)

MAX_LENGTH = 400  # no price is longer; what is, is prose
_MAX_AMOUNT = Decimal(10) ** 12

_PLAIN = str.maketrans(
    "０１２３４５６７８９．，：＋－％٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬’‘＇",
    "0123456789.,:+-%01234567890123456789.,'''",
)
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACES = re.compile(r"\s+")

_DOLLAR_CODES = "|".join(sorted(code for code in CODES if code.endswith("D")))
_DOLLAR_CODE = re.compile(rf"(?<![A-Za-z])(?:{_DOLLAR_CODES})(?=\s?\$|[\W\d]|$)")
_PREFIXED_DOLLAR = re.compile(
    r"(?<![A-Za-z])(?:AU|US|CA|NZ|HK|NT|SG|C|A|S|MX|CAD|CAN) ?\$(?!U\b)"
)
_MULTIPLIER = re.compile(
    r"(\d[\d.,]*)\s*(?:(万|萬|만)|(千|천)|(亿|億|억)|(lakhs?|lacs?)\b|(crores?)\b)",
    re.IGNORECASE,
)
_TIMES = (10**4, 10**3, 10**8, 10**5, 10**7)
_DATE = re.compile(r"\A\D{0,3}(?:\d{1,2}([./])\d{1,2}\1\d{4}|\d{4}-\d\d-\d\d)\D{0,3}\Z")
_FREE_ABOVE = re.compile(
    r"\bfree\b.{0,20}\b(?:shipping|delivery)\b.*\b(?:orders?|over|above)\b|满.{0,12}包邮",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"\d\s*(?:cm|mm|km|kg|mg|ml|oz|lbs?|ft|sqft|inch(?:es)?|GB|TB|MB|mAh|Hz|W)\b"
)
_RANGE = re.compile(r"\s*(?:-|–|—|~|to|bis|do|до|à|a|al|至|到)\s*\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[.]?\d[\d\s.,']*")
_STARTS_RIGHT = re.compile(r"\s?[:.]?\s?-?\.{0,2}\d")


def _alternatives(signs: list[str]) -> str:
    """Longest first; letters may not touch other letters of the same word."""
    parts = []
    for sign in sorted(signs, key=len, reverse=True):
        text = re.escape(sign).replace(r"\ ", r"\s?")
        before = r"(?<![^\W\d_])" if sign[0].isalpha() and _has_case(sign[0]) else ""
        is_stem = sign == "руб"  # рублей, рубля
        after = r"(?![^\W\d_])" if _has_case(sign[-1]) and not is_stem else ""
        parts.append(f"{before}{text}{after}")
    return "|".join(parts)


def _has_case(letter: str) -> bool:
    """Scripts without case (Chinese, Arabic, Thai) write their signs into the word."""
    return letter.lower() != letter.upper()


_LOWER_CODES = [code.lower() for code in ("EUR", "USD", "GBP", "PLN", "CHF", "MKD")]
_LOWER_CODES += ["sek", "nok", "dkk", "czk", "huf", "ron", "bgn", "rub", "uah", "aud"]
_LOWER_CODES += ["nzd", "sgd", "hkd", "twd", "cny", "jpy", "krw", "inr", "aed", "sar"]
_LOWER_CODES += ["byn", "kzt", "vnd", "idr", "thb", "myr", "brl", "mxn", "zar", "rmb"]
_search_sign = re.compile(_alternatives([*STRONG, *_LOWER_CODES])).search
_search_code = re.compile(_alternatives(list(CODES - WORDLIKE_CODES))).search
_WEAK = _alternatives([*WEAK, *WORDLIKE_CODES])
_search_weak = re.compile(rf"(?:{_WEAK})(?=\s?\d)|(?<=\d)\s?(?:{_WEAK})").search
_is_weak_alone = re.compile(rf"\s*(?:{_WEAK})\s*").fullmatch


def parse_price(text: str, hint: str = "") -> tuple[str | None, str | None]:
    """The amount as decimal text and the currency as it is written, None where there
    is none. `hint` is a text from beside the price; it may name the currency."""
    text, hint = _cleaned(text), _cleaned(hint)
    sign = _sign_in(text, hint)
    amount = _amount_in(text, sign)
    return (None if amount is None else f"{amount:f}"), sign


def _cleaned(text: str | None) -> str:
    text = _INVISIBLE.sub("", (text or "")[:MAX_LENGTH]).translate(_PLAIN)
    return _SPACES.sub(" ", text).strip()


def _sign_in(text: str, hint: str) -> str | None:
    for where in (text, hint):
        if "$" in where:
            found = _PREFIXED_DOLLAR.search(where) or _DOLLAR_CODE.search(where)
            if found:
                return found.group()
    for search in (_search_sign, _search_code):
        for where in (text, hint):
            if found := search(where):
                return found.group().strip()
    if found := _search_weak(text):
        return found.group().strip()
    return hint if hint and _is_weak_alone(hint) else None


def _amount_in(text: str, sign: str | None) -> Decimal | None:
    if not text or _DATE.match(text) or _FREE_ABOVE.search(text):
        return None
    if sign is None and _MEASURE.search(text):
        return None
    if found := _MULTIPLIER.search(text):
        return _multiplied(found)
    text = _from_the_priced_number(text, sign)
    number = extract_price_text(text)
    if number is None:
        return None
    amount = parse_number(number, _decimal_separator(number, sign))
    if amount is None or not 0 <= amount < _MAX_AMOUNT:
        return None
    return amount


def _multiplied(found: re.Match[str]) -> Decimal | None:
    number = parse_number(found.group(1).rstrip(".,"))
    if number is None:
        return None
    times = next(
        factor
        for factor, group in zip(_TIMES, found.groups()[1:], strict=True)
        if group
    )
    amount = number * times
    return amount.quantize(Decimal(1)) if amount == int(amount) else amount


def _from_the_priced_number(text: str, sign: str | None) -> str:
    """The text from the first number that carries the sign: "3 issues for 14,85 EUR"
    is 14,85. A range is left alone: it starts with its own first number."""
    if not sign or sign not in text:
        return text
    first: int | None = None
    end = 0
    for found in _NUMBER.finditer(text):
        start = found.start()
        if first is not None and _RANGE.match(text[end:start]):
            return text
        first = start if first is None else first
        end = found.start() + len(found.group().rstrip(" .,'"))
        before = text[:start].rstrip(" :.-")
        if before.endswith(sign) or text[end:].lstrip(" .,-–'").startswith(sign):
            return text if start == first else text[start:]
    return text


def _decimal_separator(number: str, sign: str | None) -> str | None:
    """Only what price-parser's own guess would miss."""
    digits = number.replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d{3}", digits):
        return "."
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{3}", digits):
        return ","
    if iso_code(sign) in THREE_DECIMALS and re.fullmatch(r"\d+\.\d{3}", digits):
        return "."
    return None
