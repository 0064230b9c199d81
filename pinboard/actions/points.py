"""Products at points of a picture: put there, moved and taken off by whoever may change
the pin. What a click on one earns is the pinner's, whoever put it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from pinboard.actions.indexing import index_pin
from pinboard.actions.locking import locked
from pinboard.actions.point_copies import count_points
from pinboard.exceptions import PinNotReady, ProductInPicture, TooManyPoints
from pinboard.models import Pin, PinPoint, PinState, Product
from pinboard.models.pin_point import MOST_POINTS
from pinboard.signals import pin_product_changed

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def add_point(*, pin: Pin, product: Product, x: int, y: int, by: User) -> PinPoint:
    """Show a product at a point, in ten-thousandths of the picture's size. Raises
    PinNotReady, ProductInPicture and TooManyPoints."""
    mine = _taken(pin, by)
    if mine.state != PinState.READY:
        raise PinNotReady
    taken = dict(mine.points.values_list("product", "number"))
    if product.pk in taken:
        raise ProductInPicture
    # A product that is deleted for good leaves a gap.
    free = set(range(1, MOST_POINTS + 1)) - set(taken.values())
    if not free:
        raise TooManyPoints
    point = PinPoint.objects.create(
        pin=mine,
        product=product,
        x=x,
        y=y,
        number=min(free),
        origin_pinner=_origin_of(mine, product),
    )
    _settle(mine)
    return point


@transaction.atomic
def move_point(*, point: PinPoint, x: int, y: int, by: User) -> PinPoint:
    _taken(point.pin, by)
    mine = locked(PinPoint.objects.all(), point)
    mine.x, mine.y = x, y
    mine.save(update_fields=["x", "y"])
    return mine


@transaction.atomic
def remove_point(*, point: PinPoint, by: User) -> None:
    """Those behind it move up by a number."""
    pin = _taken(point.pin, by)
    mine = locked(PinPoint.objects.all(), point)
    mine.delete()
    behind = pin.points.filter(number__gt=mine.number)
    behind.update(number=F("number") - 1)
    _settle(pin)


def _taken(pin: Pin, by: User) -> Pin:
    """Two writers of one pin's points wait for each other on the pin's row."""
    return locked(
        Pin.objects.editable_by(by).select_for_update(no_key=True, of=["self"]), pin
    )


def _origin_of(pin: Pin, product: Product) -> User | None:
    """Who takes a product off a copy and puts it back has not found it."""
    source = pin.via
    if source is None:
        return None
    if source.product_id == product.pk:
        return source.origin_pinner or source.pinner
    point = source.points.filter(product=product).first()
    return (point.origin_pinner or source.pinner) if point else None


def _settle(pin: Pin) -> None:
    count_points({pin.pk})
    pin.refresh_from_db(fields=["point_count"])
    index_pin(pin)
    pin_product_changed.send(sender=Pin, pin=pin)
