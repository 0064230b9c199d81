"""Tracking links: the way from a pin to the shop, made when a pin shows a product that
a programme covers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from commerce.destinations import may_lead_to
from commerce.models import Programme, RateCard, TrackingLink
from commerce.networks.adapters import WITH_SUB_IDS
from pinboard.models import Pin, PinPoint, PinState, Product
from pinboard.sources.addresses import host_of
from users.models import User

PINS_AT_ONCE = 500  # that a task relinks before it sends the next one


def programme_for(product: Product) -> Programme | None:
    """The shop's own programme before one that covers hosts of any shop.

    It is on, has a rate today, and its links may lead to the product's page.
    """
    if product.removed_at or not (host := host_of(product.url)):
        return None
    rates = RateCard.objects.valid_at(timezone.now()).filter(
        programme=OuterRef("pk"),
        scope_key__in=[RateCard.WHOLE_PROGRAMME, RateCard.key_of(product)],
    )
    found = (
        Programme.objects.active()
        .filter(Q(shop=product.shop_id) | Q(shop=None), Exists(rates))
        .filter(hosts__contains=[host])
        .select_related("network")
        .order_by(F("shop").asc(nulls_last=True), "pk")
        .first()
    )
    return found if found and may_lead_to(product.url, found.hosts) else None


@transaction.atomic
def ensure_links(*, pin: Pin) -> list[TrackingLink]:
    """The pin's live links, one a product that it or its picture shows, its own first;
    made, or made anew where products or terms changed.

    Clicks on the old links stay what they were: they are switched off, never edited.
    """
    products = products_of(pin) if pin.deleted_at is None else []
    live = TrackingLink.objects.filter(pin=pin, disabled_at=None)
    live.exclude(product__in=products).update(disabled_at=timezone.now())
    links = [_ensure_link(pin, product) for product in products]
    return [link for link in links if link]


def _ensure_link(pin: Pin, product: Product) -> TrackingLink | None:
    programme = programme_for(product)
    live = TrackingLink.objects.filter(pin=pin, product=product, disabled_at=None)
    if programme is None:
        _switch_off(live)
        return None
    lineage = _lineage_of(pin, product)
    return _ensure(live, _new_link(programme, product, pin=pin, lineage=lineage))


def products_of(pin: Pin) -> list[Product]:
    """Its own, then those at points of its picture; each once."""
    pointed = (point.product for point in pin.points.select_related("product"))
    own = [pin.product] if pin.product else []
    return list(dict.fromkeys([*own, *pointed]))


@transaction.atomic
def ensure_site_link(*, product: Product) -> TrackingLink | None:
    """The link of the product's own page, where the site alone earns."""
    programme = programme_for(product)
    live = TrackingLink.objects.filter(
        product=product, pin=None, beneficiary=None, disabled_at=None
    )
    if programme is None:
        _switch_off(live)
        return None
    return _ensure(live, _new_link(programme, product))


@transaction.atomic
def relink_product(*, product: Product) -> None:
    """A product can be bought from the moment it is posted, and where its page moved
    its links follow."""
    ensure_site_link(product=product)
    astray = Pin.objects.filter(
        tracking_links__in=TrackingLink.objects.filter(
            product=product, disabled_at=None
        ).exclude(destination_url=product.url)
    )
    for pin in astray.select_related("product", "pinner", "origin_pinner", "via"):
        ensure_links(pin=pin)


def link_pins(
    *, programme: Programme, after: int = 0, limit: int = PINS_AT_ONCE
) -> int | None:
    """Bring the links of pins that a programme may cover to its terms of today.

    The oldest first, because who pinned first is read from the links made before. A pin
    a transaction; the last pin's key comes back if there may be more, to go on from.
    """
    covered = _products_covered(programme)
    pointed = PinPoint.objects.filter(pin=OuterRef("pk"), product__in=covered)
    pins = Pin.objects.filter(
        Q(product__in=covered) | Exists(pointed), deleted_at=None, state=PinState.READY
    )
    some = list(
        pins.filter(pk__gt=after).select_related("product").order_by("pk")[:limit]
    )
    for pin in some:
        ensure_links(pin=pin)
    for product in {product for pin in some for product in products_of(pin)}:
        ensure_site_link(product=product)
    return some[-1].pk if len(some) == limit else None


