from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Router

from config.api.auth import OPTIONAL, public, reader, user_of, viewer_of
from config.api.pages import REFUSALS, pin_page, search_text
from config.api.schemas import BoardOut, PageOut, PersonOut, PinOut, ProductOut
from config.api.shapes import board_out, person_out, product_out
from pinboard.discovery.feed import explore, following
from pinboard.discovery.keyset import page_of
from pinboard.discovery.search import (
    search_boards,
    search_people,
    search_pins,
    search_products,
)

router = Router(tags=["feeds"])

Kind = Literal["pins", "boards", "people", "products"]
AnyPage = PageOut[PinOut] | PageOut[BoardOut] | PageOut[PersonOut] | PageOut[ProductOut]


@router.get("/feed", auth=reader, response={200: PageOut[PinOut], **REFUSALS})
def feed(request: HttpRequest, cursor: str | None = None) -> PageOut[PinOut]:
    """The pins of those whom the token's owner follows, newest first."""
    return pin_page(request, following(user_of(request)), cursor)


@router.get(
    "/explore",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PageOut[PinOut], **REFUSALS},
)
def explore_feed(request: HttpRequest, cursor: str | None = None) -> PageOut[PinOut]:
    """Everybody's public pins, newest first."""
    return pin_page(request, explore(viewer_of(request)), cursor)


@router.get(
    "/search", auth=public, openapi_extra=OPTIONAL, response={200: AnyPage, **REFUSALS}
)
def search(
    request: HttpRequest, q: str = "", kind: Kind = "pins", cursor: str | None = None
) -> AnyPage:
    """Pins, boards, people or products that fit the words."""
    viewer, words = viewer_of(request), search_text(q)
    if kind == "boards":
        boards = page_of(search_boards(words, viewer).select_related("owner"), cursor)
        return PageOut[BoardOut](
            items=[board_out(board, viewer) for board in boards.items],
            next=boards.next_cursor,
        )
    if kind == "people":
        people = page_of(search_people(words), cursor)
        return PageOut[PersonOut](
            items=[person_out(person) for person in people.items],
            next=people.next_cursor,
        )
    if kind == "products":
        products = page_of(search_products(words).select_related("shop"), cursor)
        return PageOut[ProductOut](
            items=[product_out(product) for product in products.items],
            next=products.next_cursor,
        )
    return pin_page(request, search_pins(words, viewer), cursor)
