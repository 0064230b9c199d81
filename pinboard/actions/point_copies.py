"""The points of pins that were saved: each copy has those of the pin it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from pinboard.models import Pin, PinPoint


@transaction.atomic
def copy_points(copies: Sequence[Pin]) -> None:
    """As many questions for five hundred copies as for one. The copies know the count
    from here on, for what indexes them next."""
    points = defaultdict(list)
    for point in PinPoint.objects.filter(pin__in=[copy.via_id for copy in copies]):
        points[point.pin_id].append(point)
    made = [
        PinPoint(
            pin=copy,
            product_id=point.product_id,
            x=point.x,
            y=point.y,
            number=point.number,
            origin_pinner_id=point.origin_pinner_id or copy.via_pinner_id,
        )
        for copy in copies
        for point in points[copy.via_id or 0]
    ]
    for copy in copies:
        copy.point_count = len(points[copy.via_id or 0])
    if made:
        PinPoint.objects.bulk_create(made)
        count_points({point.pin_id for point in made})


def count_points(pins: set[int]) -> None:
    of_this = PinPoint.objects.filter(pin=OuterRef("pk")).order_by().values("pin")
    count = Subquery(of_this.annotate(n=Count("pk")).values("n"))
    Pin.objects.filter(pk__in=pins).update(point_count=Coalesce(count, 0))
