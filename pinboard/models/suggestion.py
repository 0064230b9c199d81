from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from pinboard.models.board import Board, shared_with
from pinboard.models.board_member import FILLING
from pinboard.models.pin import Pin
from pinboard.models.proposal import Proposal, ProposalState, state_is_known

if TYPE_CHECKING:
    from pinboard.models.board import Viewer
    from users.models import User


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def decidable_by(self, user: Viewer) -> Self:
        """Those for the boards that this person fills."""
        over = shared_with(user, *FILLING, board="board__")
        return self.filter(over, board__deleted_at=None)

    def shown(self) -> Self:
        """Their pins are seen by everybody still: what was hidden since then is told
        to nobody. What somebody who was shut out proposed waits no longer."""
        return self.filter(pin__in=Pin.objects.public(), by__is_active=True)

    def waiting(self) -> Self:
        return self.shown().filter(state=ProposalState.WAITING)

    def told_to(self, suggester: User) -> Self:
        """One's own, for the boards that one sees still."""
        boards = Board.objects.visible_to(suggester)
        own = self.filter(by=suggester, board__in=boards)
        return own.filter(pin__in=Pin.objects.public()).exclude(
            state=ProposalState.WITHDRAWN
        )

    def with_presence(self) -> Self:
        """Annotates `is_there`: the board has the picture by now."""
        there = Pin.objects.filter(
            board=OuterRef("board"), picture=OuterRef("pin__picture"), deleted_at=None
        )
        return self.annotate(is_there=Exists(there))


class Suggestion(Proposal):
    """A pin that somebody proposes for a board of somebody else."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="+")
    pin = models.ForeignKey(Pin, models.SET_NULL, null=True, related_name="+")
    # What came of it: the pin on the board, which keeps the suggester's name.
    copy = models.OneToOneField(
        Pin, models.SET_NULL, null=True, related_name="suggestion"
    )
    # All that one press decided has one, however many they were.
    deed = models.UUIDField(null=True, db_index=True)

    objects = SuggestionQuerySet.as_manager()

    is_there: bool  # annotated by with_presence

    class Meta:
        indexes = [
            models.Index(fields=["board", "state", "-id"], name="suggestion_of_board"),
            models.Index(fields=["by", "-id"], name="suggestion_of_person"),
        ]
        constraints = [
            state_is_known("suggestion_state_is_known"),
            models.UniqueConstraint(
                fields=["board", "pin"],
                condition=Q(state="waiting"),
                name="a_pin_waits_once_for_a_board",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pin_id} for {self.board_id}"
