"""What somebody has on their boards already: the same page, picture or one like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef, Q
from django.db.models.functions import JSONObject

from pinboard.models import Pin
from pinboard.sources.addresses import url_key, without_tracking

if TYPE_CHECKING:
    from pinboard.models.board import Viewer
    from pinboard.models.pin import PinQuerySet

MOST_SHOWN = 3
# Of 64 bits: copies of a photograph in another size or quality differ by fewer.
NEAR_BITS = 6


class IsNear(Func):
    """Of two difference hashes; null, as for a picture not looked at yet, is not."""

    template = f"coalesce(bit_count((%(expressions)s)::bit(64)) <= {NEAR_BITS}, false)"
    arg_joiner = " # "
    output_field = BooleanField()


def with_twins(pins: PinQuerySet, viewer: Viewer) -> PinQuerySet:
    """Annotates `twins`: the viewer's own pins of the same picture or a near one, the
    newest first, as `pk` and `board`."""
    own = _own(viewer).annotate(
        is_near=IsNear(
            F("picture__difference_hash"), OuterRef("picture__difference_hash")
        )
    )
    same = own.filter(Q(picture=OuterRef("picture")) | Q(is_near=True))
    row = JSONObject(pk="pk", board="board__title")
    others = same.exclude(pk=OuterRef("pk"))[:MOST_SHOWN]
    # By name: the model declares it for those who read it.
    return pins.annotate(**{"twins": ArraySubquery(others.values(row=row))})


def twins_of_address(viewer: Viewer, url: str) -> list[dict[str, int | str]]:
    """The same of a page, whatever its address carries for tracking."""
    same = Q(source_url__in={url, without_tracking(url)})
    same |= Q(product__url_key=url_key(url))
    found = _own(viewer).filter(same)[:MOST_SHOWN]
    return [{"pk": pin.pk, "board": pin.board.title} for pin in found]


def _own(viewer: Viewer) -> PinQuerySet:
    own = Pin.objects.filter(
        pinner=viewer.pk or 0, deleted_at=None, board__deleted_at=None
    )
    return own.select_related("board").order_by("-pk")
