"""What a person takes along: all that is theirs, in a few ZIP files, for a week."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from pinboard.models.job import Job, JobQuerySet, JobState

EXPORT_LIFE = timedelta(days=7)
FAILED_EXPORT_LIFE = timedelta(days=1)  # so long its page says what became of it


def new_export_key() -> str:
    return secrets.token_urlsafe(24)


class ExportJobQuerySet(JobQuerySet["ExportJob"]):
    def downloadable(self) -> Self:
        return self.filter(state=JobState.DONE, expires_at__gt=timezone.now())

    def over(self) -> Self:
        """Their files may go: nobody fetches them, and nobody is writing one."""
        now = timezone.now()
        idle = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.filter(idle, expires_at__lte=now)


ExportJobManager = models.Manager.from_queryset(ExportJobQuerySet)


class ExportJob(Job):
    task = "write_export"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports"
    )
    key = models.CharField(max_length=32, default=new_export_key, unique=True)
    language = models.CharField(max_length=10)  # of the gallery's few words
    pin_count = models.PositiveIntegerField(default=0)  # when it was asked for
    done_count = models.PositiveIntegerField(default=0)
    after_pin = models.BigIntegerField(default=0)  # pins up to here are packed
    expires_at = models.DateTimeField(null=True)  # none while it is being made

    objects: ClassVar[ExportJobManager[ExportJob]] = ExportJobManager()

    class Meta(Job.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(state=JobState.PENDING),
                name="one_open_export_per_person",
            )
        ]

    def path_of(self, number: int) -> str:
        """Outside of all that /media/ serves, under a name nobody can guess."""
        return f"exports/{self.key}/{number}.zip"


class ExportPart(models.Model):
    """A ZIP file that is stored whole. `files` says which pin's picture is called what
    in it, for a title may change before the list of contents is written."""

    job = models.ForeignKey(ExportJob, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    byte_size = models.BigIntegerField()
    files = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "number"], name="one_export_part_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"pinboard-{self.number}.zip"
