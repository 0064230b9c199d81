"""What was forgotten or left behind: messages that got lost, files nobody shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from pinboard.actions.exports import delete_old_exports, give_up_export
from pinboard.actions.gift_claims import forget_old_claims
from pinboard.actions.imports import delete_old_imports, give_up_import
from pinboard.actions.pictures import refresh_publicity, wrongly_hidden_or_shown
from pinboard.actions.pins import fail_pin
from pinboard.actions.renditions import fail_renditions
from pinboard.exceptions import GaveUp
from pinboard.models import (
    Avatar,
    Board,
    DraftPicture,
    DraftReadJob,
    ExportJob,
    ImportJob,
    Job,
    Picture,
    Pin,
    PinDraft,
    PinFetchJob,
    PointReadJob,
    Product,
    RenditionJob,
)
from pinboard.models.pin import DRAFT_LIFE, oldest_in_trash
from pinboard.pictures import storage
from pinboard.pictures.names import PRIVATE, copies_of, original_of, upload_of

SENT_AT_ONCE = 200  # each sweep; a backlog must not grow by being swept
TIDIED_AT_ONCE = 500
# The pictures of a closed account are gone within a day, however new they are.
ORPHAN_AGE = timedelta(hours=22)
# A little longer than it is open: none may go while its owner chooses.
DRAFT_KEPT = DRAFT_LIFE + timedelta(hours=1)
_LOCK = 0x50494E42  # "PINB": one sweeper at a time, whatever number of workers


def sweep_jobs() -> None:
    """Send forgotten jobs again; give up those that were tried five times."""
    with transaction.atomic():
        if not _alone():
            return
        for job in RenditionJob.objects.exhausted().select_related("picture"):
            fail_renditions(job, GaveUp.code)
        for fetch in PinFetchJob.objects.exhausted().select_related("pin__pinner"):
            fetch.fail(GaveUp.code)
            fail_pin(fetch.pin, GaveUp.code)
        for read in DraftReadJob.objects.exhausted():
            read.fail(GaveUp.code)
        for point in PointReadJob.objects.exhausted():
            point.fail(GaveUp.code)
        for export in ExportJob.objects.exhausted():
            give_up_export(export)
        for asked in ImportJob.objects.exhausted().select_related("source"):
            give_up_import(asked)
    reading = (PinFetchJob, DraftReadJob, PointReadJob)
    for kind in (RenditionJob, *reading, ExportJob, ImportJob):
        _send_forgotten(kind)


def tidy_pictures() -> bool:
    """Empty the trash, drop old drafts, exports and imports, then delete the pictures
    and public copies that nobody shows. Whether there may be more of them."""
    left = timezone.now() - DRAFT_KEPT
    PinDraft.objects.filter(created_at__lt=left).delete()
    PointReadJob.objects.filter(created_at__lt=left).delete()
    delete_old_exports()
    delete_old_imports()
    forget_old_claims()
    thrown_away = _empty_trash(oldest_in_trash())
    for picture in wrongly_hidden_or_shown()[:TIDIED_AT_ONCE]:
        refresh_publicity(picture)
    orphans = list(_orphans().values_list("pk", flat=True)[:TIDIED_AT_ONCE])
    deleted = sum(delete_orphan(pk) for pk in orphans)
    return TIDIED_AT_ONCE in (thrown_away, deleted)


def _empty_trash(too_old: datetime) -> int:
    """Pins, and the boards that were deleted with all their pins; how many pins."""
    in_trash = Q(deleted_at__lt=too_old) | Q(board__deleted_at__lt=too_old)
    pins = list(Pin.objects.filter(in_trash).values_list("pk")[:TIDIED_AT_ONCE])
    Pin.objects.filter(pk__in=[pk for (pk,) in pins]).delete()
    left = Exists(Pin.objects.filter(board=OuterRef("pk")))
    boards = Board.objects.filter(~left, deleted_at__lt=too_old).values("pk")
    Board.objects.filter(pk__in=boards[:TIDIED_AT_ONCE]).delete()
    return len(pins)


@transaction.atomic
def delete_orphan(picture_pk: int) -> bool:
    """Delete a picture and its files, unless somebody has just pinned it again.

    Files go before the commit: as long as the row is locked, no upload of the same
    bytes can write them anew.
    """
    locked = Picture.objects.select_for_update(skip_locked=True).filter(pk=picture_pk)
    for picture in locked:
        if not _orphans().filter(pk=picture.pk).exists():
            continue
        public = copies_of(picture)
        private = [PRIVATE + path for path in public]
        for path in (*public, *private, original_of(picture), upload_of(picture)):
            storage.delete(path)
        picture.delete()
        return True
    return False


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _send_forgotten(kind: type[Job]) -> None:
    forgotten = kind._default_manager.forgotten().order_by("created_at")
    for job in forgotten[:SENT_AT_ONCE]:
        job.hint()


def _orphans() -> QuerySet[Picture]:
    this = {"picture": OuterRef("pk")}
    return Picture.objects.filter(
        ~Exists(Pin.objects.filter(**this)),
        ~Exists(Product.objects.filter(**this)),
        ~Exists(Avatar.objects.filter(**this)),
        ~Exists(DraftPicture.objects.filter(**this)),
        created_at__lt=timezone.now() - ORPHAN_AGE,
    )
