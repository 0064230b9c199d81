"""The three pictures on the cover of each board or shop of a list, by one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, QuerySet, When

from pinboard.models import Board, Picture, Pin, PinState, Product, Shop
from pinboard.models.board import BoardQuerySet

COVER_SIZE = 3


def with_cover_ids(boards: BoardQuerySet) -> BoardQuerySet:
    """For boards that the viewer may see: whose board it is, theirs are its pins."""
    shown = Pin.objects.filter(
        board=OuterRef("pk"), state=PinState.READY, deleted_at=None
    )
    # The chosen cover, else the newest, and what came before them.
    ranked = shown.annotate(rank=Case(When(pk=OuterRef("cover_id"), then=0), default=1))
    newest = ranked.order_by("rank", "-pk")
    return boards.select_related("owner").annotate(
        cover_ids=ArraySubquery(newest.values("picture_id")[:COVER_SIZE])
    )


def with_newest_goods(shops: QuerySet[Shop]) -> QuerySet[Shop]:
    """A shop's cover: what it put up last."""
    newest = Product.objects.filter(
        shop=OuterRef("pk"), picture__isnull=False, removed_at=None
    ).order_by("-pk")
    return shops.annotate(
        cover_ids=ArraySubquery(newest.values("picture_id")[:COVER_SIZE])
    )


def load_covers(covered: Iterable[Board] | Iterable[Shop]) -> None:
    """Put the pictures of `cover_ids` on each board or shop, as `covers`."""
    rows: list[Any] = list(covered)  # Any: the ids are annotated above
    wanted = {pk for row in rows for pk in row.cover_ids}
    pictures = Picture.objects.in_bulk(wanted)
    for row in rows:
        row.covers = [pictures[pk] for pk in row.cover_ids]
