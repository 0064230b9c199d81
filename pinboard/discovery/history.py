"""What happened to a board: deed by deed, and what was on it at a moment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import OuterRef, QuerySet, Subquery

from pinboard.discovery.keyset import page_of
from pinboard.models import Board, BoardEvent, Pin, PinState

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet
    from users.models import User

EVENTS_A_PAGE = 200
FACES = 6


@dataclass
class Deed:
    """What one press did to the board: so many pins came, so many went."""

    id: uuid.UUID
    at: datetime
    actor: User | None
    added: int = 0
    removed: int = 0
    pins: list[Pin] = field(default_factory=list)  # the first few that still exist


def deeds_of(
    board: Board, cursor: str | None, actor: User | None = None
) -> tuple[list[Deed], str | None]:
    """The last first, and the cursor of the next page. Raises BadCursor."""
    events: QuerySet[BoardEvent] = BoardEvent.objects.filter(board=board)
    if actor:
        events = events.filter(actor=actor)
    events = events.select_related(
        "actor", "pin__picture", "pin__product", "pin__pinner"
    )
    page = page_of(events, cursor, size=EVENTS_A_PAGE)
    told = groupby(page.items, key=lambda event: event.deed)
    return [_summed(list(events)) for _deed, events in told], page.next_cursor


def _summed(events: list[BoardEvent]) -> Deed:
    deed = Deed(events[0].deed, events[0].created_at, events[0].actor)
    for event in events:
        if event.kind == BoardEvent.Kind.ADDED:
            deed.added += 1
        else:
            deed.removed += 1
        if event.pin and len(deed.pins) < FACES:
            deed.pins.append(event.pin)
    return deed


def pins_at(board: Board, moment: datetime) -> PinQuerySet:
    """What was on the board then, as far as it still exists: pins whose last event
    until the moment put them there. They may be elsewhere or in the trash by now."""
    last = BoardEvent.objects.filter(
        board=board, pin=OuterRef("pk"), created_at__lte=moment
    ).order_by("-pk")
    told = BoardEvent.objects.filter(board=board, created_at__lte=moment)
    was_there = Pin.objects.filter(pk__in=told.values("pin"), state=PinState.READY)
    return was_there.annotate(last_kind=Subquery(last.values("kind")[:1])).filter(
        last_kind=BoardEvent.Kind.ADDED
    )
