"""Where a pin could be proposed, and what waits for whom."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q

from pinboard.models import Board, Follow, Pin, Suggestion
from pinboard.models.proposal import ProposalState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from pinboard.models.board import BoardQuerySet
    from users.models import User

OFFERED = 20  # boards to choose among; a name finds the others


def boards_for(pin: Pin, by: User, q: str = "") -> tuple[list[Board], bool]:
    """Boards of others that take suggestions: those of that name or person, else those
    that one follows, then the liveliest. Annotates `has_it` and `waits`; the second is
    whether one of them is free for the pin."""
    taking = Board.objects.taking_from(by).select_related("owner")
    for word in q.split():
        taking = taking.filter(
            Q(title__icontains=word)
            | Q(owner__username__icontains=word)
            | Q(owner__display_name__icontains=word)
        )
    follows = Follow.objects.filter(follower=by)
    of_board = Q(board=OuterRef("pk")) | Q(person=OuterRef("owner"))
    there = Pin.objects.filter(
        board=OuterRef("pk"), picture=pin.picture_id, deleted_at=None
    )
    waits = Suggestion.objects.filter(
        board=OuterRef("pk"),
        pin__picture=pin.picture_id,
        state=ProposalState.WAITING,
    )
    known = taking.annotate(
        is_followed=Exists(follows.filter(of_board)),
        has_it=Exists(there),
        waits=Exists(waits),
    )
    found = list(known.order_by("-is_followed", "-updated_at", "-pk")[:OFFERED])
    told = attrgetter("has_it", "waits")
    return [*found], not all(any(told(board)) for board in found)


def boards_with_waiting(user: User) -> BoardQuerySet:
    """The boards one fills for which something waits, and `waiting_count`."""
    waiting: QuerySet[Suggestion] = Suggestion.objects.waiting().decidable_by(user)
    counts = waiting.order_by().values("board").annotate(n=Count("pk"))
    numbers = dict(counts.values_list("board", "n"))
    boards = Board.objects.fillable_by(user).filter(pk__in=numbers)
    found = boards.select_related("owner").order_by("-pk")
    for board in found:
        board.waiting_count = numbers[board.pk]  # type: ignore[attr-defined]  # for the page
    return found
