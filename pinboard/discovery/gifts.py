"""What guests of a wish list are told. Whoever fills the board is asked for nothing
here: the pages that call this look first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from pinboard.models import BoardEvent, GiftClaim, GiftItem, GiftList, Pin

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from pinboard.models.board import Viewer


@dataclass(frozen=True)
class Wish:
    """One thing of a list, as a guest sees it."""

    wanted: int
    taken: int
    mine: int
    names: tuple[str, ...]  # of those who show them to other guests

    @property
    def left(self) -> int:
        return max(self.wanted - self.taken, 0)

    @property
    def for_me(self) -> int:
        """How many this guest may promise, the ones promised already among them."""
        return max(self.wanted - self.taken + self.mine, 0)


@dataclass(frozen=True)
class GiftCard:
    pin: Pin
    wish: Wish


@dataclass(frozen=True)
class Move:
    """The date of a list that was announced already, and what it was changed to."""

    at: datetime
    before: date | None
    after: date | None


def wishes_of(
    gift_list: GiftList, pins: Iterable[Pin], guests: Collection[int]
) -> dict[int, Wish]:
    """By the pin's key. Two queries, however many pins."""
    keys = [pin.pk for pin in pins]
    items = GiftItem.objects.filter(pin__in=keys)
    wanted = dict(items.values_list("pin_id", "wanted"))
    told: dict[int, list[GiftClaim]] = defaultdict(list)
    claims = GiftClaim.objects.filter(gift_list=gift_list, pin__in=keys)
    for claim in claims.select_related("guest__user").order_by("created_at"):
        told[claim.pin_id or 0].append(claim)
    return {key: _wish(wanted.get(key, 1), told[key], guests) for key in keys}


def _wish(wanted: int, claims: list[GiftClaim], guests: Collection[int]) -> Wish:
    mine = [claim for claim in claims if claim.guest_id in guests]
    others = [claim for claim in claims if claim.guest_id not in guests]
    return Wish(
        wanted=wanted,
        taken=sum(claim.quantity for claim in claims),
        mine=sum(claim.quantity for claim in mine),
        names=tuple(str(claim.guest) for claim in others if claim.shows_name),
    )


def claims_of(guests: Collection[int], viewer: Viewer) -> QuerySet[GiftClaim]:
    """A guest's own promises, the last first, with what became of each."""
    own = GiftClaim.objects.told_to(viewer).filter(guest__in=guests)
    return own.with_fate(viewer).order_by("-gift_list", "-created_at")


def moves_of(gift_list: GiftList) -> list[Move]:
    """How its date was changed since it was first announced, the last first."""
    events = BoardEvent.objects.filter(
        board=gift_list.board_id,
        kind=BoardEvent.Kind.DATED,
        created_at__gte=gift_list.created_at,
    ).order_by("pk")
    moves = [Move(new.created_at, old.day, new.day) for old, new in pairwise(events)]
    return moves[::-1]
