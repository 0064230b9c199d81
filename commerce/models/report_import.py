"""A network's report that somebody brings as a file: looked at first, then imported."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ReportImport(models.Model):
    """The work as its row: which page is the next, and what came of those before it."""

    class State(models.TextChoices):
        CHECKING = "checking", _("being looked at")
        CHECKED = "checked", _("preview")
        IMPORTING = "importing", _("being imported")
        DONE = "done", _("imported")
        FAILED = "failed", _("failed")

    network = models.ForeignKey(
        "commerce.Network", models.PROTECT, related_name="report_imports"
    )
    currency = models.CharField(max_length=3)  # for reports that name none
    name = models.CharField(max_length=120)  # of the file
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State, default=State.CHECKING)
    row_count = models.PositiveIntegerField()
    read_count = models.PositiveIntegerField(default=0)  # of this state's reading
    # What the look at it found: rows of lines we do not know, that say something else
    # than before, and that we have had.
    new_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    known_count = models.PositiveIntegerField(default=0)
    foreign_count = models.PositiveIntegerField(default=0)  # in another currency
    refused_count = models.PositiveIntegerField(default=0)
    # [number of the row, what is wrong], the first ones
    refused = models.JSONField(default=list)
    first_rows = models.JSONField(default=list)  # as they are read
    sums = models.JSONField(default=dict)  # currency -> [amounts, commissions]
    # What became of the rows that were imported: an outcome and how many.
    outcomes = models.JSONField(default=dict)
    # Tries since the last page that was kept.
    attempts = models.PositiveSmallIntegerField(default=0)
    uploaded_by = models.ForeignKey(  # null = by the command
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(  # null and confirmed: by the command
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("report by file"), _("reports by file")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "sha256"], name="one_import_per_report_file"
            ),
            models.CheckConstraint(
                condition=Q(read_count__lte=F("row_count")),
                name="no_more_rows_read_than_there_are",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["checking", "importing"]),
                name="reportimport_at_work",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_at_work(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.IMPORTING)


class ReportImportFile(models.Model):
    """The bytes as they were uploaded, compressed; lists do not load them."""

    report_import = models.OneToOneField(
        ReportImport, models.CASCADE, related_name="file"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of report {self.report_import_id}"
