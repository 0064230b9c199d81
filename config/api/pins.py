from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router
from ninja.errors import HttpError, ValidationError
from ninja.responses import Status
from pydantic import ValidationError as PydanticError

from config.api.auth import OPTIONAL, Viewer, public, user_of, viewer_of, writer
from config.api.bodies import FORM_TYPE, check_form, read_object
from config.api.errors import field_error
from config.api.pages import REFUSALS
from config.api.schemas import (
    ActiveOut,
    CommentIn,
    CommentOut,
    PageOut,
    PinIn,
    PinOut,
    SaveIn,
    path_id,
)
from config.api.shapes import comment_out, comments_out, pins_out
from pinboard.actions.pins import delete_pin, pin_address, pin_upload, save_pin
from pinboard.actions.social import comment, like, unlike
from pinboard.discovery.keyset import page_of
from pinboard.models import Board, Comment, Pin, Product
from pinboard.models.board import link_key_in
from pinboard.pictures.header import content_of
from users.models import User

router = Router(tags=["pins"])
_FORM_OR_JSON = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["url", "board"],
                    "properties": {
                        "url": {"type": "string"},
                        "board": {"type": "integer"},
                        "title": {"type": "string"},
                        "description": {"type": "string"},
                        "alt": {"type": "string"},
                        "tags": {"type": "array", "items": {"type": "string"}},
                        "product": {"type": "integer"},
                    },
                }
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image", "board"],
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "board": {"type": "integer"},
                        "title": {"type": "string"},
                        "description": {"type": "string"},
                        "alt": {"type": "string"},
                        "tags": {"type": "string"},
                        "product": {"type": "integer"},
                    },
                }
            },
        },
    }
}


@router.post(
    "/pins",
    auth=writer,
    response={201: PinOut, **REFUSALS},
    openapi_extra=_FORM_OR_JSON,
)
def pin_create(request: HttpRequest) -> Status[PinOut]:
    """Pin a picture (multipart `image`) or an address (JSON `url`).

    Answered at once; the work goes on in the background, until `state` is `ready` or
    `failed`.
    """
    user = user_of(request)
    if request.content_type == FORM_TYPE:
        pin = _pin_of_form(request, user)
    else:
        pin = _pin_of_json(request, user)
    return Status(201, _out(pin.pk, user))


@router.get(
    "/pins/{pin_id}",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PinOut, **REFUSALS},
)
def pin_detail(request: HttpRequest, pin_id: str, key: str = "") -> PinOut:
    """A pin; what is processing or has failed is seen by its pinner alone."""
    viewer = viewer_of(request)
    pins = Pin.objects.visible_to(viewer, key=link_key_in(key)).with_card_data(viewer)
    return pins_out([get_object_or_404(pins, pk=path_id(pin_id))], viewer)[0]


@router.delete("/pins/{pin_id}", auth=writer, response={204: None, **REFUSALS})
def pin_delete(request: HttpRequest, pin_id: str) -> Status[None]:
    """Put one's own pin into the trash. What others saved from it stays theirs."""
    user = user_of(request)
    pin = get_object_or_404(Pin.objects.editable_by(user), pk=path_id(pin_id))
    delete_pin(pin=pin, by=user)
    return Status(204, None)


@router.post("/pins/{pin_id}/save", auth=writer, response={201: PinOut, **REFUSALS})
def pin_save(request: HttpRequest, pin_id: str, wanted: SaveIn) -> Status[PinOut]:
    """Save a pin to one's own board."""
    user, pin = user_of(request), _pin(request, pin_id)
    saved = save_pin(pin=pin, board=_own_board(user, wanted.board), by=user)
    return Status(201, _out(saved.pk, user))


@router.put("/pins/{pin_id}/like", auth=writer, response={200: ActiveOut, **REFUSALS})
def pin_like(request: HttpRequest, pin_id: str) -> ActiveOut:
    """Like a pin, once."""
    count = like(pin=_pin(request, pin_id), by=user_of(request))
    return ActiveOut(active=True, count=count)


