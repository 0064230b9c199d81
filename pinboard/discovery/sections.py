"""The sections of a board with their size and a picture, by no query of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, JSONObject

from pinboard.models import Board, BoardSection, Picture, Pin, PinState
from pinboard.models.board import BoardQuerySet

_OF_PICTURE = ("name", "media_type", "width", "height", "is_public", "is_ready")


@dataclass(frozen=True)
class Section:
    pk: int
    title: str
    count: int
    picture: Picture | None


def with_sections(boards: BoardQuerySet) -> BoardQuerySet:
    """Annotates `section_rows`, which `sections_of` reads."""
    pins = Pin.objects.filter(
        section=OuterRef("pk"), state=PinState.READY, deleted_at=None
    )
    counted = pins.order_by().values("section").annotate(rows=Count("pk"))
    picture = pins.order_by("-place").values(
        row=JSONObject(**{name: F(f"picture__{name}") for name in _OF_PICTURE})
    )
    rows = BoardSection.objects.filter(board=OuterRef("pk")).order_by("pk")
    row = JSONObject(
        pk="pk",
        title="title",
        count=Coalesce(Subquery(counted.values("rows")), 0),
        picture=Subquery(picture[:1]),
    )
    return boards.annotate(section_rows=ArraySubquery(rows.values(row=row)))


def sections_of(board: Board) -> list[Section]:
    rows: list[dict[str, Any]] = getattr(board, "section_rows", [])  # JSON
    return [
        Section(
            row["pk"],
            row["title"],
            row["count"],
            Picture(**row["picture"]) if row["picture"] else None,
        )
        for row in rows
    ]
