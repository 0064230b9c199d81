"""What writes a product: its retailer, a product feed, or a page that somebody pinned.

Two writers of one shop wait for each other on the shop's row.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from pinboard.actions.pictures import intake, refresh_publicity
from pinboard.actions.pins import pin_upload
from pinboard.actions.shops import shop_for_address
from pinboard.discovery.words import vector_of
from pinboard.exceptions import AddressRefused, ProductAddressTaken
from pinboard.models import Availability, Board, Picture, PricePoint, Product, Shop
from pinboard.prices import decimals_of
from pinboard.signals import product_posted, product_price_changed
from pinboard.sources.addresses import (
    same_site,
    url_key,
    without_tracking,
)
from pinboard.sources.extract import PageFacts
from pinboard.sources.wording import clean_line, clean_text

if TYPE_CHECKING:
    from users.models import User

MAX_PRICE_MINOR = 10**14
_CURRENCY = re.compile(r"[A-Z]{3}\Z")


@transaction.atomic
def upsert_product(
    *,
    shop: Shop,
    title: str,
    url: str,
    sku: str = "",
    description: str = "",
    brand: str = "",
    gtin: str = "",
    price_minor: int | None = None,
    currency: str = "",
    availability: str = Availability.UNKNOWN,
) -> tuple[Product, bool]:
    """The shop's product of this SKU, or of this address, as it is described now; and
    whether it is new. Without a price the last one stays, with its date.

    Raises ProductAddressTaken where another product stands at the address.
    """
    shop = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    key = url_key(url)
    sku = clean_line(sku, 64)
    product, is_new = _found_or_new(shop, sku, key)
    product.shop = shop
    product.sku = sku or product.sku
    product.title = clean_line(title, 200)
    product.description = clean_text(description, 5000)
    product.brand = clean_line(brand, 80)
    product.gtin = clean_line(gtin, 14)
    product.url, product.url_key = without_tracking(url), key
    product.availability = _availability(availability)
    product.removed_at = None
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError as error:
        raise ProductAddressTaken from error
    index_product(product)
    if price_minor is not None:
        note_price(product, price_minor, currency)
    product_posted.send(sender=Product, product=product)
    return product, is_new


def _found_or_new(shop: Shop, sku: str, key: str) -> tuple[Product, bool]:
    at_address = Product.objects.filter(url_key=key).first()
    by_sku = shop.products.filter(sku=sku).first() if sku else None
    if by_sku is None and at_address is not None and _may_take(shop, at_address, sku):
        return at_address, False
    if at_address is not None and at_address != by_sku:
        raise ProductAddressTaken
    return by_sku or Product(), by_sku is None


def _may_take(shop: Shop, product: Product, sku: str) -> bool:
    """Its own product, unless it has another SKU; or one that a pin made before the
    shop of that very host opened."""
    if product.shop_id == shop.pk:
        return not sku or product.sku in ("", sku)
    return product.shop.owner_id is None and same_site(
        f"https://{shop.host}", product.url
    )


@transaction.atomic
def note_price(product: Product, price_minor: int, currency: str) -> None:
    """What it costs now. One price point a day, the last of the day stays."""
    if not 0 <= price_minor <= MAX_PRICE_MINOR or not _CURRENCY.match(currency):
        return
    now = timezone.now()
    is_other = (product.price_minor, product.currency) != (price_minor, currency)
    product.price_minor, product.currency = price_minor, currency
    product.price_at = now
    product.save(update_fields=["price_minor", "currency", "price_at"])
    PricePoint.objects.update_or_create(
        product=product,
        day=timezone.localdate(now),
        defaults={"price_minor": price_minor, "currency": currency},
    )
    if is_other:
        product_price_changed.send(sender=Product, product=product)


def product_at(*urls: str) -> Product | None:
    """The product that stands at one of the addresses."""
    keys = []
    for url in filter(None, urls):
        try:
            keys.append(url_key(url))
        except AddressRefused:
            continue
    found = Product.objects.filter(url_key__in=keys, removed_at=None)
    return found.select_related("shop").order_by("pk").first()


@transaction.atomic
def product_of_page(
    facts: PageFacts, url: str, *, came_by: str = "", may_create: bool = True
) -> Product | None:
    """The product a page shows, made when the page says enough and nobody knew it.

    `came_by` is an address that redirected there. A claimed shop's product stays as its
    retailer described it; others take the page's price and availability.
    """
    product = product_at(url, facts.canonical, came_by)
    if product is not None:
        if product.shop.owner_id is None:
            _refresh(product, facts)
        return product
    if not may_create or not _is_of_a_product(facts):
        return None
    return _create(facts, _own_address(facts, url))


def _is_of_a_product(facts: PageFacts) -> bool:
    return bool(facts.title) and (
        facts.price is not None or bool(facts.gtin) or bool(facts.sku and facts.brand)
    )


def _own_address(facts: PageFacts, url: str) -> str:
    """The canonical address, unless it is the shop's front page: some shops say that
    of every page."""
    canonical = facts.canonical
    is_front_page = canonical.rstrip("/").count("/") < 3
    return canonical if canonical and not is_front_page else url


def _create(facts: PageFacts, url: str) -> Product | None:
    shop = shop_for_address(url)
    shop = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    key = url_key(url)
    if known := Product.objects.filter(url_key=key).first():
        return known if known.removed_at is None else None
    # Sizes of one article share a SKU on some sites; the first keeps it.
    is_taken = shop.products.filter(sku=facts.sku).exists()
    product = Product.objects.create(
        shop=shop,
        sku="" if is_taken else facts.sku,
        title=facts.title,
        description=facts.description,
        brand=facts.brand,
        gtin=facts.gtin,
        url=without_tracking(url),
        url_key=key,
        availability=_availability(facts.availability),
    )
    index_product(product)
    _note_price_of(product, facts)
    return product


def _refresh(product: Product, facts: PageFacts) -> None:
    state = _availability(facts.availability)
    if state != Availability.UNKNOWN and state != product.availability:
        product.availability = state
        product.save(update_fields=["availability"])
    _note_price_of(product, facts)


def _note_price_of(product: Product, facts: PageFacts) -> None:
    if facts.price is None or facts.currency is None:
        return
    try:
        price = Decimal(facts.price)
    except InvalidOperation:
        return
    if price.is_finite() and 0 <= price < MAX_PRICE_MINOR:
        minor = int((price * 10 ** decimals_of(facts.currency)).to_integral_value())
        note_price(product, minor, facts.currency)


@transaction.atomic
def post_product(
    *, shop: Shop, by: User, content: bytes | None, **fields: object
) -> tuple[Product, bool]:
    """A retailer's product with its picture, pinned to the shop's board the first
    time. Raises a PictureRefused, ProductAddressTaken."""
    if shop.owner_id != by.pk:
        raise PermissionDenied
    product, is_new = upsert_product(shop=shop, **fields)  # type: ignore[arg-type]  # passed on as they are
    if content is None:
        return product, is_new
    if shop.board and not shop.board.pins.filter(product=product).exists():
        pin_upload(  # first: it takes the board's lock, which comes before pictures
            by=by,
            board=shop.board,
            content=content,
            product=product,
            title=product.title,
            alt=product.title[:500],
            source_url=product.url,
        )
    show_product(product, intake(content))
    return product, is_new


@transaction.atomic
def show_product(product: Product, picture: Picture) -> None:
    before = product.picture
    product.picture = picture
    product.save(update_fields=["picture"])
    refresh_publicity(picture)
    if before and before != picture:
        refresh_publicity(before)


def illustrate(product: Product, picture: Picture, *, board: Board) -> None:
    """A product that nobody keeps gets the picture it was first pinned with; but what
    comes of a secret board is nobody's business."""
    if product.picture_id is None and product.shop.owner_id is None and board.is_public:
        show_product(product, picture)


def index_product(product: Product) -> None:
    """Write the words by which the product is found."""
    words = vector_of(
        (product.title, "A"),
        (f"{product.brand} {product.sku} {product.gtin}", "B"),
        (product.shop.name, "C"),
        (product.description, "D"),
    )
    Product.objects.filter(pk=product.pk).update(search=words)


def _availability(text: str) -> Availability:
    return Availability(text) if text in Availability.values else Availability.UNKNOWN
