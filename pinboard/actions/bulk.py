"""Many pins at once, with a way back. One transaction a deed, whatever its size, and as
many questions to the database for five hundred pins as for one, but for the files of
pictures that change hands between the public and the private side."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from pinboard.actions.board_events import ADDED, REMOVED, note_all
from pinboard.actions.indexing import tags_by_pin
from pinboard.actions.pictures import refresh_those_of
from pinboard.actions.pins import lock_boards, publish_if_ready
from pinboard.actions.point_copies import copy_points
from pinboard.actions.tags import copy_tags, retag, taken_back, with_more, without
from pinboard.exceptions import NotInTrash
from pinboard.models import (
    Board,
    BoardEvent,
    BoardSection,
    Pin,
    PinState,
    TagChange,
)
from pinboard.models.pin import NextPlace
from pinboard.signals import pins_saved

if TYPE_CHECKING:
    from pinboard.models.pin import PinQuerySet
    from users.models import User

MOST = 1000  # pins of one deed; a page says so and does the rest the next time
UNDONE_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Deed:
    """What was done, by which it can be undone, and to how many pins."""

    id: uuid.UUID
    count: int
    left: int = 0  # pins that had no room for more tags


@transaction.atomic
def delete_pins(*, pins: PinQuerySet, by: User) -> Deed:
    """Into the trash. Those that somebody else may change stay."""
    rows = _taken(pins.editable_by(by))
    _of(rows).update(deleted_at=timezone.now())
    _count(Counter(row.board_id for row in _ready(rows)), -1)
    refresh_those_of(rows)
    return Deed(note_all([(r.board_id, r, REMOVED) for r in rows], by=by), len(rows))


@transaction.atomic
def move_pins(*, pins: PinQuerySet, to: Board, by: User) -> Deed:
    """To another board. Those that are there already stay, and those of others where
    one may not change the board."""
    rows = _taken(pins.movable_by(by).exclude(board=to), to)
    _of(rows).update(board=to, section=None, place=NextPlace())
    _count(Counter(row.board_id for row in _ready(rows)), -1)
    _count(Counter({to.pk: len(_ready(rows))}), +1)
    refresh_those_of(rows)
    happened = [(row.board_id, row, REMOVED) for row in rows]
    happened += [(to.pk, row, ADDED) for row in rows]
    return Deed(note_all(happened, by=by), len(rows))


@transaction.atomic
def put_in_section(*, pins: PinQuerySet, section: BoardSection | None, by: User) -> int:
    """Or in none. Those of other boards than the section's stay; how many moved."""
    own = pins.editable_by(by)
    if section:
        own = own.filter(board=section.board_id)
    return _of(_taken(own)).update(section=section)


@transaction.atomic
def copy_pins(*, pins: PinQuerySet, to: Board, by: User) -> Deed:
    """Save them to a board of one's own: each copy knows where it came from."""
    rows = _ready(_taken(pins.visible_to(by), to))
    copies = Pin.objects.bulk_create(_copy_of(row, to, by) for row in rows)
    copy_points(copies)
    copy_tags(copies)
    _of(rows).update(save_count=F("save_count") + 1)
    _count(Counter({to.pk: len(copies)}), +1)
    refresh_those_of(copies)
    pins_saved.send(sender=Pin, pins=copies)
    return Deed(note_all([(to.pk, c, ADDED) for c in copies], by=by), len(copies))


@transaction.atomic
def add_tags(*, pins: PinQuerySet, tags: Sequence[str], by: User) -> Deed:
    """To those that have not all of them; a pin without room for them stays as it is
    and is counted."""
    rows = _taken(pins.editable_by(by))
    before = tags_by_pin(rows)
    fuller = {
        pk: with_more(names, tags) if without(tags, names) else names
        for pk, names in before.items()
    }
    changed = {pk: new for pk, new in fuller.items() if new and new != before[pk]}
    deed = retag(rows, changed, by=by)
    return Deed(deed, len(changed), left=list(fuller.values()).count(None))


@transaction.atomic
def remove_tags(*, pins: PinQuerySet, tags: Sequence[str], by: User) -> Deed:
    rows = _taken(pins.editable_by(by))
    before = tags_by_pin(rows)
    fewer = {pk: without(names, tags) for pk, names in before.items()}
    changed = {pk: new for pk, new in fewer.items() if new != before[pk]}
    return Deed(retag(rows, changed, by=by), len(changed))


