"""What puts tags on pins and takes them off. The caller holds the pins' rows, so that
no two write the same pin's tags at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pinboard.actions.board_events import note_all
from pinboard.actions.indexing import index_pins, tags_by_pin
from pinboard.models import BoardEvent, Pin, Tag, TagChange
from pinboard.tag_names import MOST_TAGS, key_of

if TYPE_CHECKING:
    from users.models import User

Names = Sequence[str]  # as pinboard.tag_names gives them: each once, none too long
Changes = Mapping[int, tuple[Names, Names]]  # pin -> before, after


def write_tags(wanted: Mapping[int, Names]) -> None:
    """These and no others. Says nothing to search nor to the board's history."""
    Tag.objects.filter(pin__in=list(wanted)).delete()
    Tag.objects.bulk_create(
        Tag(pin_id=pin, name=name, key=key_of(name), position=position)
        for pin, names in wanted.items()
        for position, name in enumerate(names)
    )


def retag(pins: Iterable[Pin], wanted: Mapping[int, Names], *, by: User) -> uuid.UUID:
    """Give pins other tags and tell their boards, as one deed; `wanted` names those of
    `pins` that change. Their `product__shop` is loaded."""
    rows = [pin for pin in pins if pin.pk in wanted]
    before = tags_by_pin(rows)
    write_tags(wanted)
    index_pins(rows)
    return _tell(rows, {pk: (before[pk], after) for pk, after in wanted.items()}, by)


def copy_tags(copies: Iterable[Pin]) -> None:
    """What is saved keeps its tags: each copy has those of the pin that it is of."""
    rows = [copy for copy in copies if copy.via]
    named = tags_by_pin(copy.via for copy in rows if copy.via)
    write_tags({copy.pk: named[copy.via_id or 0] for copy in rows})


def with_more(names: Names, more: Names) -> Names | None:
    """Names and those of `more` that are not among them; None where they are too many
    for one pin."""
    keys = {key_of(name) for name in names}
    new = [name for name in more if key_of(name) not in keys]
    return [*names, *new] if len(names) + len(new) <= MOST_TAGS else None


def without(names: Names, fewer: Names) -> Names:
    keys = {key_of(name) for name in fewer}
    return [name for name in names if key_of(name) not in keys]


def taken_back(names: Names, before: Names, after: Names) -> Names:
    """What a change added goes and what it took comes back, as far as there is room;
    what was changed since stays."""
    fewer = without(names, without(after, before))
    return with_more(fewer, without(before, after)) or fewer


def _tell(pins: Sequence[Pin], changes: Changes, by: User) -> uuid.UUID:
    tagged = BoardEvent.Kind.TAGGED
    deed = note_all([(pin.board_id, pin, tagged) for pin in pins], by=by)
    events = BoardEvent.objects.filter(deed=deed).values_list("pk", "pin_id")
    TagChange.objects.bulk_create(
        TagChange(
            event_id=event,
            pin_id=pin,
            before=list(changes[pin][0]),
            after=list(changes[pin][1]),
        )
        for event, pin in events
        if pin is not None
    )
    return deed
