"""The price as a person sees it, for pages whose markup does not say it.

Every short text with a number is a candidate. What it is called (`sale-price`,
`old-price`), what it stands in (a related product, the cart), how far below the
headline it is and what else repeats the same amount make a score; only a clear best
one is believed. No rule is about one shop.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from selectolax.lexbor import LexborNode

from pinboard.sources.currencies import WEAK, iso_code
from pinboard.sources.page import Page, attribute, text_of
from pinboard.sources.prices import parse_price

MAX_CANDIDATES = 400
_MAX_NODES = 150_000
# (score, lead over the next amount) of which one pair must be reached.
_ENOUGH = ((2.0, 0.0), (1.2, 0.4), (0.3, 1.5), (0.0, 2.5))

_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"[^a-zà-ÿа-я0-9]+|(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[a-z])")
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_SPLIT_CENTS = re.compile(r"(\d)\s*([.,])\s*(\d\d)(?!\d)")
_RAISED_CENTS = re.compile(r"(?<![\d.,])(\d{1,4}) (\d\d)(?![\d.,])")
_SPACES = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_TWICE = re.compile(r"(\d[\d.,]*) (\d[\d.,]*)")  # for eyes and for screen readers
_WITH_CENTS = re.compile(r"\D{0,4}\d[\d., ]*? ?[.,]? ?\d\d\D{0,4}\Z")
_BARE_NUMBER = re.compile(r"\D{0,2}\d[\d.,' ]*(?:,-|\.-|,–)?\D{0,3}\Z")
_WORD_WITH_DIGITS = re.compile(r"[A-Za-z]\d+[A-Za-z]|[A-Za-z]{4,}\d|\d[A-Za-z]{4,}")
_OLD_TEXT = re.compile(
    r"\b(?:was|list price|rrp|msrp|uvp|statt|vorher|avant|antes|before|regular|normal|"
    r"retail|compare|starting|instead|prima|původn|běžn|старая)|"
    r"原价|原價|市价|市價|定价|定價|建议售价|建議售價|参考价|정가",
    re.IGNORECASE,
)
_CURRENT_TEXT = re.compile(
    r"\b(?:now|sale|our price|today|jetzt|ahora|maintenant|nur|only|price|preis|cena|"
    r"prix|precio|prezzo|цена)\b|特价|特價|促销价|现价|現價|直購價|到手价|券后|售价|售價",
    re.IGNORECASE,
)
_OTHER_TEXT = re.compile(
    r"\b(?:sav(?:e|ings?)|off|shipping|delivery|free|month|mo|per|over|orders?|"
    r"spar|risparm|ahorr|économ|versand|livraison|envío|rate|gratis|points?|bids?|"
    r"total|deposit|under|up to|excl|code|item|ref|sku|id|no)\b|期|免運|包邮|满|滿",
    re.IGNORECASE,
)

_PRICE = frozenset(
    "price prices pricing preis preise prix precio precios preco preço prezzo cena "
    "cene cenu hinta pris prijs fiyat kaina hind ar цена tsena price's pricebox "
    "priceblock pricetag amount cost".split()
)
_CURRENT = frozenset(
    "current sale sales special final now our ourprice offer actual promo new main "
    "buy buybox selling reduced discounted today pay payable total akcia aktuell "
    "deal best ok".split()
)
_OLD = frozenset(
    "old was original regular list before strike striked crossed through msrp rrp "
    "uvp rsp std standard previous normal compare retail basic base disc stare "
    "statt barre undiscounted high ref reference linethrough".split()
)
_NOT_THE_PRICE = frozenset(
    "unit per ppu shipping delivery versand livraison installment installments "
    "instalment monthly month rate financing finance save saving savings saved "
    "discount tax excl exvat vat deposit rating review reviews stars count counter "
    "qty quantity points bonus cashback loyalty reward rewards threshold free "
    "minimum minorder from_to range filter slider badge percent coupon voucher "
    "weight credit".split()
)
_ELSEWHERE = frozenset(
    "related recommend recommended recommendation recommendations similar also "
    "carousel crosssell cross upsell recent recently viewed minicart cart basket "
    "nav navigation menu footer header accessories accessory bundle sims suggest "
    "suggestions bestseller bestsellers swiper slick sponsored ads ad advert "
    "compare widget sidebar listing tooltip modal popup banner wishlist history "
    "article".split()
)
_ELSEWHERE_TAGS = frozenset({"nav", "footer", "aside"})
_STRUCK_TAGS = frozenset({"s", "del", "strike"})
_SKIPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "option", "select", "textarea"}
)


@dataclass
class Candidate:
    amount: Decimal
    text: str
    sign: str | None
    order: int
    names: frozenset[str]  # what it and its nearest ancestors are called
    is_old: bool = False
    score: float = 0.0
    parents: tuple[int, ...] = ()


class Sight:
    """All candidates of a page with their scores."""

    def __init__(self, page: Page, hints: tuple[str, ...] = ()) -> None:
        self._page = page
        self._hints = hints

    @cached_property
    def candidates(self) -> list[Candidate]:
        found = self._collected()
        by_name: dict[frozenset[str], set[Decimal]] = defaultdict(set)
        amounts = Counter(candidate.amount for candidate in found)
        for candidate in found:
            by_name[candidate.names].add(candidate.amount)
        for candidate in found:
            kinds = len(by_name[candidate.names])
            candidate.score -= min(3.0, max(0, kinds - 2) * 0.5)
            candidate.score += min(1.0, (amounts[candidate.amount] - 1) * 0.25)
        return sorted(found, key=lambda candidate: -candidate.score)

    def best(self) -> Candidate | None:
        """The price, if one is clear: high by itself, or far above every other."""
        found = [item for item in self.candidates if item.amount > 0]
        if not found:
            return None
        block = set(found[0].parents[:3])
        others = [
            item.score
            for item in found
            if item.amount != found[0].amount and not block & set(item.parents[:3])
        ]
        lead = found[0].score - max(others, default=-5.0)
        if not any(found[0].score >= score and lead >= by for score, by in _ENOUGH):
            return None
        return self._reduced(found[0])

    def shown(self, amount: Decimal) -> list[Candidate]:
        return [item for item in self.candidates if item.amount == amount]

    def asked_instead_of(self, amount: Decimal) -> Candidate | None:
        """What stands beside an amount that is shown only as the former price."""
        shown = [item for item in self.shown(amount) if item.score > -4]
        if not shown or not all(item.is_old for item in shown):
            return None
        reduced = self._reduced(max(shown, key=lambda item: item.score))
        return reduced if reduced.amount != amount and not reduced.is_old else None

    def _reduced(self, best: Candidate) -> Candidate:
        """Of two prices side by side the lower one is asked, the higher one was."""
        beside = [
            other
            for other in self.candidates
            if best.amount * Decimal("0.1") < other.amount < best.amount
            and abs(other.order - best.order) < 60
            and other.score > max(0.0, best.score - 2.5)
            and not _is_instalment(other.amount, best.amount)
            and set(other.parents[:4]) & set(best.parents[:4])
        ]
        return beside[0] if beside else best

    def _collected(self) -> list[Candidate]:
        found: list[Candidate] = []
        headline = self._page.headline
        heading_order: int | None = None
        body = self._page.tree.body
        if body is None:
            return []
        for order, node in enumerate(body.traverse(include_text=True)):
            if order > _MAX_NODES or len(found) >= MAX_CANDIDATES:
                break
            tag = node.tag
            if tag == "h1" and heading_order is None and text_of(node) == headline:
                heading_order = order
            if tag != "-text":
                continue
            text = node.text_content or ""
            if len(text) > 200 or not _DIGIT.search(text):
                continue
            candidate = _candidate(node, order, self._hints)
            if candidate:
                found.append(candidate)
        for candidate in found:
            candidate.score += _closeness(candidate.order, heading_order)
        return found


def _is_instalment(part: Decimal, whole: Decimal) -> bool:
    """A third, a twelfth... of the price: that is how it may be paid."""
    times = round(whole / part)
    return times > 2 and abs(part * times - whole) <= times * Decimal("0.01") + 1


def _closeness(order: int, heading: int | None) -> float:
    if heading is None:
        return 0.0
    distance = order - heading
    if distance < 0:
        return -0.5 if distance > -60 else -1.5
    return max(0.0, 2.0 - distance / 200)


def _candidate(
    node: LexborNode, order: int, hints: tuple[str, ...]
) -> Candidate | None:
    element = node.parent
    if element is None or element.tag in _SKIPPED:
        return None
    element, text = _grown(element)
    if len(text) > 60 or _WORD_WITH_DIGITS.search(text):
        return None
    text = _joined(text)
    amount, sign = parse_price(text)
    if amount is None or (sign in WEAK and iso_code(sign) not in hints):
        return None
    chain = _chain(element)
    if any(item.tag in _SKIPPED for item in chain[:3]):
        return None
    names = [_names(item) for item in chain]
    near = frozenset().union(*names[:3])
    if sign is None and not (near & _PRICE and _BARE_NUMBER.match(text)):
        return None
    candidate = Candidate(Decimal(amount), text, sign, order, near)
    candidate.parents = tuple(item.mem_id for item in chain[1:7])
    candidate.score = sum(_marks(candidate, chain, names))
    return candidate


def _marks(
    candidate: Candidate, chain: list[LexborNode], names: list[frozenset[str]]
) -> Iterator[float]:
    """What speaks for and against a text's being the price, in points."""
    near, text = candidate.names, candidate.text
    own = frozenset().union(*names[:2])
    above = frozenset().union(*names)
    tags = {item.tag for item in chain}
    styles = " ".join(attribute(item, "style") for item in chain).replace(" ", "")
    yield 1.5 if near & _PRICE else 0.0
    yield 1.0 if candidate.sign else -0.5
    yield 0.75 if near & _CURRENT or _CURRENT_TEXT.search(text) else 0.0
    struck = any(item.tag in _STRUCK_TAGS for item in chain[:4])
    if struck or own & _OLD or "line-through" in styles or _OLD_TEXT.search(text):
        candidate.is_old = True
        yield -3.0
    yield -2.5 if near & _NOT_THE_PRICE or _OTHER_TEXT.search(text) else 0.0
    yield -2.5 if above & _ELSEWHERE else 0.0
    yield -2.5 if tags & _ELSEWHERE_TAGS else 0.0
    yield -2.0 if "a" in tags else 0.0
    yield -0.5 if "li" in tags else 0.0
    yield -2.0 if "%" in text or "/" in text else 0.0
    yield -1.5 if "display:none" in styles else 0.0
    letters = sum(letter.isalpha() for letter in text)
    yield -min(2.0, max(0, letters - 8) / 6)