def link_saved(pin_pks: Sequence[int]) -> None:
    """The links of pins that were saved many at once, a pin a transaction."""
    shown = Q(product__isnull=False) | Q(point_count__gt=0)
    pins = Pin.objects.filter(shown, pk__in=pin_pks)
    for pin in pins.select_related("product").order_by("pk"):
        ensure_links(pin=pin)


def _products_covered(programme: Programme) -> QuerySet[Product]:
    products = Product.objects.filter(removed_at=None)
    if programme.shop_id:
        return products.filter(shop=programme.shop_id)
    addresses = Q(pk=None)
    for host in programme.hosts:
        addresses |= Q(url__startswith=f"https://{host}/")
        addresses |= Q(url__startswith=f"http://{host}/")
    return products.filter(addresses)


def _switch_off(live: QuerySet[TrackingLink]) -> None:
    """But for the link whose programme only rests: it is shown nowhere meanwhile, and
    the addresses that people passed on earn again when it goes on."""
    rests = Q(programme__is_active=False) | Q(programme__network__is_active=False)
    live.exclude(rests).update(disabled_at=timezone.now())


def _ensure(live: QuerySet[TrackingLink], wanted: TrackingLink) -> TrackingLink:
    link = live.select_related("programme", "product").first()
    if link and _says_the_same(link, wanted):
        return link
    if link:
        live.update(disabled_at=timezone.now())
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError:
        # Somebody else made it this moment: one live link a pin and product is a
        # constraint.
        return live.get()
    return wanted


def _says_the_same(link: TrackingLink, wanted: TrackingLink) -> bool:
    return (link.programme_id, link.destination_url) == (
        wanted.programme_id,
        wanted.destination_url,
    )


def _new_link(
    programme: Programme,
    product: Product,
    *,
    pin: Pin | None = None,
    lineage: tuple[User | None, bool] = (None, False),
) -> TrackingLink:
    originator, is_first = lineage
    return TrackingLink(
        programme=programme,
        product=product,
        pin=pin,
        beneficiary=pin.pinner if pin else None,
        originator=originator,
        beneficiary_is_originator=is_first,
        destination_url=product.url,
        network_sub_id=_new_sub_id(programme),
    )


def _lineage_of(pin: Pin, product: Product) -> tuple[User | None, bool]:
    """Who pinned this product first in the pin's lineage, and whether it was the
    pinner. Only pins of the same product count: the rest led to other sales."""
    is_its_own = pin.product_id == product.pk
    first = _first_pinner(pin) if is_its_own else _who_pointed(pin, product)
    is_own = first is None or first.pk == pin.pinner_id
    return (None, True) if is_own else (first, False)


def _first_pinner(pin: Pin) -> User | None:
    if pin.origin_pinner is None:
        return None
    if pin.via is None:  # the pin that was saved is gone, its first pinner is not
        return pin.origin_pinner
    if pin.via.product_id != pin.product_id:
        return None
    earlier = TrackingLink.objects.filter(pin=pin.via, product=pin.product_id)
    link = earlier.select_related("beneficiary", "originator").order_by("-pk").first()
    if link is None:
        return pin.origin_pinner
    return link.originator or link.beneficiary


def _who_pointed(pin: Pin, product: Product) -> User | None:
    """Who put the product into the picture, where that was not the pinner."""
    points = pin.points.filter(product=product).select_related("origin_pinner")
    point = points.first()
    return point.origin_pinner if point else None


def _new_sub_id(programme: Programme) -> str | None:
    """Networks that return no click id return this number instead (a relation id)."""
    if programme.network.adapter not in WITH_SUB_IDS:
        return None
    return str(10**9 + secrets.randbelow(9 * 10**9))
