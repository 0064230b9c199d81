from __future__ import annotations

from typing import Literal

from django.http import HttpRequest
from ninja import Router

from config.api.auth import OPTIONAL, public, reader, user_of, viewer_of
from config.api.errors import field_error
from config.api.pages import REFUSALS, pin_page, search_text
from config.api.schemas import (
    BoardOut,
    PageOut,
    PersonOut,
    PinOut,
    ProductOut,
    TagOut,
)
from config.api.shapes import absolute, board_out, person_out, product_out
from pinboard.discovery.feed import explore, following
from pinboard.discovery.keyset import page_of
from pinboard.discovery.search import (
    Filters,
    search_boards,
    search_people,
    search_pins,
    search_products,
)
from pinboard.discovery.tags import suggested
from pinboard.exceptions import PinboardError
from pinboard.tag_names import key_of, names_in

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
    request: HttpRequest,
    q: str = "",
    kind: Kind = "pins",
    cursor: str | None = None,
    tag: str = "",
) -> AnyPage:
    """Pins, boards, people or products that fit the words; pins with all tags that
    `tag` names, with commas."""
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
    pins = search_pins(words, viewer, Filters(tags=_keys(tag)))
    return pin_page(request, pins, cursor)


@router.get(
    "/tags",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: list[TagOut], **REFUSALS},
)
def tag_list(request: HttpRequest, q: str = "") -> list[TagOut]:
    """Tags that begin with the text, those on most pins first."""
    return [
        TagOut(
            key=tag.key,
            url=absolute(tag.get_absolute_url()),
            name=tag.name,
            pin_count=tag.pins,
        )
        for tag in suggested(search_text(q), viewer_of(request))
    ]


def _keys(text: str) -> tuple[str, ...]:
    try:
        return tuple(key_of(name) for name in names_in(search_text(text)))
    except PinboardError as error:
        raise field_error("tag", str(error.for_user)) from error
