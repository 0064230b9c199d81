"""Tags as one viewer finds them: counted, suggested and named over the pins that this
viewer may see. A tag that is only where they may not look is no tag to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import JSONObject
from django.urls import reverse

from pinboard.models import Pin, PinState, Tag
from pinboard.models.tag import Mode
from pinboard.tag_names import key_of

if TYPE_CHECKING:
    from pinboard.models.board import Viewer
    from pinboard.models.pin import PinQuerySet
    from pinboard.models.tag import TagQuerySet

SUGGESTED = 8
SHOWN = 60  # on the page of all tags
# Nothing here reads more rows than these, however large the site: newest pins first.
COUNTED = 500
LATELY = 2000


@dataclass(frozen=True)
class FoundTag:
    key: str
    name: str
    pins: int

    def get_absolute_url(self) -> str:
        return reverse("pinboard:tag-detail", args=[self.key])


def tagged(key: str, viewer: Viewer) -> PinQuerySet:
    return Pin.objects.visible_to(viewer).filter(tags__key=key, state=PinState.READY)


def found(key: str, viewer: Viewer) -> FoundTag | None:
    """As most of the newest pins that the viewer may see write it; none if no such pin
    has it. Its `pins` are at most COUNTED."""
    newest = (
        Tag.objects.visible_to(viewer).filter(key=key).order_by("-pin_id")[:COUNTED]
    )
    return next(iter(_summed(newest, most=1)), None)


def suggested(text: str, viewer: Viewer, *, most: int = SUGGESTED) -> list[FoundTag]:
    """Tags that begin with what is typed, those on most pins first."""
    begun = key_of(text)
    if not begun:
        return []
    begin = Tag.objects.filter(key__startswith=begun)
    # One or two letters begin what stands on most pins: the newest of them say enough.
    are_many = begin.order_by("key")[LATELY : LATELY + 1].exists()
    rows = begin.visible_to(viewer).order_by("-pin_id" if are_many else "key")
    return _summed(rows[:LATELY], most=most)


def used_lately(viewer: Viewer) -> list[FoundTag]:
    newest = Tag.objects.visible_to(viewer).order_by("-pin_id")[:LATELY]
    return _summed(newest, most=SHOWN)


def with_tags(pins: PinQuerySet, viewer: Viewer) -> PinQuerySet:
    """Annotates `tag_rows`: `key`, `name`, and `is_listed` where a page lists the tag's
    pins for them. It does not for who came to a pin by its board's key alone."""
    listed = Tag.objects.visible_to(viewer).filter(key=OuterRef("key"))
    own = Tag.objects.filter(pin=OuterRef("pk")).annotate(is_listed=Exists(listed))
    row = JSONObject(key="key", name="name", is_listed="is_listed")
    tags = own.order_by("position").values(row=row)
    # By name: the model declares it for those who read it.
    return pins.annotate(**{"tag_rows": ArraySubquery(tags)})


@dataclass(frozen=True)
class Facet:
    """A way to narrow a search, or to widen it again: `value` is for its address."""

    name: str
    pins: int
    is_on: bool
    value: str


def facets_of(pins: PinQuerySet, chosen: Sequence[str]) -> list[Facet]:
    """The tags that a search has chosen, and those of the newest pins that it found;
    all of them are the viewer's to see."""
    names = {key_of(name): name for name in chosen}
    newest = pins.order_by("-pk").values("pk")[:COUNTED]
    tags = _summed(Tag.objects.filter(pin__in=newest), most=SUGGESTED + len(names))
    shown = {tag.key: tag for tag in tags}
    on = [
        Facet(
            name=shown[key].name if key in shown else name,
            pins=shown[key].pins if key in shown else 0,
            is_on=True,
            value=",".join(other for other in names if other != key),
        )
        for key, name in names.items()
    ]
    off = [tag for tag in tags if tag.key not in names][:SUGGESTED]
    return on + [
        Facet(tag.name, tag.pins, is_on=False, value=",".join([*names, tag.key]))
        for tag in off
    ]


def _summed(tags: TagQuerySet, *, most: int) -> list[FoundTag]:
    """Each key once, named as most of these rows write it, those on most pins first."""
    keys = Tag.objects.filter(pk__in=tags.values("pk")).order_by().values("key")
    counts = keys.annotate(shown=Mode("name"), pins=Count("pk"))
    rows = counts.order_by("-pins", "key")[:most]
    return [FoundTag(row["key"], row["shown"], row["pins"]) for row in rows]
