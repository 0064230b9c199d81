"""Pins that people propose for the boards of others, and what becomes of them.

Locks are taken as everywhere: boards, then pins; of the suggestions of a board only one
request at a time decides, for the board is locked first.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify, take_back
from pinboard.actions.pins import add_copy, lock_boards, put_away, restore_pin
from pinboard.exceptions import (
    BoardHasEnough,
    NotInTrash,
    NotSuggestible,
    NotTakenBefore,
    OnBoardAlready,
    SuggestedAlready,
    TakesNoSuggestions,
    TooLateToWithdraw,
    TooManySuggestions,
)
from pinboard.models import Board, Notification, Pin, Suggestion
from pinboard.models.board import Suggestions
from pinboard.models.pin import oldest_in_trash
from pinboard.models.proposal import ProposalState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from pinboard.models.suggestion import SuggestionQuerySet
    from users.models import User

WAITING, TAKEN = ProposalState.WAITING, ProposalState.TAKEN
DECLINED, WITHDRAWN = ProposalState.DECLINED, ProposalState.WITHDRAWN
Kind = Notification.Kind

DAY = timedelta(days=1)
MOST_HERE = 5  # of one person on one board: waiting, or straight in within a day
MOST_A_DAY = 30  # of one person, on all boards together
MOST_OF_BOARD = 200  # waiting; nobody reads more
MOST_AT_ONCE = 100  # decided by one press


@transaction.atomic
def suggest(*, pin: Pin, board: Board, by: User) -> Suggestion:
    """Propose a pin: on an open board it is there at once, on a curated one it waits.

    Raises TakesNoSuggestions, NotSuggestible, SuggestedAlready (and its kinds) and
    TooManySuggestions.
    """
    lock_boards(board)
    here = Board.objects.taking_from(by).select_related("owner").filter(pk=board.pk)
    mine = here.first()
    if mine is None:
        raise TakesNoSuggestions
    seen = Pin.objects.public().select_related("pinner", "picture", "product__shop")
    proposed = seen.filter(pk=pin.pk).first()
    if proposed is None:
        raise NotSuggestible
    _check_new(proposed, mine, by)
    _check_room(mine, by)
    made = Suggestion.objects.create(pin=proposed, board=mine, by=by)
    if mine.suggestions == Suggestions.OPEN:
        made.copy = add_copy(pin=proposed, board=mine, pinner=mine.owner, by=by)
        made.state = TAKEN
        made.save(update_fields=["copy", "state"])
        _tell_pinner(made)
    _tell_owner(mine, by)
    return made


@transaction.atomic
def withdraw(*, suggestion: Suggestion, by: User) -> Suggestion:
    """Take one's own back while it waits, or within a day where it went straight in.
    Raises TooLateToWithdraw."""
    mine = _one_of(Suggestion.objects.filter(by=by), suggestion)
    recent = mine.created_at > timezone.now() - DAY
    if not (mine.is_waiting or (mine.came_straight_in and recent)):
        raise TooLateToWithdraw
    _take_off(mine, by)
    mine.state, mine.state_before = WITHDRAWN, mine.state
    mine.save(update_fields=["state", "state_before"])
    if not Suggestion.objects.waiting().filter(board=mine.board, by=by).exists():
        take_back(kind=Kind.SUGGESTED, actor=by, board=mine.board)
    return mine


@transaction.atomic
def take(*, suggestions: SuggestionQuerySet, by: User) -> uuid.UUID | None:
    """Save them to their boards, also those that were declined before. None where
    nothing could be taken: what is on the board already stays as it is."""
    deed = uuid.uuid4()
    rows = _to_decide(suggestions.shown(), by, WAITING, DECLINED)
    taken = [row for row in rows if _put_there(row, by)]
    for row in taken:
        _decide(row, TAKEN, deed, by)
        _tell_suggester(row, by)
        _tell_pinner(row)
    return deed if taken else None


@transaction.atomic
def decline(*, suggestions: SuggestionQuerySet, by: User) -> uuid.UUID | None:
    """Quietly: nobody is told. What is on its board goes into the trash."""
    deed = uuid.uuid4()
    rows = _to_decide(suggestions, by, WAITING, TAKEN)
    for row in rows:
        _take_off(row, by)
        _decide(row, DECLINED, deed, by)
    return deed if rows else None


@transaction.atomic
def undo_decision(*, deed: uuid.UUID, by: User) -> int:
    """As it was before; how many. Raises NotInTrash where there is nothing to undo."""
    done = Suggestion.objects.filter(deed=deed)
    rows = _to_decide(done, by, TAKEN, DECLINED)
    if not rows:
        raise NotInTrash
    return sum(_undo(row, by) for row in rows)


def _check_new(pin: Pin, board: Board, by: User) -> None:
    on_board = Pin.objects.filter(board=board, picture=pin.picture, deleted_at=None)
    if on_board.exists():
        raise OnBoardAlready
    same = Suggestion.objects.filter(board=board, pin__picture=pin.picture)
    if same.filter(state=WAITING).exists():
        raise SuggestedAlready
    if same.filter(state=DECLINED, by=by).exists():
        raise NotTakenBefore


def _check_room(board: Board, by: User) -> None:
    since = timezone.now() - DAY
    own = Suggestion.objects.filter(by=by)
    here = own.filter(board=board)
    straight = here.filter(state_before="", state=TAKEN, created_at__gt=since)
    if here.filter(state=WAITING).count() + straight.count() >= MOST_HERE:
        raise TooManySuggestions
    if own.filter(created_at__gt=since).count() >= MOST_A_DAY:
        raise TooManySuggestions
    if Suggestion.objects.waiting().filter(board=board).count() >= MOST_OF_BOARD:
        raise BoardHasEnough


def _one_of(rows: QuerySet[Suggestion], one: Suggestion) -> Suggestion:
    lock_boards(one.board)
    related = rows.select_related("board__owner", "copy__board", "copy__picture")
    return locked(related.select_for_update(of=["self"]), one)


def _to_decide(
    rows: SuggestionQuerySet, by: User, *states: ProposalState
) -> list[Suggestion]:
    mine = rows.decidable_by(by).filter(state__in=states).order_by("pk")
    keys = list(mine.values_list("pk", flat=True)[:MOST_AT_ONCE])
    chosen = Suggestion.objects.filter(pk__in=keys)
    lock_boards(*Board.objects.filter(pk__in=chosen.values("board")))
    # Looked at again behind the lock: another editor may have decided meanwhile.
    related = mine.filter(pk__in=keys).select_related("by", "board__owner")
    return list(
        related.select_related(
            *("pin__pinner", "pin__picture", "pin__product__shop"),
            *("copy__pinner", "copy__board", "copy__picture"),
        )
    )


def _put_there(row: Suggestion, by: User) -> bool:
    """Its pin on the board: the one that was there before, else a new copy."""
    pin = row.pin
    if pin is None:
        return False
    there = Pin.objects.filter(board=row.board, picture=pin.picture, deleted_at=None)
    if there.exists():
        return False
    if row.copy and _comes_back(row.copy, row.board, by):
        return True
    if not Pin.objects.public().filter(pk=pin.pk).exists():
        return False
    row.copy = add_copy(pin=pin, board=row.board, pinner=by, by=by)
    row.save(update_fields=["copy"])
    return True


def _comes_back(copy: Pin, board: Board, by: User) -> bool:
    gone_at: datetime | None = copy.deleted_at
    if copy.board_id != board.pk or not gone_at or gone_at < oldest_in_trash():
        return False
    restore_pin(pin=copy, by=by)
    return True


def _take_off(row: Suggestion, by: User) -> None:
    """What came of it goes into the trash, unless it was moved to another board."""
    on_board = Pin.objects.filter(pk=row.copy_id or 0, board=row.board, deleted_at=None)
    copies = on_board.select_related("board", "picture")
    for copy in copies.select_for_update(of=["self"]):
        put_away(copy, by=by)


def _decide(row: Suggestion, state: ProposalState, deed: uuid.UUID, by: User) -> None:
    row.state_before, row.state = row.state, state
    row.deed, row.decided_by = deed, by
    row.save(update_fields=["state", "state_before", "deed", "decided_by"])


def _undo(row: Suggestion, by: User) -> bool:
    if row.state == TAKEN:
        _take_off(row, by)
        _untell_suggester(row)
    elif row.state_before == TAKEN:
        _put_there(row, by)
    elif _waits_again(row):
        return False
    row.state = ProposalState(row.state_before)
    # What was on the board before was decided on; only what waits was not.
    row.state_before = "" if row.state == WAITING else WAITING
    row.deed, row.decided_by = None, None
    row.save(update_fields=["state", "state_before", "deed", "decided_by"])
    return True


def _waits_again(row: Suggestion) -> bool:
    """Somebody else proposed the same since it was declined."""
    same = Suggestion.objects.filter(board=row.board, pin=row.pin_id, state=WAITING)
    return same.exists()


def _tell_owner(board: Board, by: User) -> None:
    """Once until it is read, however many pins they are."""
    unread = Notification.objects.filter(
        recipient=board.owner, kind=Kind.SUGGESTED, actor=by, board=board, read_at=None
    )
    if not unread.exists():
        notify(recipient=board.owner, kind=Kind.SUGGESTED, actor=by, board=board)


def _tell_suggester(row: Suggestion, by: User) -> None:
    if row.by:
        notify(
            recipient=row.by, kind=Kind.TAKEN, actor=by, pin=row.copy, board=row.board
        )


def _tell_pinner(row: Suggestion) -> None:
    """As of any save: to whom it is news."""
    if row.pin and row.copy and row.board.is_public and row.pin.pinner != row.by:
        notify(
            recipient=row.pin.pinner, kind=Kind.SAVE, actor=row.copy.pinner, pin=row.pin
        )


def _untell_suggester(row: Suggestion) -> None:
    told = Notification.objects.filter(kind=Kind.TAKEN, pin=row.copy_id)
    told.filter(recipient=row.by, board=row.board).delete()
