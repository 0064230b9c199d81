"""What happened to a board: deed by deed, and what was on it at a moment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q, QuerySet, Subquery

from pinboard.discovery.keyset import page_of
from pinboard.models import Board, BoardEvent, Pin, PinState

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet, Viewer
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
    tagged: int = 0
    dated: BoardEvent | None = None  # the date of a wish list, announced or taken back
    pins: list[Pin] = field(default_factory=list)  # the first few that still exist


def deeds_of(
    board: Board, cursor: str | None, actor: User | None = None, *, viewer: Viewer
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
    shown = set(
        _shown(board, viewer)
        .filter(pk__in={event.pin_id for event in page.items if event.pin_id})
        .values_list("pk", flat=True)
    )
    return [_summed(list(events), shown) for _deed, events in told], page.next_cursor


def _shown(board: Board, viewer: Viewer) -> PinQuerySet:
    """What is on the board, or in its trash, is of all who share it. What went to
    another is as that one is: it may be secret, and the pin have other words there."""
    seen = Pin.objects.visible_to(viewer).values("pk")
    return Pin.objects.filter(Q(board=board) | Q(pk__in=seen))


def _summed(events: list[BoardEvent], shown: set[int]) -> Deed:
    deed = Deed(events[0].deed, events[0].created_at, events[0].actor)
    for event in events:
        if event.kind == BoardEvent.Kind.ADDED:
            deed.added += 1
        elif event.kind == BoardEvent.Kind.DATED:
            deed.dated = event
        elif event.kind == BoardEvent.Kind.REMOVED:
            deed.removed += 1
        else:
            deed.tagged += 1
        if event.pin_id in shown and event.pin and len(deed.pins) < FACES:
            deed.pins.append(event.pin)
    return deed


def pins_at(board: Board, moment: datetime, *, viewer: Viewer) -> PinQuerySet:
    """What was on the board then, as far as it still exists for this viewer: pins whose
    last event until the moment put them there. They may be elsewhere or in the trash by
    now."""
    told = BoardEvent.objects.filter(
        board=board,
        created_at__lte=moment,
        kind__in=[BoardEvent.Kind.ADDED, BoardEvent.Kind.REMOVED],
    )
    last = told.filter(pin=OuterRef("pk")).order_by("-pk")
    was_there = _shown(board, viewer).filter(pk__in=told.values("pin"))
    kind = Subquery(last.values("kind")[:1])
    return was_there.annotate(last_kind=kind).filter(
        state=PinState.READY, last_kind=BoardEvent.Kind.ADDED
    )
