"""Prices that a page tells its own scripts and its visitors' counters.

What shops report to advertisers about the page in view (`ViewContent`,
`ecommerce.detail`) is about its product alone. Any other `"price":` may be about a
neighbour, so it counts only where all of them agree.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from itertools import islice

from pinboard.sources.currencies import CODES
from pinboard.sources.page import Page
from pinboard.sources.prices import parse_price
from pinboard.sources.statements import Statement

_VALUE = r"[\"']?\s{0,9}[:=]\s{0,9}[\"']?(\d[\d.,]{0,15})"
# What announces a report, and what must follow it within the next characters: looked
# for in steps, for one expression over both would take a hostile page's whole square.
_REPORTS = (
    (
        re.compile(r"\bdetail[\"']?\s{0,9}:\s{0,9}\{"),
        re.compile(rf"[^<>]{{0,200}}?products[^<>]{{0,500}}?\bprice{_VALUE}"),
    ),
    (
        re.compile(r"ViewContent|view_item\b|viewItem|viewProduct|productDetail"),
        re.compile(rf"[^<>]{{0,500}}?\b(?:value|price){_VALUE}"),
    ),
    (
        re.compile(r"\b(?:ecomm_totalvalue|ecomm_pvalue|dynx_totalprice)"),
        re.compile(_VALUE),
    ),
    (
        re.compile(r"\b(?:product_?price|item_?price|prod_?price)", re.IGNORECASE),
        re.compile(_VALUE),
    ),
)
_MAX_REPORTS = 20
_CURRENT = re.compile(
    rf"[\"'](?:sale|final|current|special|selling|discounted|offer)_?price{_VALUE}",
    re.IGNORECASE,
)
_PRICE = re.compile(rf"[\"']price(?:Amount|Value)?{_VALUE}")
_ATTRIBUTE = re.compile(
    r"\sdata-(?:product-|item-)?price(?:-amount|-value)?=\"(\d[\d.,]{0,15})\""
)
_CURRENCY = re.compile(
    r"[\"']?(?:priceCurrency|currencyCode|currency_code|currency|currencyIso\w{0,9})"
    r"[\"']?\s*[:=]\s*[\"']([A-Z]{3})[\"']"
)
_LINKED_DATA = re.compile(r"<script[^>]{0,200}ld\+json.{0,500000}?</script>", re.S)


class Scripts:
    """The text of a page's scripts and data attributes, quotes made plain."""

    def __init__(self, page: Page) -> None:
        text = page.html.replace("&quot;", '"').replace("&#34;", '"')
        self._text = _LINKED_DATA.sub(" ", text.replace('\\"', '"'))

    def currencies(self) -> list[str]:
        """The codes that are spoken of, the most frequent first."""
        said = Counter(_CURRENCY.findall(self._text)).most_common(5)
        return [code for code, _ in said if code in CODES][:3]

    def reported(self) -> Statement | None:
        for start, rest in _REPORTS:
            for found in islice(start.finditer(self._text), _MAX_REPORTS):
                following = rest.match(self._text[found.end() : found.end() + 800])
                if following and _amount(following[1]):
                    return Statement("script", price=following[1].rstrip(".,"))
        return None

    def agreed(self) -> Statement | None:
        """The one price that all mentions of a price agree on."""
        for pattern in (_CURRENT, _PRICE, _ATTRIBUTE):
            texts = pattern.findall(self._text)[:300]
            amounts = {amount: text for text in texts if (amount := _amount(text))}
            if amounts:
                text = next(iter(amounts.values())).rstrip(".,")
                return Statement("script", price=text) if len(amounts) == 1 else None
        return None


def _amount(text: str) -> Decimal:
    amount, _ = parse_price(text.rstrip(".,"))
    return Decimal(amount or 0)
