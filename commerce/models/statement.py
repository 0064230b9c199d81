"""What a network says it pays for a month, line by line, beside what we think it owes.

The facts of a line are only appended; what we make of them may change until another
reviewer than the importer approves the whole (see the guards of the migrations).
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from commerce.models.order import OrderLine, OrderStatus


class StatementQuerySet(models.QuerySet["Statement"]):
    def in_force(self) -> Self:
        """Confirmed by somebody, and not taken back since."""
        return self.exclude(state__in=["draft", "cancelled"])


class Statement(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("preview")
        MATCHING = "matching", _("being read")
        OPEN = "open", _("to be checked")
        APPROVED = "approved", _("approved")
        CANCELLED = "cancelled", _("cancelled")

    network = models.ForeignKey(
        "commerce.Network", models.PROTECT, related_name="statements"
    )
    month = models.DateField()  # its first day
    currency = models.CharField(max_length=3)
    name = models.CharField(max_length=120)  # of the file
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    # Which column of the file says what: a field of ours and the number of the column.
    columns = models.JSONField(default=dict)
    # Asked for instead of uploaded: what was settled before this moment has been told.
    pulled_until = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True)  # why it does not go on
    # What a person read on the network's page, and in the bank's.
    declared_minor = models.BigIntegerField(null=True)
    receipt_minor = models.BigIntegerField(null=True)
    # Of the lines, kept beside them: lists of statements sum no lines.
    row_count = models.PositiveIntegerField(default=0)  # to be read
    line_count = models.PositiveIntegerField(default=0)  # read so far
    unread_count = models.PositiveIntegerField(default=0)  # cannot be read
    open_count = models.PositiveIntegerField(default=0)
    lines_minor = models.BigIntegerField(default=0)  # of those that count
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    imported_at = models.DateTimeField(default=timezone.now)
    matched_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("statement"), _("statements")
        permissions = [("approve_statement", _("Can approve statements"))]
        constraints = [
            models.UniqueConstraint(
                fields=["network", "sha256"],
                condition=~Q(state="cancelled"),
                name="one_statement_per_file",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("imported_by")),
                name="statement_is_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False),
                name="approved_statement_has_an_approver",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(
                    # A check that is null passes.
                    declared_minor__isnull=False,
                    receipt_minor__isnull=False,
                    open_count=0,
                    declared_minor=F("lines_minor"),
                    receipt_minor=F("lines_minor"),
                ),
                name="approved_statement_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network_id} {self.month:%Y-%m}"


class StatementFile(models.Model):
    """The bytes as they were uploaded, compressed; what was read can be read again."""

    statement = models.OneToOneField(Statement, models.PROTECT, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of statement {self.statement_id}"


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def open(self) -> Self:
        """Those about which somebody must still say something."""
        return self.exclude(bucket=StatementLine.Bucket.EXACT).exclude(
            resolution__in=StatementLine.STANDING
        )

    def paying_for(self, order_line: OrderLine) -> Self:
        """Of approved statements, those that say that it is paid for."""
        return self.paying().filter(order_line=order_line)

    def paying(self) -> Self:
        """Of approved statements; not what was left out of the sum that came in, such
        as a line in another currency."""
        return self.filter(
            order_line__isnull=False,
            statement__state=Statement.State.APPROVED,
            line_no__isnull=False,
            is_counted=True,
            pays_minor__gt=0,
        )


class StatementLine(models.Model):
    class Bucket(models.TextChoices):
        EXACT = "exact", _("agrees")
        AMOUNT = "amount_diff", _("another amount")
        MISSING_OURS = "missing_ours", _("not known to us")
        MISSING_THEIRS = "missing_theirs", _("not in the statement")
        STATUS = "status_diff", _("another status")
        CURRENCY = "currency_diff", _("another currency")
        DUPLICATE = "duplicate_in_file", _("twice in the file")
        REGRESSION = "regression", _("the status went back")

    class Resolution(models.TextChoices):
        ACCEPT = "accept", _("the network's figure")
        DISPUTE = "dispute", _("disputed")
        WRITE_OFF = "write_off", _("written off")
        LINK = "link", _("given to an order")
        OURS = "ours", _("ours stands")

    class Outcome(models.TextChoices):
        APPROVED = "approved", pgettext_lazy("of a commission", "approved")
        WAITS = "waits", _("rolls over")

    # With these the difference remains; with the others it is gone.
    STANDING = (Resolution.DISPUTE, Resolution.OURS)

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="lines")
    # Of the row in the file; null = ours, which the file does not have.
    line_no = models.PositiveIntegerField(null=True)
    line_id = models.CharField(max_length=64)  # text: real ids exceed 2^53
    order_id = models.CharField(max_length=64, blank=True)
    # As the network says; empty where the file does not.
    status = models.CharField(max_length=8, choices=OrderStatus, blank=True)
    currency = models.CharField(max_length=3)
    paid_minor = models.BigIntegerField(null=True)
    settled_minor = models.BigIntegerField(null=True)
    fee_minor = models.BigIntegerField(default=0)
    tech_fee_minor = models.BigIntegerField(default=0)
    pays_minor = models.BigIntegerField(default=0)  # the one less the other
    rate_bp = models.IntegerField(null=True)
    ordered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    raw = models.JSONField(default=dict)  # the row, by its headings
    # From here on: what we make of it.
    bucket = models.CharField(max_length=17, choices=Bucket, blank=True)
    order_line = models.ForeignKey(
        "commerce.OrderLine", models.PROTECT, null=True, related_name="statement_lines"
    )
    is_linked = models.BooleanField(default=False)  # to another line id, by hand
    # Of an order that the file has already: it takes some of that row back.
    is_correction = models.BooleanField(default=False, db_default=False)
    is_counted = models.BooleanField(default=True)  # is a part of the sum
    ours_minor = models.BigIntegerField(default=0)
    delta_minor = models.BigIntegerField(default=0)
    written_off_minor = models.BigIntegerField(default=0)
    resolution = models.CharField(max_length=9, choices=Resolution, blank=True)
    observation = models.ForeignKey("commerce.Observation", models.PROTECT, null=True)
    # What the approval of the statement made of the commission, and why not more.
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    outcome_note = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("statement line"), _("statement lines")
        indexes = [
            models.Index(fields=["statement", "line_id"], name="statement_line_named"),
            models.Index(
                fields=["statement", "bucket"],
                condition=~Q(bucket="exact"),
                name="statement_line_differs",
            ),
            models.Index(
                fields=["statement"],
                condition=Q(outcome="waits"),
                name="statement_line_waits",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "line_no"], name="one_line_per_number"
            ),
            models.UniqueConstraint(
                fields=["statement", "order_line"],
                condition=Q(line_no__isnull=False, is_correction=False),
                name="one_match_per_order_line",
            ),
            models.UniqueConstraint(
                fields=["statement", "order_line"],
                condition=Q(line_no=None),
                name="missed_once_per_order_line",
            ),
            models.CheckConstraint(
                condition=Q(delta_minor=F("pays_minor") - F("ours_minor")),
                name="delta_is_theirs_less_ours",
            ),
            models.CheckConstraint(
                condition=Q(line_no__isnull=False) | Q(pays_minor=0),
                name="what_is_not_in_the_file_pays_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.line_id

    @property
    def is_open(self) -> bool:
        return bool(self.bucket) and (
            self.bucket != self.Bucket.EXACT and self.resolution not in self.STANDING
        )


class LineResolution(models.Model):
    """What a reviewer said about a difference, and what came of it. Append-only."""

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="resolutions")
    action = models.CharField(max_length=9, choices=StatementLine.Resolution)
    reason = models.CharField(max_length=300)
    before = models.JSONField()
    after = models.JSONField()
    journal = models.ForeignKey(
        "commerce.Journal", models.PROTECT, null=True, related_name="+"
    )
    observation = models.ForeignKey(
        "commerce.Observation", models.PROTECT, null=True, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.line_id}: {self.action}"
