"""Network facts: what networks reported, and the order lines that follow from it.

Written by the import alone (commerce.actions.orders); our money is elsewhere.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OrderStatus(models.TextChoices):
    CREATED = "created", _("ordered")
    PAID = "paid", pgettext_lazy("by the buyer", "paid")
    RECEIVED = "received", _("received")
    SETTLED = "settled", _("settled")
    INVALID = "invalid", _("invalid")

    @property
    def rank(self) -> int:
        """A lower rank after a higher one is a regression, never an update."""
        return {
            OrderStatus.CREATED: 0,
            OrderStatus.PAID: 1,
            OrderStatus.RECEIVED: 2,
            OrderStatus.SETTLED: 3,
            OrderStatus.INVALID: 4,
        }[self]


class Observation(models.Model):
    """One report about one line, as it came. Append-only."""

    class Source(models.TextChoices):
        TOP_POLL = "top_poll", _("polled")
        POSTBACK = "postback", _("postback")
        CSV = "csv", _("file")
        MANUAL = "manual", _("by hand")

    class Outcome(models.TextChoices):
        APPLIED = "applied", _("applied")
        DUPLICATE = "duplicate", _("seen before")
        PARKED = "parked", _("waits")
        REJECTED = "rejected", _("rejected")

    network = models.ForeignKey("commerce.Network", models.PROTECT)
    source = models.CharField(max_length=8, choices=Source)
    line_id = models.CharField(max_length=64)
    event_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField()
    sha256 = models.CharField(max_length=64)
    source_modified_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=9, choices=Outcome)
    code = models.CharField(max_length=40, blank=True)  # why rejected or parked

    class Meta:
        verbose_name, verbose_name_plural = _("observation"), _("observations")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "line_id", "sha256"], name="one_observation_per_body"
            ),
            models.UniqueConstraint(
                fields=["network", "event_id"],
                condition=~Q(event_id=""),
                name="one_observation_per_event",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.outcome}"


class ParkedObservation(models.Model):
    """What became of an observation that came before its order or click."""

    observation = models.OneToOneField(
        Observation, models.PROTECT, related_name="parked"
    )
    network = models.ForeignKey("commerce.Network", models.PROTECT)
    line_id = models.CharField(max_length=64, db_index=True)
    click_ref = models.CharField(max_length=80, blank=True, db_index=True)
    parked_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.line_id


class OrderLine(models.Model):
    """One line of an order as the network sees it now."""

    network = models.ForeignKey("commerce.Network", models.PROTECT)
    programme = models.ForeignKey("commerce.Programme", models.PROTECT)
    line_id = models.CharField(max_length=64)  # text: real ids exceed 2^53
    order_id = models.CharField(max_length=64, db_index=True)
    item_ref = models.CharField(max_length=64, blank=True)
    item_title = models.CharField(max_length=200, blank=True)
    product = models.ForeignKey(
        "pinboard.Product", models.PROTECT, null=True, related_name="+"
    )
    click_ref = models.CharField(max_length=80, blank=True)
    sub_id = models.CharField(max_length=80, blank=True)
    click_time = models.DateTimeField(null=True)
    status = models.CharField(max_length=8, choices=OrderStatus)
    currency = models.CharField(max_length=3)
    paid_minor = models.BigIntegerField()
    settled_minor = models.BigIntegerField(null=True)
    refunded_minor = models.BigIntegerField(default=0)
    # As the network reports them, never recomputed; null = it reports none.
    gross_fee_minor = models.BigIntegerField(null=True)
    tech_fee_minor = models.BigIntegerField(default=0)
    special_fee_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()  # at the shop; what attribution looks at
    paid_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    modified_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name, verbose_name_plural = _("order line"), _("order lines")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "line_id"], name="one_row_per_order_line"
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("paid_minor")),
                name="refunded_is_at_most_paid",
            ),
        ]

    def __str__(self) -> str:
        return self.line_id

    @property
    def item_shown(self) -> str:
        """What was bought: as our product says it, as the network does, or its number
        (a direct programme names none)."""
        named = self.product.title if self.product else ""
        return named or self.item_title or self.order_id


class OrderRefund(models.Model):
    """The latest word on one refund of a line. The line's sum is over these rows."""

    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refunds")
    refund_id = models.CharField(max_length=64)
    refunded_minor = models.BigIntegerField()
    is_successful = models.BooleanField(default=True)
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "refund_id"], name="one_row_per_refund"
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0), name="refund_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.refund_id


class Discrepancy(models.Model):
    """Two accounts of the same thing that do not agree; a reviewer resolves it."""

    class Kind(models.TextChoices):
        REGRESSION = "regression", _("the status went back")
        UNMAPPED_STATUS = "unmapped_status", _("unknown status")
        REFUND_EXCEEDS = "refund_exceeds", _("refunded more than paid")
        CURRENCY = "currency_diff", _("another currency")
        RATE_BELOW = "rate_below", _("reported less than promised")
        SETTLED_ABOVE = "settled_above", _("settled more than paid")
        FEE_ABOVE = "fee_above", _("a fee larger than the commission")

    line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, related_name="discrepancies"
    )
    observation = models.ForeignKey(Observation, models.PROTECT, null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    delta_minor = models.BigIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=300, blank=True)
    resolver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True
    )

    class Meta:
        verbose_name, verbose_name_plural = _("discrepancy"), _("discrepancies")

    def __str__(self) -> str:
        return self.get_kind_display()
