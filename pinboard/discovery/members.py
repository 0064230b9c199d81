"""Who shares a board, by no query of their own, and the reader's role on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject

from pinboard.models import Board, BoardMember
from users.models import User

if TYPE_CHECKING:
    from pinboard.models.board import BoardQuerySet, Viewer

SHOWN = 5  # faces on the board's page; the rest is a number
_OF_PERSON = ("pk", "username", "display_name", "avatar_path")


def with_members(boards: BoardQuerySet, reader: Viewer) -> BoardQuerySet:
    """Annotates `member_rows`, which `members_of` reads, and `role_of_reader`."""
    joined = BoardMember.objects.filter(
        board=OuterRef("pk"), accepted_at__isnull=False, user__is_active=True
    )
    person = JSONObject(**{name: F(f"user__{name}") for name in _OF_PERSON})
    own = BoardMember.objects.of(reader).filter(board=OuterRef("pk"))
    return boards.annotate(
        member_rows=ArraySubquery(
            joined.order_by("pk").values(row=person)[: SHOWN + 1]
        ),
        role_of_reader=Subquery(own.values("role")[:1]),
    )


def members_of(board: Board) -> list[User]:
    return [User(**row) for row in getattr(board, "member_rows", [])]
