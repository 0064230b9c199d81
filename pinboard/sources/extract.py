"""What a product page says of its product: bytes and address in, PageFacts out.

Pure: nothing is fetched. The most deliberate statement wins (JSON-LD, then Open Graph
and product: tags, then microdata); where statements differ, or there is none, the
page's visible price decides.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pinboard.sources import statements
from pinboard.sources.addresses import same_site
from pinboard.sources.page import Page, attribute
from pinboard.sources.pictures_of_page import pictures_of
from pinboard.sources.price_of_page import price_of
from pinboard.sources.statements import Statement
from pinboard.sources.stock import availability_of
from pinboard.sources.wording import clean_line, clean_text


@dataclass
class PageFacts:
    """`price` is decimal text and `currency` an ISO code; `sources` says for each fact
    that was found where it was found."""

    title: str = ""
    description: str = ""
    images: list[str] = field(default_factory=list)
    price: str | None = None
    currency: str | None = None
    availability: str = "unknown"
    brand: str = ""
    sku: str = ""
    gtin: str = ""
    canonical: str = ""
    sources: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:  # Any: a JSON object
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> PageFacts:
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in facts.items() if key in known})


# The longest that a product's columns hold.
_LENGTHS = {"title": 200, "description": 5000, "brand": 80, "sku": 64, "gtin": 14}
# Who is asked first. A page's tags for social networks carry the site's slogan, so its
# structured data comes first for names, and its tags first for the description.
_ORDER = ("json-ld", "microdata", "meta", "page")


def read_page(content: bytes, url: str) -> PageFacts:
    page = Page(content, url)
    said = [
        statement
        for reader in (
            statements.of_json_ld,
            statements.of_meta,
            statements.of_microdata,
            statements.of_plain_page,
        )
        if (statement := reader(page)) is not None
    ]
    facts = PageFacts()
    _take_words(facts, said)
    facts.images, where = pictures_of(page, said)
    _note(facts, "images", where)
    price = price_of(page, said)
    if price:
        facts.price, facts.currency = price.amount, price.currency
        _note(facts, "price", price.source)
        if price.currency:
            _note(facts, "currency", price.currency_source)
    facts.availability, where = availability_of(page, said, has_price=bool(price))
    _note(facts, "availability", where)
    facts.canonical = _canonical(page)
    _note(facts, "canonical", "link" if facts.canonical else "")
    return facts


def _take_words(facts: PageFacts, said: list[Statement]) -> None:
    ordered = sorted(said, key=lambda statement: _ORDER.index(statement.source))
    for name, length in _LENGTHS.items():
        for statement in ordered:
            clean = clean_text if name == "description" else clean_line
            value = clean(getattr(statement, name), length)
            if value:
                setattr(facts, name, value)
                _note(facts, name, statement.source)
                break


def _canonical(page: Page) -> str:
    """The page's own address of itself, believed for the same site only."""
    node = page.tree.css_first('link[rel="canonical"][href]')
    address = page.absolute(attribute(node, "href"))
    if len(address) > 2000 or not same_site(address, page.url):
        return ""
    return address


def _note(facts: PageFacts, name: str, source: str) -> None:
    if source:
        facts.sources[name] = source
