from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.responses import Status

from config.api.auth import OPTIONAL, public, user_of, viewer_of, writer
from config.api.pages import REFUSALS, pin_page
from config.api.schemas import (
    ActiveOut,
    BoardIn,
    BoardOut,
    PageOut,
    PinOut,
    path_id,
)
from config.api.shapes import board_out
from pinboard.actions.boards import create_board
from pinboard.actions.social import follow_board, unfollow_board
from pinboard.models import Board, Pin
from pinboard.models.board import link_key_in

router = Router(tags=["boards"])


@router.post("/boards", auth=writer, response={201: BoardOut, **REFUSALS})
def board_create(request: HttpRequest, wanted: BoardIn) -> Status[BoardOut]:
    """Make a board."""
    user = user_of(request)
    board = create_board(owner=user, **wanted.dict())
    return Status(201, board_out(board, user))


@router.get(
    "/boards/{board_id}",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: BoardOut, **REFUSALS},
)
def board_detail(request: HttpRequest, board_id: str, key: str = "") -> BoardOut:
    """A board; `key` opens one that is seen by its link alone."""
    return board_out(_board(request, board_id, key), viewer_of(request))


@router.get(
    "/boards/{board_id}/pins",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PageOut[PinOut], **REFUSALS},
)
def board_pins(
    request: HttpRequest, board_id: str, cursor: str | None = None, key: str = ""
) -> PageOut[PinOut]:
    """A board's pins, newest first."""
    board = _board(request, board_id, key)
    pins = Pin.objects.visible_to(viewer_of(request), key=link_key_in(key))
    return pin_page(request, pins.filter(board=board), cursor)


@router.put(
    "/boards/{board_id}/follow", auth=writer, response={200: ActiveOut, **REFUSALS}
)
def board_follow(request: HttpRequest, board_id: str) -> ActiveOut:
    """Follow a board, once; one's own never."""
    user, board = user_of(request), _board(request, board_id)
    count = follow_board(board=board, by=user)
    return ActiveOut(active=board.owner_id != user.pk, count=count)


@router.delete(
    "/boards/{board_id}/follow", auth=writer, response={200: ActiveOut, **REFUSALS}
)
def board_unfollow(request: HttpRequest, board_id: str) -> ActiveOut:
    """Follow a board no longer."""
    board = _board(request, board_id)
    count = unfollow_board(board=board, by=user_of(request))
    return ActiveOut(active=False, count=count)


def _board(request: HttpRequest, board_id: str, key: str = "") -> Board:
    boards = Board.objects.visible_to(viewer_of(request), key=link_key_in(key))
    return get_object_or_404(boards.select_related("owner"), pk=path_id(board_id))
