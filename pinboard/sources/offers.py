"""Which of the offers in a product's JSON-LD is the price of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from pinboard.sources import json_ld
from pinboard.sources.json_ld import Json

_MAX_OFFERS = 300


@dataclass(frozen=True)
class Offer:
    price: str
    currency: str
    availability: str
    url: str = ""
    sku: str = ""
    gtin: str = ""


def offer_of(product: dict[str, Json], page_url: str) -> Offer | None:
    """The offer for the very address, else the first that has a price."""
    offers = _offers(product)
    if not offers:
        return None
    priced = [offer for offer in offers if offer.price.strip("0.,")] or offers
    at_page = next((offer for offer in priced if _is_at(offer, page_url)), None)
    if at_page is not None:
        return at_page
    # Of sizes and sellers one that can be bought is enough.
    available = (
        offer.availability for offer in offers if "InStock" in offer.availability
    )
    availability = next(available, priced[0].availability)
    return replace(priced[0], availability=availability)


def _offers(product: dict[str, Json]) -> list[Offer]:
    found: list[Offer] = []
    waiting: list[Json] = [product.get("offers"), product.get("hasVariant")]
    while waiting and len(found) < _MAX_OFFERS:
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting = node[:_MAX_OFFERS] + waiting
            continue
        if not isinstance(node, dict):
            continue
        if "product" in json_ld.types_of(node):  # a variant carries its own offers
            waiting = [node.get("offers"), *waiting]
            continue
        offer = _offer(node)
        if not offer.price and node.get("offers"):
            waiting = [node["offers"], *waiting]
            continue
        found.append(offer)
    return found


def _offer(node: dict[str, Json]) -> Offer:
    specification = _specification(node.get("priceSpecification"))
    price = (
        _scalar(node.get("price"))
        or _scalar(specification.get("price"))
        or _scalar(specification.get("minPrice"))
        or _scalar(node.get("lowPrice"))
    )
    item = node.get("itemOffered")
    item = item if isinstance(item, dict) else {}
    return Offer(
        price=price,
        currency=json_ld.text(node.get("priceCurrency"))
        or json_ld.text(specification.get("priceCurrency")),
        availability=_availability(node.get("availability")),
        url=_scalar(node.get("url")),
        sku=_scalar(node.get("sku")) or _scalar(item.get("sku")),
        gtin=gtin_in(node) or gtin_in(item),
    )


def _availability(value: Json) -> str:
    return _scalar(value.get("@id")) if isinstance(value, dict) else json_ld.text(value)


def _specification(value: Json) -> dict[str, Json]:
    """The price one pays: no struck-out list price, no price per kilogram."""
    nodes = value if isinstance(value, list) else [value]
    nodes = [node for node in nodes[:20] if isinstance(node, dict)]
    for node in nodes:
        kind = str(node.get("priceType") or "")
        if (
            "List" not in kind
            and "Strike" not in kind
            and not node.get("referenceQuantity")
        ):
            return dict(node)
    return dict(nodes[0]) if nodes else {}


def gtin_in(node: dict[str, Json]) -> str:
    for key in ("gtin13", "gtin14", "gtin12", "gtin8", "gtin", "ean", "isbn", "upc"):
        digits = _scalar(node.get(key)).replace("-", "").replace(" ", "")
        if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14:
            return digits
    return ""


def _scalar(value: Json) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@value") or value.get("value")
    return str(value).strip()[:200] if isinstance(value, (str, int, float)) else ""


def _is_at(offer: Offer, page_url: str) -> bool:
    """The offer's address is the page's, or the page's query names its article."""
    if not offer.url and not offer.sku:
        return False
    try:
        page, own = urlsplit(page_url), urlsplit(offer.url)
    except ValueError:
        return False
    asked = dict(parse_qsl(page.query))
    if offer.sku and offer.sku in asked.values():
        return True
    named = dict(parse_qsl(own.query))
    return bool(
        named
        and own.path == page.path
        and all(asked.get(k) == v for k, v in named.items())
    )
