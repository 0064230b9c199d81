"""Whether a page sells its product now."""

from __future__ import annotations

import re

from pinboard.sources.page import Page, attribute, text_of
from pinboard.sources.statements import Statement

_IN_STOCK = frozenset(
    "instock limitedavailability onlineonly instoreonly preorder presale madetoorder "
    "available availablefororder limited lowstock yes true 1 onstock".split()
)
_SOLD_OUT = frozenset(
    "outofstock soldout discontinued oos unavailable notavailable pending no false 0 "
    "reserved".split()
)
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_SOLD_OUT_TEXT = re.compile(
    r"\b(?:out of stock|sold out|currently unavailable|no longer available|"
    r"not available|nicht verfügbar|derzeit nicht|ausverkauft|nicht auf lager|"
    r"rupture de stock|épuisé|agotado|sin stock|esgotado|esaurito|"
    r"non disponibile|vyprodáno|vypredané|"
    r"нет в наличии|распродан|loppunut|slut i lager|uitverkocht|wyprzedan|otsas)|"
    r"缺货|售罄|已下架|补货|完售|售完|在庫切れ|품절",
    re.IGNORECASE,
)
_BUY_TEXT = re.compile(
    r"\b(?:add to (?:cart|bag|basket|trolley)|buy now|in den warenkorb|"
    r"ajouter au panier|añadir|agregar al carr|comprar|adicionar|aggiungi|do košíku|"
    r"do koszyka|в корзину|купить|lisää ostoskoriin|lisa ostukorvi|osta|legg i|köp|"
    r"in winkelwagen|ielikt grozā|pirkt|sepete ekle|לסל|הוסף)|"
    r"加入购物车|加入購物車|立即购买|立即購買|カート|장바구니|구매하기|أضف",
    re.IGNORECASE,
)

_BUTTONS = (
    'button,input[type="submit"],input[type="button"],[role="button"],'
    'a[class*="buy" i],a[class*="cart" i],a[class*="btn" i],[id*="addtocart" i]'
)
_ABOUT_STOCK = (
    '[class*="stock" i],[class*="availab" i],[id*="stock" i],[id*="availab" i],'
    '[class*="sold" i]'
)


def availability_of(
    page: Page, said: list[Statement], *, has_price: bool
) -> tuple[str, str]:
    """in_stock, sold_out or unknown, and where that stands."""
    for statement in said:
        if state := _stated(statement.availability):
            return state, statement.source
    if state := _visible(page, has_price=has_price):
        return state, "page"
    return "unknown", ""


def _stated(text: str) -> str:
    word = _NOT_LETTERS.sub("", text.rstrip("/").rsplit("/", 1)[-1].lower())
    if word in _SOLD_OUT:
        return "sold_out"
    return "in_stock" if word in _IN_STOCK else ""


def _visible(page: Page, *, has_price: bool) -> str:
    """A button to buy says it is there. Without one, the words of absence do, where
    they stand in what is called availability."""
    if has_price:
        for node in page.tree.css(_BUTTONS)[:400]:
            text = text_of(node, 80) or attribute(node, "value")
            text = text or attribute(node, "title") or attribute(node, "aria-label")
            if _BUY_TEXT.search(text) and "disabled" not in node.attributes:
                return "in_stock"
    for node in page.tree.css(_ABOUT_STOCK)[:60]:
        text = text_of(node, 200)
        if len(text) < 120 and _SOLD_OUT_TEXT.search(text):
            return "sold_out"
    return ""
