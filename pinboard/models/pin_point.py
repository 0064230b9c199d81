from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pinboard.models.job import Job
from pinboard.models.pin import Pin

if TYPE_CHECKING:
    from pinboard.models.pin import Viewer

WHOLE = 10_000  # a picture's width and height, whatever its size
MOST_POINTS = 12


class PinPointQuerySet(models.QuerySet["PinPoint"]):
    def editable_by(self, user: Viewer) -> Self:
        return self.filter(pin__in=Pin.objects.editable_by(user))

    def with_product(self) -> Self:
        """All that a list of them reads. What its shop took out of its range is
        shown no more; it may come back."""
        on_sale = self.filter(product__removed_at=None)
        return on_sale.select_related("product__shop", "product__picture")


class PinPoint(models.Model):
    """A product at a point of a pin's picture, beside the pin's own product."""

    pin = models.ForeignKey(Pin, models.CASCADE, related_name="points")
    product = models.ForeignKey("pinboard.Product", models.CASCADE, related_name="+")
    # From the left and from the top, in ten-thousandths of the picture's size: the
    # same point in every copy of it.
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()  # as it is written in the picture
    # Who put it into the pin that this one was saved from; null where nobody else did.
    origin_pinner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PinPointQuerySet.as_manager()

    class Meta:
        ordering = ["pin", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["pin", "product"], name="one_point_per_product_and_pin"
            ),
            models.UniqueConstraint(  # after the statement: all may move up at once
                fields=["pin", "number"],
                name="one_point_per_number_and_pin",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(x__lte=WHOLE, y__lte=WHOLE),
                name="point_lies_in_the_picture",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MOST_POINTS),
                name="at_most_twelve_points_a_pin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.product}"


class PointReadJob(Job):
    """An address pasted for a point: a worker reads which product it shows. What
    failed is told until it is dismissed, for a day at most."""

    task = "read_point"

    pin = models.ForeignKey(Pin, models.CASCADE, related_name="point_jobs")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    url = models.URLField(_("product page"), max_length=2000)
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = "page of a product in a picture"
        constraints = [
            models.CheckConstraint(
                condition=Q(x__lte=WHOLE, y__lte=WHOLE),
                name="point_to_be_lies_in_the_picture",
            )
        ]


def points_to_show() -> models.Prefetch[str, PinPointQuerySet, str]:
    """For `prefetch_related`: the points of all pins in one query."""
    return models.Prefetch("points", PinPoint.objects.with_product())
