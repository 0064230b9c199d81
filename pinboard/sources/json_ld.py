"""Products in the JSON that pages carry for search engines (schema.org).

Shops write it by string concatenation, so it is read forgivingly, and all that is
walked is walked without recursion and up to a limit.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from pinboard.sources.page import Page

# Any: parsed JSON of strangers has every shape; each read checks the shape it needs.
Json = Any

MAX_NODES = 20_000
_PRODUCT_TYPES = frozenset(
    "product productgroup individualproduct productmodel someproducts vehicle car book "
    "softwareapplication mobileapplication event musicalbum movie course "
    "apartment house accommodation".split()
)
_UNSURE_TYPES = frozenset(
    "event softwareapplication mobileapplication movie course book musicalbum "
    "apartment house accommodation".split()
)
# What hangs on these belongs to another product.
_OTHERS = frozenset(
    "isrelatedto issimilarto isaccessoryorsparepartfor isconsumablefor itemreviewed "
    "review reviews relatedproducts similarproducts".split()
)
_CONTROL = re.compile(r"[\x00-\x1f]+")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_WRAPPED = re.compile(
    r"\A\s*(?:<!--|//<!\[CDATA\[|<!\[CDATA\[|/\*.*?\*/)|(?:-->|(?://)?\]\]>)\s*;?\s*\Z",
    re.S,
)


def loads(text: str) -> list[Json]:
    """Every JSON value in the text that can be made out. Numbers stay as written:
    24.990 and 24.99 are different prices in Chile."""
    text = _WRAPPED.sub("", text).strip().rstrip(";")
    if values := _values(text):
        return values
    mended = _TRAILING_COMMA.sub(r"\1", _CONTROL.sub(" ", text))
    return _values(mended) or _values(html.unescape(mended))


def _values(text: str) -> list[Json]:
    decoder = json.JSONDecoder(strict=False, parse_float=str, parse_int=str)
    values: list[Json] = []
    position = 0
    while position < len(text) and len(values) < 50:
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


def types_of(node: Json) -> set[str]:
    said = node.get("@type") if isinstance(node, dict) else None
    names = said if isinstance(said, list) else [said]
    return {
        str(name).rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1].lower()
        for name in names
        if isinstance(name, str)
    }


def products_in(values: list[Json]) -> Iterator[dict[str, Json]]:
    """Products in reading order; those of lists and of other products left out."""
    waiting: list[tuple[Json, int]] = [(value, 0) for value in reversed(values)]
    seen = 0
    while waiting and seen < MAX_NODES:
        node, depth = waiting.pop()
        seen += 1
        if depth > 12:
            continue
        if isinstance(node, list):
            waiting.extend((item, depth + 1) for item in reversed(node))
            continue
        if not isinstance(node, dict):
            continue
        kinds = types_of(node)
        if kinds & _PRODUCT_TYPES:
            yield node
            continue
        if "itemlist" in kinds or "breadcrumblist" in kinds:
            continue
        waiting.extend(
            (value, depth + 1)
            for key, value in reversed(node.items())
            if key.lower() not in _OTHERS and isinstance(value, (dict, list))
        )


def blocks_of(page: Page) -> list[Json]:
    values: list[Json] = []
    for node in page.tree.css('script[type*="ld+json"]')[:100]:
        text = node.text(deep=True)
        if len(text) <= 1_000_000:
            values += loads(text)
    return values


def main_product(page: Page) -> dict[str, Json] | None:
    """The product the page is about: with an offer rather than without, of a sure kind
    rather than an event or a book, then the one that shares the page's headline."""
    found = list(products_in(blocks_of(page)))[:200]
    if not found:
        return None
    headline = page.headline.casefold()

    def rank(node: dict[str, Json]) -> tuple[bool, bool, bool]:
        name = text(node.get("name")).casefold()
        is_named = bool(headline and name and (name in headline or headline in name))
        is_sure = not types_of(node) <= _UNSURE_TYPES
        return bool(node.get("offers") or node.get("hasVariant")), is_sure, is_named

    return max(found, key=rank)  # the first of equals


def text(value: Json) -> str:
    """A text wherever schema.org allows a text, a thing with a name, or a list."""
    for _ in range(5):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or value.get("value") or ""
        else:
            break
    return html.unescape(value).strip() if isinstance(value, str) else ""


def urls(value: Json) -> list[str]:
    """Addresses of pictures: a text, an ImageObject, or a list of either."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < 40:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting = item[:40] + waiting
        elif isinstance(item, dict):
            waiting.insert(
                0, item.get("contentUrl") or item.get("url") or item.get("@id") or ""
            )
        elif isinstance(item, str) and item.strip():
            found.append(html.unescape(item))
    return found
