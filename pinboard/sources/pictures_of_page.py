"""Which pictures of a page show its product, the best first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from pinboard.sources.page import Page, attribute
from pinboard.sources.statements import Statement

MAX_PICTURES = 20
_MAX_ADDRESS = 2000

_NOT_A_PRODUCT = re.compile(
    r"logo|sprite|placeholder|blank|spacer|pixel|loading|lazy|/icons?[/_-]|icon\b|"
    r"avatar|badge|flag|payment|banner|captcha|1x1|transparent|no[-_]?image|default[-_]share",
    re.IGNORECASE,
)
_NO_PICTURE = re.compile(
    r"\.(?:svg|ico|mp4|webm|html?|php|js|css)(?:\?|$)", re.IGNORECASE
)
_TRACKERS = re.compile(
    r"facebook\.com/tr|doubleclick|google-analytics|/collect\?|bat\.bing"
)
_LARGE = ("data-old-hires", "data-zoom-image", "data-zoom", "data-large", "data-full")
_LAZY = ("data-src", "data-original", "data-lazy", "data-lazy-src", "src")
_IN_GALLERY = re.compile(r"product|gallery|main|detail|zoom|hero|primary|large", re.I)
_ELSEWHERE = re.compile(
    r"related|recommend|similar|footer|header|nav|menu|logo|carousel|upsell|cross|recent",
    re.IGNORECASE,
)


def pictures_of(page: Page, said: list[Statement]) -> tuple[list[str], str]:
    """Absolute addresses without repeats, and who named the first."""
    order = ("json-ld", "meta", "microdata", "page")
    found: list[tuple[str, str]] = []
    for statement in sorted(said, key=lambda item: order.index(item.source)):
        found += [(address, statement.source) for address in statement.images]
    if len(found) < MAX_PICTURES:
        found += [(address, "page") for address in _of_markup(page)]
    likely: dict[str, tuple[str, str]] = {}
    unlikely: dict[str, tuple[str, str]] = {}
    for address, source in found:
        url = page.absolute(address)
        if url in ("", page.url) or len(url) > _MAX_ADDRESS or _NO_PICTURE.search(url):
            continue
        path = urlsplit(url).path
        pile = unlikely if _NOT_A_PRODUCT.search(path) else likely
        pile.setdefault(url.partition(":")[2], (url, source))
    chosen = [*likely.values(), *unlikely.values()][:MAX_PICTURES]
    return [url for url, _ in chosen], chosen[0][1] if chosen else ""


def _of_markup(page: Page) -> list[str]:
    """The pictures in the page's own markup, likely ones first."""
    ranked: list[tuple[float, int, str]] = []
    for number, node in enumerate(page.tree.css("img")[:400]):
        address = _address(node)
        if not address or _TRACKERS.search(address):
            continue
        score = _score(page, node, address)
        if score > 0:
            ranked.append((-score, number, address))
    return [address for _, _, address in sorted(ranked)[:MAX_PICTURES]]


def _address(node: LexborNode) -> str:
    for name in _LARGE:
        if (address := attribute(node, name)) and "/" in address:
            return address
    if sources := attribute(node, "srcset") or attribute(node, "data-srcset"):
        return _widest(sources)
    return next(
        (
            address
            for name in _LAZY
            if (address := attribute(node, name)) and not address.startswith("data:")
        ),
        "",
    )


def _widest(sources: str) -> str:
    """The largest of a srcset, without splitting addresses that contain commas."""
    widest, address = -1.0, ""
    for found in re.finditer(
        r"(\S*[^\s,])(?:\s+([\d.]+)[wx])?\s*(?:,\s|,?$|,(?=http))", sources
    ):
        width = float(found[2]) if found[2] and found[2].count(".") < 2 else 0.0
        if width > widest and "/" in found[1]:
            widest, address = width, found[1]
    return address


def _score(page: Page, node: LexborNode, address: str) -> float:
    width, height = _pixels(node, "width"), _pixels(node, "height")
    if (0 < width < 100) or (0 < height < 100):
        return 0.0
    score = 1.0 + min(width, 1000) / 500
    alt = attribute(node, "alt").casefold()
    if (
        alt
        and page.headline
        and (alt in page.headline.casefold() or page.headline.casefold() in alt)
    ):
        score += 2.0
    if any(attribute(node, name) for name in _LARGE):
        score += 1.5
    for names in _names_above(node):
        if _ELSEWHERE.search(names):
            return score - 2.0
        if _IN_GALLERY.search(names):
            score += 0.5
    return score


def _names_above(node: LexborNode) -> Iterator[str]:
    above: LexborNode | None = node
    for _ in range(8):
        if above is None:
            return
        yield f"{attribute(above, 'class')} {attribute(above, 'id')} {above.tag}"
        above = above.parent


def _pixels(node: LexborNode, name: str) -> int:
    text = attribute(node, name).removesuffix("px")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
