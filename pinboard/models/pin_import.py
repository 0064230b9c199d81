"""A file of pins from elsewhere: what it holds, and what has become of each line.

The rows are the truth. They are written when the file is read, before anything is
pinned; a worker takes those that wait, and whatever happens to it, they tell what is
left to do.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.exceptions import RowLeftOut
from pinboard.imports.found import Kind
from pinboard.models.board import Board, Sort, Visibility
from pinboard.models.job import Job, JobState
from pinboard.models.pin import Pin, PinState

if TYPE_CHECKING:
    from django.forms import BoundField

IMPORT_LIFE = timedelta(days=30)  # as long as the trash keeps what undoing throws away
UNCONFIRMED_LIFE = timedelta(days=1)


def new_import_key() -> str:
    return secrets.token_urlsafe(24)


def end_of_preview() -> datetime:
    return timezone.now() + UNCONFIRMED_LIFE


class RowState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    PINNED = "pinned", _("pinned")
    KNOWN = "known", _("already there")
    FAILED = "failed", _("failed")
    SKIPPED = "skipped", _("not imported")


def worth_a_try(row: str = "") -> Q:
    """Rows that failed or were stopped, and could work; `row` is the way there, such as
    "rows__"."""
    states = Q(**{f"{row}state__in": (RowState.FAILED, RowState.SKIPPED)})
    hopeless = Q(**{f"{row}address": "", f"{row}file": ""})
    return states & ~hopeless & ~Q(**{f"{row}error_code": RowLeftOut.code})


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, owner_pk: int | None) -> Self:
        """One's own, as long as they are kept."""
        return self.filter(owner_id=owner_pk or 0, expires_at__gt=timezone.now())

    def over(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def with_counts(self) -> Self:
        """`n_<state>` of rows by what has become of them; see ImportRowQuerySet."""
        broken = Q(rows__state=RowState.PINNED, rows__pin__state=PinState.FAILED)
        counts = {
            f"n_{state}": Count("rows", filter=Q(rows__state=state) & ~broken)
            for state in (RowState.WAITING, RowState.PINNED, RowState.KNOWN)
        }
        failed = Q(rows__state=RowState.FAILED) | broken
        return self.select_related("job").annotate(
            **counts,
            n_failed=Count("rows", filter=failed),
            n_skipped=Count("rows", filter=Q(rows__state=RowState.SKIPPED)),
            n_again=Count("rows", filter=worth_a_try("rows__") | broken),
            n_all=Count("rows"),
        )


class Import(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="imports"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)  # of the file, as it was called at home
    key = models.CharField(max_length=32, default=new_import_key, unique=True)
    # Of the boards it makes; empty: as the file says, which our own export does.
    visibility = models.CharField(
        max_length=6, choices=Visibility, default=Visibility.SECRET, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)  # for the first time
    stopped_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(default=end_of_preview)

    objects = ImportQuerySet.as_manager()

    # Annotated by with_counts.
    n_waiting: int
    n_pinned: int
    n_known: int
    n_failed: int
    n_skipped: int
    n_again: int  # could be tried again
    n_all: int

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("pinboard:import-detail", args=[self.pk])

    @property
    def is_running(self) -> bool:
        if not self.confirmed_at or self.stopped_at:
            return False
        return self.job.state == JobState.PENDING

    @property
    def n_done(self) -> int:
        return self.n_all - self.n_waiting


class ImportFile(models.Model):
    """A file as it came; our own export may come in several."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="files")
    number = models.PositiveIntegerField()
    byte_size = models.BigIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "number"], name="one_import_file_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.number}"

    @property
    def path(self) -> str:
        """Outside of all that /media/ serves, under a name nobody can guess."""
        return f"imports/{self.source.key}/{self.number}"


class ImportBoardQuerySet(models.QuerySet["ImportBoard"]):
    def with_pin_counts(self) -> Self:
        """And whether one has a board of that title already."""
        owner = OuterRef("source__owner")
        own = Board.objects.filter(owner=owner, deleted_at=None)
        is_known = Exists(own.filter(title=OuterRef("title")))
        return self.annotate(n=Count("rows"), is_known=is_known)


ImportBoardManager = models.Manager.from_queryset(ImportBoardQuerySet)


class ImportBoard(models.Model):
    """A board of the file, and the one on which its pins are put."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="boards")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)  # none: pins without a board
    description = models.TextField(blank=True)
    visibility = models.CharField(max_length=6, blank=True)
    sort = models.CharField(max_length=6, choices=Sort, default=Sort.NEWEST)
    sections = models.JSONField(default=list)
    made_at = models.DateTimeField(null=True)
    board = models.ForeignKey(Board, models.SET_NULL, null=True, related_name="+")
    is_new = models.BooleanField(default=False)  # made by this import

    objects: ClassVar[ImportBoardManager[ImportBoard]] = ImportBoardManager()

    # Annotated by with_pin_counts.
    n: int
    is_known: bool
    # Of a form: whether it is taken, and to which board it goes.
    take: BoundField
    to: BoundField

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "number"], name="one_import_board_per_number"
            )
        ]

    def __str__(self) -> str:
        return self.title


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def with_outcome(self) -> Self:
        """What has become of the row by now: a picture may turn out broken after its
        pin was made."""
        broken = Q(state=RowState.PINNED, pin__state=PinState.FAILED)
        return self.annotate(
            outcome=Case(When(broken, then=Value(RowState.FAILED)), default=F("state")),
            why=Case(When(broken, then=F("pin__error_code")), default=F("error_code")),
        )

    def come_to(self, outcome: str) -> Self:
        """Of rows with an outcome."""
        return self.filter(**{"outcome": outcome})


ImportRowManager = models.Manager.from_queryset(ImportRowQuerySet)


class ImportRow(models.Model):
    source = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    board = models.ForeignKey(ImportBoard, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # the line of the file
    turn = models.PositiveIntegerField()  # when it is pinned: the oldest first
    title = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=2000, blank=True)
    told = models.JSONField(default=dict)  # the rest; see pinboard.imports.found
    place = models.BigIntegerField(null=True)  # in the file's own order
    file = models.CharField(max_length=300, blank=True)  # of its picture in a ZIP
    part = models.ForeignKey(ImportFile, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=7, choices=RowState, default=RowState.WAITING)
    error_code = models.CharField(max_length=40, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Made by it, or found in its place.
    pin = models.ForeignKey(Pin, models.SET_NULL, null=True, related_name="+")

    objects: ClassVar[ImportRowManager[ImportRow]] = ImportRowManager()

    # Annotated by with_outcome.
    outcome: str
    why: str
    reason = ""  # of a page: `why` as a sentence

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["source", "state", "turn"], name="import_turn")]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "number"], name="one_import_row_per_line"
            )
        ]

    def __str__(self) -> str:
        return self.title or self.address or f"{self.number}"

    @property
    def shown_pin(self) -> Pin | None:
        """Its pin, unless that is in the trash. `pin__board` is loaded."""
        if self.pin is None or self.pin.deleted_at or self.pin.board.deleted_at:
            return None
        return self.pin

    @property
    def is_hopeless(self) -> bool:
        """There is nowhere to look for its picture."""
        return not self.address and not self.file


class ImportJob(Job):
    task = "run_import"

    source = models.OneToOneField(Import, models.CASCADE, related_name="job")

    class Meta(Job.Meta):
        abstract = False