@transaction.atomic
def restore_pins(*, pins: PinQuerySet, by: User) -> Deed:
    """Out of the trash; those whose 30 days are over stay there."""
    rows = _taken(pins.in_trash_of(by))
    _of(rows).update(deleted_at=None)
    _count(Counter(row.board_id for row in _ready(rows)), +1)
    refresh_those_of(_ready(rows))
    for row in rows:
        if row.state == PinState.PROCESSING:
            row.deleted_at = None
            publish_if_ready(row)
    return Deed(note_all([(r.board_id, r, ADDED) for r in rows], by=by), len(rows))


@transaction.atomic
def undo(*, deed: uuid.UUID, by: User) -> int:
    """Take back what one did, or what was done to a board that one may change: how many
    pins went back. Raises NotInTrash for what nobody did, or one did too long ago.

    What somebody has changed since then stays as it is.
    """
    own = Q(actor=by, created_at__gt=timezone.now() - UNDONE_WITHIN)
    over = Q(board__in=Board.objects.editable_by(by))
    done_to = BoardEvent.objects.filter(own | over, deed=deed).values("deed")
    events = BoardEvent.objects.filter(deed__in=done_to)
    added: dict[int, int] = {}
    removed: dict[int, int] = {}
    for event in events.exclude(pin=None).filter(kind__in=[ADDED, REMOVED]):
        (added if event.kind == ADDED else removed)[event.pin_id or 0] = event.board_id
    changes = {c.pin_id: c for c in TagChange.objects.filter(event__in=events)}
    if not added and not removed and not changes:
        raise NotInTrash
    back = defaultdict(list)  # board -> pins that were moved away from it
    for pin in set(added) & set(removed):
        back[removed[pin]].append(pin)
    done = _undo_tags(changes, by) if changes else 0
    for board in Board.objects.fillable_by(by).filter(pk__in=back):
        there = Pin.objects.filter(pk__in=back[board.pk], board__in=added.values())
        done += move_pins(pins=there, to=board, by=by).count
    gone = Pin.objects.filter(pk__in=set(removed) - set(added))
    done += restore_pins(pins=gone, by=by).count if set(removed) - set(added) else 0
    new = Pin.objects.filter(pk__in=set(added) - set(removed))
    done += delete_pins(pins=new, by=by).count if set(added) - set(removed) else 0
    return done


@transaction.atomic
def revert(*, board: Board, actor: User, since: datetime, by: User) -> int:
    """Take back all that one person did to the board since then, the last first; how
    many pins are as before."""
    told = BoardEvent.objects.filter(board=board, actor=actor, created_at__gte=since)
    told = told.exclude(pin=None)  # gone for good, or no deed to a pin
    deeds = dict.fromkeys(told.order_by("-pk").values_list("deed", flat=True)[:MOST])
    return sum(undo(deed=deed, by=by) for deed in deeds)


def _undo_tags(changes: Mapping[int, TagChange], by: User) -> int:
    rows = _taken(Pin.objects.filter(pk__in=list(changes)).editable_by(by))
    now = tags_by_pin(rows)
    back = {
        pk: taken_back(names, changes[pk].before, changes[pk].after)
        for pk, names in now.items()
    }
    changed = {pk: names for pk, names in back.items() if names != now[pk]}
    retag(rows, changed, by=by)
    return len(changed)


def _taken(pins: PinQuerySet, *boards: Board) -> list[Pin]:
    """Locked as the single actions lock them: boards, then pins, lowest id first."""
    keys = list(pins.order_by("pk").values_list("pk", flat=True)[:MOST])
    chosen = Pin.objects.filter(pk__in=keys)
    lock_boards(*boards, *Board.objects.filter(pins__in=chosen).distinct())
    rows = pins.filter(pk__in=keys).select_related("picture", "product__shop", "pinner")
    return list(rows.select_for_update(of=["self"]).order_by("pk"))


def _of(rows: Iterable[Pin]) -> PinQuerySet:
    return Pin.objects.filter(pk__in=[row.pk for row in rows])


def _ready(rows: Sequence[Pin]) -> list[Pin]:
    return [row for row in rows if row.state == PinState.READY]


def _count(pins: Counter[int], way: int) -> None:
    for board, count in pins.items():
        total = Greatest(F("pin_count") + way * count, 0)
        Board.objects.filter(pk=board).update(
            pin_count=total, updated_at=timezone.now()
        )


def _copy_of(pin: Pin, to: Board, by: User) -> Pin:
    return Pin(
        board=to,
        pinner=by,
        picture=pin.picture,
        product=pin.product,
        title=pin.title,
        description=pin.description,
        alt=pin.alt,
        alt_author_id=pin.alt_author_id,
        source_url=pin.source_url,
        via=pin,
        via_pinner=pin.pinner,
        origin_pinner_id=pin.origin_pinner_id or pin.pinner_id,
        state=PinState.READY,
        search=pin.search,
    )
