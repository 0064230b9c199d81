"""Products marked up with `itemprop` (schema.org microdata)."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from pinboard.sources.page import Page, attribute, text_of

_IN_ATTRIBUTE = {
    "meta": "content",
    "link": "href",
    "a": "href",
    "img": "src",
    "time": "datetime",
    "data": "value",
    "meter": "value",
    "source": "src",
    "area": "href",
    "object": "data",
}
_TEXTUAL = frozenset({"a", "img"})  # their text where the property is a text


class Item:
    """The properties of one product, first value first."""

    def __init__(self, scope: LexborNode, page: Page) -> None:
        self._values: dict[str, list[str]] = {}
        self.urls: list[str] = []
        for node in scope.css("[itemprop]")[:600]:
            if _belongs_to_another(node, scope):
                continue
            for name in attribute(node, "itemprop").split():
                value = _value(node, name)
                if value:
                    self._values.setdefault(name.lower(), []).append(value)

    def first(self, *names: str) -> str:
        return next(
            (self._values[name][0] for name in names if name in self._values), ""
        )

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])


def main_item(page: Page) -> Item | None:
    """The product the page is about: of several, the one that is named in the headline
    or stands alone with a price; of many without a name in it, none."""
    scopes = page.tree.css(
        '[itemtype*="schema.org/Product"],[itemtype*="schema.org/IndividualProduct"]'
    )
    items = [Item(scope, page) for scope in scopes[:20] if not _is_nested(scope)]
    priced = [item for item in items if item.first("price", "lowprice")]
    headline = page.headline.casefold()
    for item in priced:
        name = item.first("name").casefold()
        if name and headline and (name in headline or headline in name):
            return item
    is_listing = len({item.first("price", "lowprice") for item in priced}) > 2
    return None if is_listing else next(iter(priced or items), None)


def loose_offer(page: Page) -> Item | None:
    """An offer without a product around it."""
    scope = page.tree.css_first(
        '[itemtype*="schema.org/Offer"],[itemtype*="AggregateOffer"]'
    )
    return Item(scope, page) if scope else None


def _is_nested(scope: LexborNode) -> bool:
    """A product inside a product or a list is one of several."""
    node = scope.parent
    for _ in range(60):
        if node is None:
            return False
        kind = attribute(node, "itemtype")
        if "ItemList" in kind or "schema.org/Product" in kind:
            return True
        node = node.parent
    return False


_OTHER_SCOPES = (
    "Review",
    "ItemList",
    "Breadcrumb",
    "Person",
    "schema.org/Product",
    "WebSite",
)


def _belongs_to_another(node: LexborNode, scope: LexborNode) -> bool:
    above = node.parent
    for _ in range(60):
        if above is None or above.mem_id == scope.mem_id:
            return False
        attributes = above.attributes
        if "itemscope" in attributes:
            kind = attributes.get("itemtype") or ""
            if any(other in kind for other in _OTHER_SCOPES):
                return True
            holder = attributes.get("itemprop") or ""
            if holder in ("isRelatedTo", "isSimilarTo", "review"):
                return True
        above = above.parent
    return False


def _value(node: LexborNode, name: str) -> str:
    if "itemscope" in node.attributes:
        named = node.css_first('[itemprop="name"]')
        if named is not None and named.mem_id != node.mem_id:
            return _value(named, "name")
    if content := attribute(node, "content"):
        return content
    where = _IN_ATTRIBUTE.get(node.tag or "")
    if where and not (node.tag in _TEXTUAL and name not in ("url", "image")):
        value = attribute(node, where)
        if value or node.tag in ("meta", "link"):
            return value
    return text_of(node, 500)
