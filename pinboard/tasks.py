"""Celery wrappers. Each carries a key; what is to be done stands in the job's row.

The actions are imported when a task runs, for they send these tasks themselves.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task

# Shorter than a job's lease, so that a lease that ran out belongs to nobody.
LIMITS = {"time_limit": 30, "soft_time_limit": 25}


@shared_task(bind=True, **LIMITS)
def make_renditions(self: Any, job_pk: int) -> None:  # noqa: ANN401  Celery's task
    from pinboard.actions.renditions import store_renditions
    from pinboard.models import RenditionJob

    job = RenditionJob.objects.take(job_pk, redelivered=_is_redelivered(self))
    if job and not store_renditions(job):
        make_renditions.apply_async([job_pk], countdown=2)


@shared_task(bind=True, **LIMITS)
def fetch_pin(self: Any, job_pk: int) -> None:  # noqa: ANN401
    from pinboard.actions.sources import read_address_of_pin
    from pinboard.models import PinFetchJob

    if job := PinFetchJob.objects.take(job_pk, redelivered=_is_redelivered(self)):
        read_address_of_pin(job)


@shared_task(bind=True, **LIMITS)
def read_draft(self: Any, job_pk: int) -> None:  # noqa: ANN401
    from pinboard.actions.sources import read_draft as read
    from pinboard.models import DraftReadJob

    if job := DraftReadJob.objects.take(job_pk, redelivered=_is_redelivered(self)):
        read(job)


@shared_task(bind=True, **LIMITS)
def write_export(self: Any, job_pk: int) -> None:  # noqa: ANN401
    from pinboard.actions.exports import write_slice
    from pinboard.models import ExportJob

    job = ExportJob.objects.take(job_pk, redelivered=_is_redelivered(self))
    if job and write_slice(job):
        write_export.delay(job_pk)


@shared_task
def send_invitation(invitation_pk: int) -> None:
    from pinboard.actions.mails import mail_invitation
    from pinboard.models import BoardInvitation

    if invitation := BoardInvitation.objects.open().filter(pk=invitation_pk).first():
        mail_invitation(invitation)


@shared_task
def sweep() -> None:
    from pinboard.actions.sweeping import sweep_jobs

    sweep_jobs()


@shared_task
def tidy() -> None:
    from pinboard.actions.sweeping import tidy_pictures

    if tidy_pictures():
        tidy.delay()


def _is_redelivered(task: Any) -> bool:  # noqa: ANN401
    return bool((task.request.delivery_info or {}).get("redelivered"))
