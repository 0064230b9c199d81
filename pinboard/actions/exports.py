"""All that is one's own, as files to take along; made in a worker, slice by slice.

A slice packs up to 150 pins into a ZIP of its own, stores it, and only then moves the
row on, in one transaction with the row of the part. So a killed worker costs one slice
and 5,000 pins are some forty short tasks. One ZIP put together at the end would have to
be copied whole within one task's 25 seconds, which no size of account may break. The
last part has the documents, too: where one slice is enough, there is one file.
"""

from __future__ import annotations

import tempfile
from typing import IO
from zipfile import ZipFile

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from pinboard.exceptions import GaveUp
from pinboard.exports.documents import exported_pins, write_documents
from pinboard.exports.packing import Packed, pack_originals
from pinboard.models import ExportJob, ExportPart, JobState
from pinboard.models.export import EXPORT_LIFE, FAILED_EXPORT_LIFE
from pinboard.pictures import storage
from users.models import User

SLICE = 150


@transaction.atomic
def start_export(*, by: User) -> ExportJob:
    """The one that is being made already, if there is one."""
    facts = {
        "language": get_language() or "en",
        "pin_count": exported_pins(by).count(),
    }
    job, is_new = ExportJob.objects.get_or_create(
        owner=by, state=JobState.PENDING, defaults=facts
    )
    if is_new:
        job.hint()
    return job


def write_slice(job: ExportJob, *, at_most: int = SLICE) -> bool:
    """Do the next part of a leased job; whether there is more to do."""
    after = exported_pins(job.owner).filter(pk__gt=job.after_pin).order_by("pk")
    pins = list(after.select_related("picture")[: at_most + 1])
    earlier = list(job.parts.all())
    part = ExportPart(job=job, number=len(earlier) + 1)
    with tempfile.TemporaryFile() as file:
        with ZipFile(file, "w") as archive:
            packed = pack_originals(archive, pins[:at_most])
            is_last = len(packed.pins) == len(pins)
            part.files = packed.files
            if is_last:
                _write_documents(archive, job, [*earlier, part])
        _store(part, file)
    return _keep(part, packed, is_last=is_last) and not is_last


@transaction.atomic
def give_up_export(job: ExportJob) -> None:
    job.fail(GaveUp.code)
    job.expires_at = timezone.now() + FAILED_EXPORT_LIFE
    job.save(update_fields=["expires_at"])


def forget_exports_of(user: User) -> None:
    """Nobody gets at them from now on; the sweeper deletes the files."""
    ExportJob.objects.filter(owner=user).update(
        state=JobState.FAILED, expires_at=timezone.now()
    )


def delete_old_exports() -> None:
    """Files first: as long as one is left, its row says where it lies."""
    for job in ExportJob.objects.over().prefetch_related("parts"):
        # One more than there are rows: a slice may have been killed before its row.
        for number in range(1, len(job.parts.all()) + 2):
            storage.delete(job.path_of(number))
        job.delete()


def _write_documents(archive: ZipFile, job: ExportJob, parts: list[ExportPart]) -> None:
    files = {int(pk): name for part in parts for pk, name in part.files.items()}
    write_documents(archive, owner=job.owner, files=files, language=job.language)


def _store(part: ExportPart, file: IO[bytes]) -> None:
    """Over what a killed slice may have left under the same name."""
    part.byte_size = file.seek(0, 2)
    file.seek(0)
    default_storage.save(part.job.path_of(part.number), File(file))


@transaction.atomic
def _keep(part: ExportPart, packed: Packed, *, is_last: bool) -> bool:
    """False where the lease is no longer ours or the account was closed meanwhile."""
    mine = {"leased_until": part.job.leased_until, "state": JobState.PENDING}
    held = ExportJob.objects.select_for_update().filter(pk=part.job_id, **mine).first()
    if held is None:
        return False
    part.save()
    if packed.pins:
        held.after_pin = packed.pins[-1].pk
        held.done_count += len(packed.pins)
    held.attempts, held.leased_until = 0, None  # the next slice has tries of its own
    if is_last:
        held.state = JobState.DONE
        held.expires_at = timezone.now() + EXPORT_LIFE
        _expire_others(held)
    held.save()
    return True


def _expire_others(job: ExportJob) -> None:
    now = timezone.now()
    others = ExportJob.objects.filter(owner=job.owner_id, expires_at__gt=now)
    others.exclude(pk=job.pk).update(expires_at=now)
