"""How a page shows a commerce fact: one query a page, ready-made on each card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.db.models import QuerySet, Sum
from django.utils import timezone

from commerce.actions.claims import unpaid_shares
from commerce.code_words import account_name, code_shown
from commerce.disclosure import disclosure_of
from commerce.earnings import debts_of
from commerce.models import (
    Account,
    Attribution,
    Commission,
    CommissionShare,
    PayoutAccount,
    TrackingLink,
)
from commerce.models.link import PinAndProduct
from commerce.money import money_shown, percent_shown
from commerce.passport import why_for_reviewers
from commerce.price_history import history_of
from commerce.rate_history import rate_history
from commerce.words import account_shown, own_word, reason_shown, why_owed, word_shown
from pinboard.models import Pin, Product
from pinboard.prices import decimals_of
from pinboard.sources.addresses import host_of
from users.models import User

register = template.Library()

LOW = 5500  # of the ten-thousandths of a picture: what is below opens upwards

Links = Mapping[PinAndProduct, TrackingLink]
Context = dict[str, Any]  # what a template reads


@register.simple_tag
def buy_links(pins: Iterable[Pin]) -> Links:
    """`{% buy_links pins as links %}`, once a page: the links of its pins."""
    return TrackingLink.objects.live_for_pins(pins)


@register.inclusion_tag("commerce/_buy_pill.html")
def buy_button(pin: Pin, links: Links) -> Context:
    """The pill on a card."""
    name = pin.title or (pin.product.title if pin.product else "")
    return _offer(pin.product, _own_link(pin, links)) | {"name": name}


@register.inclusion_tag("commerce/_buy_bar.html")
def buy_bar(pin: Pin, links: Links) -> Context:
    """The wide button in the bar at the foot of a phone's pin page."""
    return _offer(pin.product, _own_link(pin, links))


@register.inclusion_tag("commerce/_buy_box.html")
def buy_box(pin: Pin, links: Links | None = None) -> Context:
    """Price, history, Buy and the whole disclosure, for a pin's own page; it asks
    for its link where the page did not."""
    if links is None:
        links = TrackingLink.objects.live_for_pins([pin])
    link = _own_link(pin, links)
    return _offer(pin.product, link) | _facts(pin.product, link)


@register.inclusion_tag("commerce/_spots.html")
def picture_points(pin: Pin, links: Links) -> Context:
    """The numbers in the picture, each with its product and where to buy it."""
    return {"pin": pin, "offers": _pointed(pin, links)}


@register.inclusion_tag("commerce/_pointed.html")
def pointed_products(pin: Pin, links: Links, can_edit: bool = False) -> Context:
    """The same as a list. A sentence that all links share stands once, below them."""
    offers = _pointed(pin, links)
    sentences = {offer["disclosure"] for offer in offers if offer["link"]}
    is_shared = len(sentences) == 1
    return {
        "pin": pin,
        "offers": offers,
        "can_edit": can_edit,
        "is_shared": is_shared,
        "disclosure": next(iter(sentences)) if is_shared else "",
    }


@register.inclusion_tag("commerce/_buy_box.html")
def product_buy(product: Product) -> Context:
    """The same for a product's own page, where the site alone earns."""
    site_links = TrackingLink.objects.live().filter(
        product=product, pin=None, beneficiary=None
    )
    link = site_links.with_terms().first()
    rates = rate_history(link.programme, product) if link else []
    return _offer(product, link) | _facts(product, link) | {"rates": rates}


@register.simple_tag
def gift_links(products: Iterable[Product]) -> Mapping[int, TrackingLink]:
    """`{% gift_links products as links %}`, once a page: by the product's key. Whoever
    wished for a gift earns nothing by it, and so reads of no order."""
    return TrackingLink.objects.of_the_site(products)


@register.inclusion_tag("commerce/_gift_buy.html")
def gift_buy(product: Product, links: Mapping[int, TrackingLink]) -> Context:
    """Price, Buy and disclosure beside a promise."""
    link = links.get(product.pk)
    facts = {"disclosure": disclosure_of(link) if link else ""}
    return _offer(product, link) | facts | {"host": host_of(product.url)}


