"""Boards as wish lists: their occasion and date, what is wanted how often, and thanks
once the date has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify
from pinboard.exceptions import RevealTooSoon
from pinboard.models import (
    Board,
    BoardEvent,
    GiftClaim,
    GiftItem,
    GiftList,
    Notification,
    Pin,
)

if TYPE_CHECKING:
    from users.models import User

THANKED = gettext_noop("%(name)s thanks you for “%(gift)s”.")


@transaction.atomic
def set_gift_list(
    *, board: Board, by: User, occasion: str, reveal_on: date
) -> GiftList:
    """Make the board a wish list, or change its occasion and date. Raises
    RevealTooSoon.

    A list that was taken back before its date is taken up again with its claims: they
    were promised to stay hidden until then. After its date it is over, and the next one
    begins without any.
    """
    mine = _mine(board, by)
    last = mine.gift_lists.select_for_update(no_key=True).order_by("-pk").first()
    if last is None or last.is_revealed:
        return _begin(mine, last, by, occasion, reveal_on)
    if reveal_on != last.reveal_on and reveal_on < last.earliest_reveal():
        raise RevealTooSoon
    is_news = reveal_on != last.reveal_on or last.ended_at is not None
    last.occasion, last.reveal_on, last.ended_at = occasion, reveal_on, None
    last.save()
    if is_news:
        _note_date(mine, reveal_on, by)
    return last


@transaction.atomic
def end_gift_list(*, board: Board, by: User) -> None:
    """No gift board any more. What was claimed stays hidden until the date, as if
    nothing had been."""
    mine = _mine(board, by)
    if mine.gift_lists.filter(ended_at=None).update(ended_at=timezone.now()):
        _note_date(mine, None, by)


@transaction.atomic
def set_wanted(*, board: Board, by: User, wanted: Mapping[int, int]) -> None:
    """How many pieces of which pins. Less than was claimed is no error: it would tell
    of the claims. The guests are told."""
    mine = _mine(board, by)
    pins = Pin.objects.filter(board=mine, pk__in=wanted, deleted_at=None)
    GiftItem.objects.bulk_create(
        [GiftItem(pin=pin, wanted=wanted[pin.pk]) for pin in pins],
        update_conflicts=True,
        unique_fields=["pin"],
        update_fields=["wanted"],
    )


@transaction.atomic
def thank(*, claim: GiftClaim, by: User, text: str = "") -> GiftClaim:
    """Once the date has come. A guest reads it on the page of their claims; who has an
    account is told."""
    board = _mine(claim.gift_list.board, by)
    given = GiftClaim.objects.revealed_on(board).select_for_update(of=["self"])
    row = locked(given.select_related("guest__user"), claim)
    is_first = row.thanked_at is None
    row.thanked_at, row.thanks = timezone.now(), text
    row.save(update_fields=["thanked_at", "thanks"])
    if is_first and row.guest.user:
        notify(
            recipient=row.guest.user,
            kind=Notification.Kind.NEWS,
            actor=by,
            text=THANKED,
            facts={"name": str(by), "gift": row.title},
            url="/gifts/",
        )
    return row


def _mine(board: Board, by: User) -> Board:
    return locked(Board.objects.editable_by(by).select_for_update(no_key=True), board)


def _begin(
    board: Board, last: GiftList | None, by: User, occasion: str, reveal_on: date
) -> GiftList:
    if reveal_on <= timezone.localdate():
        raise RevealTooSoon
    if last and last.ended_at is None:
        last.ended_at = timezone.now()
        last.save(update_fields=["ended_at"])
    begun = GiftList.objects.create(board=board, occasion=occasion, reveal_on=reveal_on)
    _note_date(board, reveal_on, by)
    return begun


def _note_date(board: Board, day: date | None, by: User) -> None:
    """Without a day: ended. The board is sealed until the day it had all the same, or
    an order that came by its links would tell of a gift."""
    if day:
        Board.objects.filter(pk=board.pk).update(gift_until=day)
    BoardEvent.objects.create(
        board=board, kind=BoardEvent.Kind.DATED, day=day, actor=by
    )
