"""What each part of a page says of the product, in its own words, before anything is
believed. One reader for each kind of markup; extract.py decides between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pinboard.sources import json_ld, microdata
from pinboard.sources.offers import gtin_in, offer_of
from pinboard.sources.page import Page, attribute


@dataclass
class Statement:
    source: str
    title: str = ""
    description: str = ""
    images: list[str] = field(default_factory=list)
    price: str = ""
    currency: str = ""
    availability: str = ""
    brand: str = ""
    sku: str = ""
    gtin: str = ""


def of_json_ld(page: Page) -> Statement | None:
    product = json_ld.main_product(page)
    if product is None:
        return None
    offer = offer_of(product, page.url)
    return Statement(
        source="json-ld",
        title=json_ld.text(product.get("name")),
        description=json_ld.text(product.get("description")),
        images=json_ld.urls(product.get("image")),
        price=offer.price if offer else "",
        currency=offer.currency if offer else "",
        availability=offer.availability if offer else "",
        brand=json_ld.text(product.get("brand"))
        or json_ld.text(product.get("manufacturer")),
        sku=json_ld.text(product.get("sku"))
        or (offer.sku if offer else "")
        or json_ld.text(product.get("productID"))
        or json_ld.text(product.get("mpn")),
        gtin=gtin_in(product) or (offer.gtin if offer else ""),
    )


def of_meta(page: Page) -> Statement | None:
    """Open Graph, the product: vocabulary, and Twitter's cards."""
    said: dict[str, list[str]] = {}
    for node in page.tree.css("meta[content]")[:500]:
        name = attribute(node, "property") or attribute(node, "name")
        value = attribute(node, "content")
        if name and value:
            said.setdefault(name.lower(), []).append(value)

    def first(*names: str) -> str:
        return next((said[name][0] for name in names if name in said), "")

    price = first("product:sale_price:amount", "product:price:amount")
    return Statement(
        source="meta",
        title=first("og:title", "twitter:title"),
        description=first("og:description", "description", "twitter:description"),
        images=[
            *said.get("og:image:secure_url", []),
            *said.get("og:image", []),
            *said.get("og:image:url", []),
            *said.get("twitter:image", []),
            *said.get("twitter:image:src", []),
        ],
        price=price or first("og:price:amount", "og:price", "product:price"),
        currency=first(
            "product:sale_price:currency"
            if "product:sale_price:amount" in said
            else "-",
            "product:price:currency",
            "og:price:currency",
            "og:currency",
        ),
        availability=first("product:availability", "og:availability"),
        brand=first("product:brand", "og:brand"),
        sku=first("product:retailer_item_id", "product:sku", "product:product_id"),
        gtin=first("product:ean", "product:gtin", "product:upc", "product:isbn"),
    )


def of_microdata(page: Page) -> Statement | None:
    item = microdata.main_item(page) or microdata.loose_offer(page)
    if item is None:
        return None
    return Statement(
        source="microdata",
        title=item.first("name"),
        description=item.first("description"),
        images=item.all("image"),
        price=item.first("price", "lowprice"),
        currency=item.first("pricecurrency"),
        availability=item.first("availability"),
        brand=item.first("brand", "manufacturer"),
        sku=item.first("sku", "productid", "mpn"),
        gtin=item.first("gtin13", "gtin14", "gtin12", "gtin8", "gtin", "isbn"),
    )


def of_plain_page(page: Page) -> Statement:
    """What every page has: a heading, a title."""
    return Statement(source="page", title=page.headline or page.title)
