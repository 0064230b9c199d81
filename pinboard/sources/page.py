"""A page of somebody else's, decoded and parsed within bounds."""

from __future__ import annotations

import codecs
import re
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_BYTES = 6 * 1024 * 1024
# HTML5's rules make nested and unclosed elements cost the square of their number. A
# real page costs up to 16 000 by the count below; from 150 000 on it is cut off.
_COST_LIMIT = 150_000
_ATTRIBUTES_LIMIT = 20_000  # characters inside one tag, beyond which it is dropped

_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I
)
# The ones that pages are written in; Python's codecs include archives and escapes.
_CHARSETS = re.compile(
    r"(?:utf-8|(?:iso-8859|windows)-\d{1,4}|gb18030|big5(?:-hkscs)?|shift_jis|sjis|"
    r"euc-(?:jp|kr|tw)|iso-2022-jp|cp949|ks_c_5601-1987|koi8-[ru]|tis-620|latin1)\Z"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})([^<>]*)")
_RAW = re.compile(r"<(script|style|textarea|template|noscript)\b", re.I)
_UNCOUNTED = frozenset(
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("source", "track", "wbr", "param", "p", "li", "option", "tr", "td", "th"),
        *("tbody", "thead", "tfoot", "dt", "dd", "optgroup", "html", "head", "body"),
        *("path", "use", "circle", "rect", "polygon", "line", "g", "svg"),
        *("script", "style"),
    ]
)
_FORMATTING = frozenset(
    "a b big code em font i nobr s small strike strong tt u".split()
)
_SPACES = re.compile(r"\s+")


class Page:
    """The parsed page, its address, and what several readers ask of both."""

    def __init__(self, content: bytes, url: str) -> None:
        self.url = url
        self.html = _bounded(decoded(content[:MAX_BYTES]))
        self.tree = LexborHTMLParser(self.html)

    @cached_property
    def base(self) -> str:
        """What relative addresses are relative to."""
        node = self.tree.css_first("base[href]")
        try:
            base = urljoin(self.url, attribute(node, "href")) if node else self.url
        except ValueError:
            return self.url
        return base if base.startswith(("http:", "https:")) else self.url

    def absolute(self, address: str) -> str:
        """An absolute http(s) address, or nothing."""
        address = address.strip()
        if not address or address.startswith(("data:", "javascript:", "blob:", "#")):
            return ""
        try:
            url = urljoin(self.base, address)
            host = urlsplit(url).hostname
        except ValueError:
            return ""
        return url if host and url.startswith(("http://", "https://")) else ""

    @cached_property
    def language(self) -> str:
        """`xx` or `xx-YY` as the page says of itself."""
        node = self.tree.css_first("html")
        said = (attribute(node, "lang") or attribute(node, "xml:lang")) if node else ""
        return said.replace("_", "-")

    @cached_property
    def title(self) -> str:
        return text_of(self.tree.css_first("head title, title"), 500)

    @cached_property
    def headline(self) -> str:
        """The main heading: the one that shares most words with the page's title, for
        shops put their slogans and offers into headings too."""
        texts = [text for node in self.tree.css("h1")[:20] if (text := text_of(node))]
        words = set(self.title.casefold().split())
        return max(
            texts,
            key=lambda text: len(words & set(text.casefold().split())),
            default="",
        )


def decoded(content: bytes) -> str:
    """UTF-8 where it is UTF-8, else what the page says, never failing."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return _storable(content[len(mark) :].decode(name, "replace"))
    try:
        return _storable(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        # A page cut off, or with one bad byte, is still UTF-8.
        is_nearly_utf8 = error.start > 20_000
    said = _META_CHARSET.search(content[:4096])
    name = said.group(1).decode("ascii", "replace").lower() if said else ""
    if name in ("gb2312", "gbk"):
        name = "gb18030"
    if is_nearly_utf8 or not _CHARSETS.match(name):
        name = "utf-8"
    try:
        return _storable(content.decode(name, "replace"))
    except LookupError:  # windows-9999
        return _storable(content.decode("utf-8", "replace"))


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _bounded(html: str) -> str:
    """The page as far as parsing it is affordable."""
    cost = depth = formatting = position = 0
    opened: dict[str, int] = {}
    while found := _TAG.search(html, position):
        position = found.end()
        closing, name, rest = found.groups()
        name = name.lower()
        if len(rest) > _ATTRIBUTES_LIMIT and rest.count("=") > 500:
            return html[: found.start()]
        if name in ("script", "style") and not closing:
            end = html.find(f"</{name}", position)
            position = len(html) if end < 0 else end
        # Every piece of text opens all unclosed formatting elements anew.
        cost += 1 + depth // 50 + formatting // 4
        if cost > _COST_LIMIT:
            return html[: found.start()]
        if name in _UNCOUNTED:
            continue
        number = opened.get(name, 0)
        step = 0
        if not closing and not rest.endswith("/"):
            step = 1
        elif closing and number:
            step = -1
        opened[name] = number + step
        depth += step
        formatting += step if name in _FORMATTING else 0
    return html


def attribute(node: LexborNode | None, name: str) -> str:
    """The attribute's text; empty where it is missing or has no value."""
    return (node.attributes.get(name) or "").strip() if node else ""


def text_of(node: LexborNode | None, limit: int = 2000) -> str:
    if node is None:
        return ""
    return _SPACES.sub(" ", node.text(deep=True, separator=" ")).strip()[:limit]
