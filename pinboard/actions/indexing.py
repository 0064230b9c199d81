"""The words by which pins are found."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from pinboard.discovery.words import vector_text
from pinboard.models import Pin, PinPoint, Tag

# One statement for any number of pins: the ORM's own would name each of them in a CASE.
_WRITE = """
UPDATE pinboard_pin SET search = found.words::tsvector
FROM unnest(%s::bigint[], %s::text[]) AS found (pin, words)
WHERE pinboard_pin.id = found.pin
"""


def index_pin(pin: Pin) -> None:
    index_pins([pin])


def index_pins(pins: Iterable[Pin]) -> None:
    """Many at once, their `product__shop` loaded."""
    rows = list(pins)
    tags, shown = tags_by_pin(rows), _shown_by_pin(rows)
    words = [_words_of(pin, tags[pin.pk], shown.get(pin.pk, [])) for pin in rows]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[pin.pk for pin in rows], words])


def tags_by_pin(pins: Iterable[Pin]) -> dict[int, list[str]]:
    """The names of each pin's tags, in their order; one query."""
    named: dict[int, list[str]] = {pin.pk: [] for pin in pins}
    rows = Tag.objects.filter(pin__in=list(named)).order_by("pin_id", "position")
    for pin, name in rows.values_list("pin", "name"):
        named[pin].append(name)
    return named


def _shown_by_pin(pins: Iterable[Pin]) -> dict[int, list[str]]:
    """What stands at points of their pictures; one query, where there is any."""
    shown: dict[int, list[str]] = {pin.pk: [] for pin in pins if pin.point_count}
    points = PinPoint.objects.filter(pin__in=list(shown)).select_related("product")
    for point in points if shown else ():
        shown[point.pin_id].append(point.product.title)
    return shown


def _words_of(pin: Pin, tags: list[str], shown: list[str]) -> str:
    product = pin.product
    return vector_text(
        (pin.title, "A"),
        (product.title if product else "", "B"),
        (" ".join(tags), "B"),
        (pin.alt, "B"),
        (f"{product.brand} {product.shop.name}" if product else "", "C"),
        (" ".join([pin.description, *shown]), "D"),
    )