@router.delete(
    "/pins/{pin_id}/like", auth=writer, response={200: ActiveOut, **REFUSALS}
)
def pin_unlike(request: HttpRequest, pin_id: str) -> ActiveOut:
    """Take a like back."""
    count = unlike(pin=_pin(request, pin_id), by=user_of(request))
    return ActiveOut(active=False, count=count)


@router.get(
    "/pins/{pin_id}/comments",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PageOut[CommentOut], **REFUSALS},
)
def pin_comments(
    request: HttpRequest, pin_id: str, cursor: str | None = None
) -> PageOut[CommentOut]:
    """What was said under a pin, oldest first."""
    pin = _pin(request, pin_id)
    page = page_of(Comment.objects.of(pin), cursor, newest_first=False)
    return PageOut[CommentOut](
        items=comments_out(page.items, pin), next=page.next_cursor
    )


@router.post(
    "/pins/{pin_id}/comments", auth=writer, response={201: CommentOut, **REFUSALS}
)
def pin_comment(
    request: HttpRequest, pin_id: str, wanted: CommentIn
) -> Status[CommentOut]:
    """Say something under a pin, or answer a comment."""
    pin = _pin(request, pin_id)
    answered = None
    if wanted.reply_to is not None:
        answered = Comment.objects.of(pin).filter(pk=wanted.reply_to).first()
        if answered is None:
            raise field_error("reply_to", _("There is no such comment here."))
    written = comment(pin=pin, by=user_of(request), text=wanted.text, reply_to=answered)
    return Status(201, comment_out(written, pin))


def _pin_of_form(request: HttpRequest, user: User) -> Pin:
    check_form(request)
    wanted = _checked(request.POST.dict())
    image = request.FILES.get("image")
    if image is None:
        raise field_error("image", _("Send a picture as the file `image`."))
    if wanted.url and not wanted.url.startswith(("https://", "http://")):
        raise field_error("url", _("Give the whole address, with https://."))
    return pin_upload(
        by=user,
        board=_own_board(user, wanted.board),
        content=content_of(image),
        title=wanted.title,
        description=wanted.description,
        alt=wanted.alt,
        tags=wanted.tags,
        product=_product(wanted.product),
        source_url=wanted.url or "",
    )


def _pin_of_json(request: HttpRequest, user: User) -> Pin:
    try:
        body = read_object(request.body)
    except ValueError as error:
        raise HttpError(400, "no JSON object") from error
    wanted = _checked(body)
    if wanted.url is None:
        raise field_error("url", _("Send an address, or a picture as a form."))
    return pin_address(
        by=user,
        board=_own_board(user, wanted.board),
        url=wanted.url,
        title=wanted.title,
        description=wanted.description,
        alt=wanted.alt,
        tags=wanted.tags,
        product=_product(wanted.product),
    )


def _checked(body: dict[str, Any]) -> PinIn:
    """By hand: ninja reads forms or JSON, and this call takes both."""
    given = {name: value for name, value in body.items() if value not in ("", None)}
    try:
        return PinIn.model_validate(given)
    except PydanticError as error:
        problems = [
            dict(problem) | {"loc": ("body", *problem["loc"])}
            for problem in error.errors(include_url=False)
        ]
        raise ValidationError(problems) from error


def _own_board(user: User, board_id: int) -> Board:
    board = Board.objects.fillable_by(user).filter(pk=board_id).first()
    if board is None:
        raise field_error("board", _("You have no such board."))
    return board


def _product(product_id: int | None) -> Product | None:
    if product_id is None:
        return None
    product = Product.objects.filter(pk=product_id, removed_at=None).first()
    if product is None:
        raise field_error("product", _("There is no such product."))
    return product


def _pin(request: HttpRequest, pin_id: str) -> Pin:
    pins = Pin.objects.visible_to(viewer_of(request))
    pins = pins.select_related("board", "product", "picture", "pinner")
    return get_object_or_404(pins, pk=path_id(pin_id))


def _out(pin_pk: int, viewer: Viewer) -> PinOut:
    pins = Pin.objects.with_card_data(viewer)
    return pins_out([pins.get(pk=pin_pk)], viewer)[0]
