"""Celery wrappers. Each carries a key; what is to be done stands in the job's row."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from pinboard.actions import (
    exports,
    import_rows,
    mails,
    point_pages,
    renditions,
    sources,
    sweeping,
)
from pinboard.models import (
    BoardInvitation,
    DraftReadJob,
    ExportJob,
    ImportJob,
    PinFetchJob,
    PointReadJob,
    RenditionJob,
)

# Shorter than a job's lease, so that a lease that ran out belongs to nobody.
LIMITS = {"time_limit": 30, "soft_time_limit": 25}


@shared_task(bind=True, **LIMITS)
def make_renditions(self: Any, job_pk: int) -> None:  # noqa: ANN401  Celery's task
    job = RenditionJob.objects.take(job_pk, redelivered=_is_redelivered(self))
    if job and not renditions.store_renditions(job):
        make_renditions.apply_async([job_pk], countdown=2)


@shared_task(bind=True, **LIMITS)
def fetch_pin(self: Any, job_pk: int) -> None:  # noqa: ANN401
    if job := PinFetchJob.objects.take(job_pk, redelivered=_is_redelivered(self)):
        sources.read_address_of_pin(job)


@shared_task(bind=True, **LIMITS)
def read_draft(self: Any, job_pk: int) -> None:  # noqa: ANN401
    if job := DraftReadJob.objects.take(job_pk, redelivered=_is_redelivered(self)):
        sources.read_draft(job)


@shared_task(bind=True, **LIMITS)
def write_export(self: Any, job_pk: int) -> None:  # noqa: ANN401
    job = ExportJob.objects.take(job_pk, redelivered=_is_redelivered(self))
    if job and exports.write_slice(job):
        write_export.delay(job_pk)


@shared_task(bind=True, **LIMITS)
def run_import(self: Any, job_pk: int) -> None:  # noqa: ANN401
    if ImportJob.objects.at_work().exclude(pk=job_pk).exists():
        # One at a time on the whole site: it waits for slow servers, and pictures of
        # others must not wait with it.
        run_import.apply_async([job_pk], countdown=2)
        return
    job = ImportJob.objects.take(job_pk, redelivered=_is_redelivered(self))
    if job and import_rows.import_slice(job):
        run_import.delay(job_pk)


@shared_task(bind=True, **LIMITS)
def read_point(self: Any, job_pk: int) -> None:  # noqa: ANN401
    if job := PointReadJob.objects.take(job_pk, redelivered=_is_redelivered(self)):
        point_pages.read_point(job)


@shared_task
def send_invitation(invitation_pk: int) -> None:
    if invitation := BoardInvitation.objects.open().filter(pk=invitation_pk).first():
        mails.mail_invitation(invitation)


@shared_task
def sweep() -> None:
    sweeping.sweep_jobs()


@shared_task
def tidy() -> None:
    if sweeping.tidy_pictures():
        tidy.delay()


def _is_redelivered(task: Any) -> bool:  # noqa: ANN401
    return bool((task.request.delivery_info or {}).get("redelivered"))
