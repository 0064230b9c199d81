"""Search over pins, boards, people and products: newest first, pages by key.

Each function gives a queryset; words that nothing can hold give an empty one, no words
at all give everything. Where the words find nothing, the `alike` ones forgive a typo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from pinboard.discovery.words import query_of
from pinboard.models import Availability, Board, Pin, PinState, Product
from users.models import User

if TYPE_CHECKING:
    from pinboard.models.board import BoardQuerySet
    from pinboard.models.pin import PinQuerySet, Viewer


@dataclass(frozen=True)
class Filters:
    """What a reader narrows pins and products by; prices in minor units."""

    price_min: int | None = None
    price_max: int | None = None
    shop: str = ""
    in_stock: bool = False
    tags: tuple[str, ...] = ()  # keys; a pin has all of them

    def of(self, path: str = "") -> Q:
        """As a condition on the product at `path`, for example "product__"."""
        wanted: dict[str, Any] = {}  # values of the ORM's lookups
        if self.price_min is not None:
            wanted["price_minor__gte"] = self.price_min
        if self.price_max is not None:
            wanted["price_minor__lte"] = self.price_max
        if self.shop:
            wanted["shop__slug"] = self.shop
        if self.in_stock:
            wanted["availability"] = Availability.IN_STOCK
        return Q(**{path + name: value for name, value in wanted.items()})


NO_FILTERS = Filters()


def search_pins(q: str, viewer: Viewer, filters: Filters = NO_FILTERS) -> PinQuerySet:
    pins = Pin.objects.visible_to(viewer).filter(
        filters.of("product__"), state=PinState.READY
    )
    for key in filters.tags:
        pins = pins.filter(tags__key=key)
    if not q.strip():
        return pins
    words = query_of(q)
    return pins.filter(search=words) if words else pins.none()


def pins_alike(q: str, viewer: Viewer, filters: Filters = NO_FILTERS) -> PinQuerySet:
    """Pins whose title has a word much like the one looked for."""
    return search_pins("", viewer, filters).filter(title__trigram_word_similar=q)


def search_boards(q: str, viewer: Viewer) -> BoardQuerySet:
    boards = Board.objects.listed_for(viewer)
    if not q.strip():
        return boards
    words = query_of(q)
    return boards.filter(search=words) if words else boards.none()


def boards_alike(q: str, viewer: Viewer) -> BoardQuerySet:
    return search_boards("", viewer).filter(title__trigram_word_similar=q)


def search_people(q: str) -> QuerySet[User]:
    people = User.objects.filter(is_active=True, closed_at=None)
    name = q.strip().removeprefix("@")
    if not q.strip():
        return people
    close = Q(username__icontains=name) | Q(display_name__icontains=name)
    if len(name) >= 4:  # shorter names are like every other
        close |= Q(username__trigram_similar=name)
        close |= Q(display_name__trigram_similar=name)
    return people.filter(close) if name else people.none()


def search_products(q: str, filters: Filters = NO_FILTERS) -> QuerySet[Product]:
    products = Product.objects.filter(filters.of(), removed_at=None)
    products = products.select_related("shop", "picture")
    if not q.strip():
        return products
    words = query_of(q)
    return products.filter(search=words) if words else products.none()


def products_alike(q: str, filters: Filters = NO_FILTERS) -> QuerySet[Product]:
    return search_products("", filters).filter(title__trigram_word_similar=q)