def _short_text(element: LexborNode) -> str:
    """The element's text if it is short: an element may hold the whole page, and this
    is asked of very many."""
    parts: list[str] = []
    length = 0
    for number, node in enumerate(element.traverse(include_text=True)):
        if node.tag == "-text":
            parts.append((node.text_content or "").strip())
            length += len(parts[-1])
        if number > 60 or length > 200:
            return "…" * 100
    return _SPACES.sub(" ", " ".join(filter(None, parts)))


def _grown(element: LexborNode) -> tuple[LexborNode, str]:
    """The largest element around that still says one price: `<i>$</i><b>12</b>`."""
    text = _short_text(element)
    for _ in range(4):
        parent = element.parent
        if parent is None or parent.tag in ("body", "html"):
            break
        wider = _short_text(parent)
        same = _DIGITS.findall(wider) == _DIGITS.findall(text)
        if len(wider) > 32 or not (same or _WITH_CENTS.match(wider)):
            break
        element, text = parent, wider
    return element, text


def _joined(text: str) -> str:
    twice = _TWICE.search(text)
    if twice and _DIGITS.findall(twice[1]) and _bare(twice[1]) == _bare(twice[2]):
        text = text[: twice.start(2)] + text[twice.end(2) :]
    text = _SPLIT_CENTS.sub(r"\1\2\3", text)
    return _RAISED_CENTS.sub(r"\1.\2", text) if _WITH_CENTS.match(text) else text


def _bare(number: str) -> str:
    return "".join(_DIGITS.findall(number))


def _chain(element: LexborNode) -> list[LexborNode]:
    chain = [element]
    while len(chain) < 20 and (above := chain[-1].parent) is not None:
        if above.tag in ("body", "html"):
            break
        chain.append(above)
    return chain


def _names(node: LexborNode) -> frozenset[str]:
    attributes = node.attributes
    said = " ".join(
        attributes.get(name) or ""
        for name in ("class", "id", "itemprop", "data-testid", "data-qa", "data-role")
    )
    spaced = _CAMEL.sub(r"\1 \2", said[:300]).lower()
    return frozenset(word for word in _WORDS.split(spaced) if word)
