"""Work that is never lost: a row that says what is to be done, and a lease on it.

The row is written in the transaction of the thing it serves. A Celery message is only
a hint that carries the row's key; the sweeper sends it again where it got lost.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Generic, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.hints import hint

# Longer than the hard time limit of the tasks that work on jobs (pinboard.tasks), and
# short enough that work of a worker that died is done within a minute.
LEASE = timedelta(seconds=35)
MAX_ATTEMPTS = 5


class JobState(models.TextChoices):
    PENDING = "pending", _("pending")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


J = TypeVar("J", bound="Job", covariant=True)


class JobQuerySet(models.QuerySet[J], Generic[J]):
    def take(self, pk: int, *, redelivered: bool = False) -> J | None:
        """Lease the job to this worker; None if it is done, failed or taken.

        One conditional UPDATE, so that of two workers only one gets it. The broker
        redelivers a message when the process that had it is gone: its lease is void.
        """
        now = timezone.now()
        free = self.filter(pk=pk, state=JobState.PENDING, attempts__lt=MAX_ATTEMPTS)
        if not redelivered:
            free = free.filter(Q(leased_until=None) | Q(leased_until__lt=now))
        taken = free.update(leased_until=now + LEASE, attempts=F("attempts") + 1)
        return self.get(pk=pk) if taken else None

    def forgotten(self, *, older_than: timedelta = timedelta(seconds=30)) -> Self:
        """Pending, and nobody is at work on them."""
        now = timezone.now()
        return self.filter(state=JobState.PENDING, attempts__lt=MAX_ATTEMPTS).filter(
            Q(leased_until=None, created_at__lt=now - older_than)
            | Q(leased_until__lt=now)
        )

    def at_work(self) -> Self:
        return self.filter(state=JobState.PENDING, leased_until__gt=timezone.now())

    def exhausted(self) -> Self:
        """Pending, tried as often as we try, and nobody is at work on them."""
        idle = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
        return self.filter(idle, state=JobState.PENDING, attempts__gte=MAX_ATTEMPTS)


class Job(models.Model):
    task: ClassVar[str]  # what takes it

    state = models.CharField(
        max_length=8, choices=JobState, default=JobState.PENDING, editable=False
    )
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    error_code = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state="pending"),
                name="%(class)s_pending",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}: {self.state}"

    def hint(self) -> None:
        """Tell a worker of it, once it is committed."""
        hint(self.task, self.pk)

    def finish(self) -> None:
        self._close(JobState.DONE)

    def fail(self, error_code: str) -> None:
        self._close(JobState.FAILED, error_code)

    def reopen(self) -> None:
        """From the start again: somebody asked for another try."""
        self.state, self.error_code, self.leased_until = JobState.PENDING, "", None
        self.attempts, self.created_at = 0, timezone.now()
        self.save()

    def release(self) -> None:
        """Give the lease back, so that the sweeper may try again at once."""
        type(self)._base_manager.filter(pk=self.pk).update(leased_until=None)

    def _close(self, state: JobState, error_code: str = "") -> None:
        self.state, self.error_code, self.leased_until = state, error_code, None
        self.save(update_fields=["state", "error_code", "leased_until"])
