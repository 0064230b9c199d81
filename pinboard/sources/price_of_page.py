"""The price of a page: what its markup states, checked against what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlsplit

from pinboard.sources.currencies import (
    RARELY_DIVIDED,
    currency_of_country,
    iso_code,
)
from pinboard.sources.page import Page
from pinboard.sources.prices import parse_price
from pinboard.sources.scripts import Scripts
from pinboard.sources.statements import Statement
from pinboard.sources.visible import Sight

_MACHINE_THOUSANDTHS = re.compile(r"\d+\.\d{3}\Z")
_LABELLED = re.compile(
    r"(?:price|preis|prix|precio|prezzo|cena|цена|[价價]|가격|for)\s*[:：]?\s*"
    r"(\D{0,4}\d[\d.,' ]*(?:\s?[^\s\d.,;|]{1,4})?)",
    re.IGNORECASE,
)
_MAX_PRICE = Decimal(10) ** 10


@dataclass(frozen=True)
class PagePrice:
    amount: str
    currency: str | None
    source: str
    currency_source: str


@dataclass(frozen=True)
class _Stated:
    amount: Decimal
    currency: str | None
    source: str


def price_of(page: Page, said: list[Statement]) -> PagePrice | None:
    scripts = Scripts(page)
    hints = _currency_hints(page, said, scripts)
    codes = tuple(code for code, _ in hints)
    sight = Sight(page, codes)
    stated = [
        price for statement in said if (price := _stated(statement, codes)) is not None
    ]
    chosen = (
        _chosen(stated, sight)
        or _scripted(scripts.reported(), codes, sight)
        or _seen(sight, codes)
        or _scripted(scripts.agreed(), codes, sight)
        or _told(said, codes)
    )
    if chosen is None:
        return None
    chosen = _in_thousands(chosen, sight)
    currency, source = chosen.currency, chosen.source
    if currency is None:
        shown = (
            iso_code(item.sign, hints=codes) for item in sight.shown(chosen.amount)
        )
        currency, source = next(filter(None, shown), None), "page"
    if currency is None and hints:
        currency, source = hints[0]
    return PagePrice(_text(chosen.amount), currency, chosen.source, source)


def _stated(statement: Statement, codes: tuple[str, ...]) -> _Stated | None:
    """A price that markup gives as such. Free things have no price worth keeping."""
    if not statement.price:
        return None
    text, sign = parse_price(statement.price, statement.currency)
    if text is None:
        return None
    currency = iso_code(statement.currency) or iso_code(sign, hints=codes)
    amount = Decimal(text)
    written = statement.price.strip()
    if _MACHINE_THOUSANDTHS.match(written) and currency not in RARELY_DIVIDED:
        amount = Decimal(written)  # markup for machines divides by a point: 19.990
    if not 0 < amount < _MAX_PRICE:
        return None
    return _Stated(amount, currency, statement.source)


def _chosen(stated: list[_Stated], sight: Sight) -> _Stated | None:
    """The first statement, unless the page shows that another one is meant."""
    if not stated:
        return None
    first = stated[0]
    if len({price.amount for price in stated}) > 1:
        first = _shown_one(stated, sight) or first
    instead = sight.asked_instead_of(first.amount)
    if instead is not None:
        return _Stated(instead.amount, first.currency, "page")
    return first


def _shown_one(stated: list[_Stated], sight: Sight) -> _Stated | None:
    best = sight.best()
    if best is not None:
        for price in stated:
            if price.amount == best.amount:
                return price
    shown = [
        price
        for price in stated
        if any(not item.is_old for item in sight.shown(price.amount))
    ]
    if shown:
        return shown[0]
    # Tags made for advertisers' catalogues carry the price of the day.
    return next((price for price in stated if price.source == "meta"), None)


def _scripted(
    statement: Statement | None, codes: tuple[str, ...], sight: Sight
) -> _Stated | None:
    """What scripts are told, checked against the page: some count in cents."""
    price = _stated(statement, codes) if statement else None
    if price is None:
        return None
    if not sight.shown(price.amount) and sight.shown(price.amount / 100):
        price = replace(price, amount=price.amount / 100)
    instead = sight.asked_instead_of(price.amount)
    return replace(price, amount=instead.amount) if instead else price


def _seen(sight: Sight, codes: tuple[str, ...]) -> _Stated | None:
    best = sight.best()
    if best is None:
        return None
    return _Stated(best.amount, iso_code(best.sign, hints=codes), "page")


def _told(said: list[Statement], codes: tuple[str, ...]) -> _Stated | None:
    """A price in the description for search engines: "Price: $294", if it is one."""
    text = next((item.description for item in said if item.source == "meta"), "")
    found = {
        (amount, sign)
        for match in _LABELLED.finditer(text[:1000])
        for amount, sign in [parse_price(match[1])]
        if amount and sign
    }
    if len(found) != 1:
        return None
    amount, sign = found.pop()
    currency = iso_code(sign, hints=codes)
    return _Stated(Decimal(amount), currency, "meta") if Decimal(amount) else None


def _in_thousands(price: _Stated, sight: Sight) -> _Stated:
    """24.99 where the page shows $24.990: a thousands separator taken for a point."""
    if price.currency not in RARELY_DIVIDED or price.amount == int(price.amount):
        return price
    if sight.shown(price.amount * 1000) and not sight.shown(price.amount):
        return _Stated(price.amount * 1000, price.currency, price.source)
    return price


def _currency_hints(
    page: Page, said: list[Statement], scripts: Scripts
) -> list[tuple[str, str]]:
    """Codes that the page speaks of, the most reliable first, and where."""
    hints = [
        (code, statement.source)
        for statement in said
        if (code := iso_code(statement.currency)) is not None
    ]
    hints += [(code, "script") for code in scripts.currencies()]
    host = urlsplit(page.url).hostname or ""
    for country in (host.rsplit(".", 1)[-1], page.language.partition("-")[2]):
        if code := currency_of_country(country):
            hints.append((code, "address"))
    first_label = host.partition(".")[0].rsplit("-", 1)[-1]
    if len(first_label) == 2 and (code := currency_of_country(first_label)):
        hints.append((code, "address"))
    return list(dict(reversed(hints)).items())[::-1] if hints else []


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount == int(amount) else f"{amount:f}"