@register.inclusion_tag("commerce/_closing_money.html")
def closing_money(user: User) -> Context:
    """What closing the account does to what it earned, for the page that asks."""
    given_up = unpaid_shares(user).filter(amount_minor__gt=0).order_by()
    under_way = user.payouts.filter(state__in=["prepared", "submitted"]).order_by()
    return {
        "given_up": _sums(given_up, "commission__currency"),
        "under_way": _sums(under_way, "currency"),
        "debts": debts_of(user),
    }


@register.filter
def money(minor: int | None, currency: str) -> str:
    """¥219, $18.99; nothing for no price."""
    return "" if minor is None else money_shown(minor, currency)


@register.filter("commission")
def exact_money(minor: int | None, currency: str) -> str:
    """¥8.76, ¥8.00: commissions keep their decimals."""
    return "" if minor is None else money_shown(minor, currency, exact=True)


@register.filter
def roughly(minor: int, currency: str) -> str:
    """¥1,041 of ¥1,041.09: above a narrow bar, beside a table that is exact."""
    return money_shown(minor - minor % 10 ** decimals_of(currency), currency)


@register.filter
def percent(rate_bp: int | None) -> str:
    return "" if rate_bp is None else percent_shown(rate_bp)


@register.filter
def word(key: str) -> str:
    """On its way, Approved, Paid, Returned."""
    return word_shown(key)


@register.filter("own_word")
def word_of_own(share: CommissionShare) -> str:
    return own_word(share.commission, [share])


@register.filter
def masked(account: PayoutAccount) -> str:
    return account_shown(account)


@register.filter
def why(commission: Commission) -> str:
    return reason_shown(commission)


@register.filter
def in_words(code: str) -> str:
    """Why nobody's, why not booked."""
    return code_shown(code)


@register.filter
def named(account: Account) -> str:
    return account_name(account)


@register.filter
def explained(attribution: Attribution) -> list[str]:
    """Whose it is and why, in sentences for reviewers."""
    return why_for_reviewers(attribution)


@register.filter("why_owed")
def how_owed(commission: Commission) -> str:
    return why_owed(commission)


@register.filter
def own_pin(share: CommissionShare, reader: User) -> Pin | None:
    """The reader's own pin that the order came by, from what was loaded with it. An
    original pinner may not see on which board of somebody else's it lies."""
    for attribution in share.commission.line.attributions.all():
        click = attribution.click
        if click and click.link.pin and click.link.pin.pinner_id == reader.pk:
            return click.link.pin
    return None


def _pointed(pin: Pin, links: Links) -> list[Context]:
    """What stands at the points of a picture, numbered as they are shown."""
    offers = []
    picture = pin.picture
    stands = bool(picture and picture.height >= picture.width)
    for number, point in enumerate(pin.points.all(), start=1):
        product = point.product
        offer = _offer(product, links.get((pin.pk, product.pk)))
        link = offer["link"]
        offer |= {"number": number, "point": point, "name": product.title}
        # A picture that lies has no room for a card above its points.
        offer["is_low"] = stands and point.y > LOW
        offer["disclosure"] = disclosure_of(link) if link else ""
        offers.append(offer)
    return offers


def _own_link(pin: Pin, links: Links) -> TrackingLink | None:
    return links.get((pin.pk, pin.product_id or 0))


def _sums(rows: QuerySet[Any], currency: str) -> list[tuple[str, int]]:
    sums = rows.values_list(currency).annotate(Sum("amount_minor")).order_by(currency)
    return list(sums)


def _offer(product: Product | None, link: TrackingLink | None) -> Context:
    """What can be bought, and the one address it is bought at."""
    if product is None or product.removed_at:
        return {"product": None}
    return {
        "product": product,
        "link": None if product.is_sold_out else link,
        "shop_url": product.url if _is_web(product.url) else "",
    }


def _facts(product: Product | None, link: TrackingLink | None) -> Context:
    if product is None:
        return {}
    return {
        "disclosure": disclosure_of(link) if link else "",
        "host": host_of(product.url),
        "history": history_of(product, today=timezone.localdate()),
    }


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
