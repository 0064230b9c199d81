"""The life of an import: confirmed, stopped, tried again, undone, forgotten.

An import is quiet. Its pins have the dates of the file, on boards that are secret
unless somebody says otherwise; where they are public they are news in no feed, and
nobody is told of them one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from pinboard.actions.boards import delete_board
from pinboard.actions.bulk import MOST, delete_pins
from pinboard.actions.import_boards import send_to
from pinboard.actions.import_matching import OPEN, mark_known
from pinboard.actions.locking import locked
from pinboard.actions.pins import retry_pin
from pinboard.exceptions import (
    GaveUp,
    ImportOver,
    ImportQuotaReached,
    ImportRunning,
)
from pinboard.models import (
    Board,
    Import,
    ImportJob,
    ImportRow,
    JobState,
    Pin,
    PinState,
    RowState,
    Visibility,
)
from pinboard.models.pin_import import IMPORT_LIFE, worth_a_try
from pinboard.pictures import storage
from users.models import User

ADDRESSES_A_DAY = 20_000


@transaction.atomic
def confirm_import(
    *,
    source: Import,
    by: User,
    visibility: str = Visibility.SECRET,
    board: Board | None = None,
    new_board: str = "",
    targets: Mapping[int, str] | None = None,
) -> Import:
    """Have it done. `targets` says on which boards those of the file go; `board` or
    `new_board` is for pins that name none. An empty visibility is what the file says.
    Raises ImportOver, ImportRunning and ImportQuotaReached."""
    mine = _alone(source, by)
    if mine.confirmed_at:
        raise ImportOver
    mine.visibility = visibility
    mine.confirmed_at = timezone.now()
    mine.expires_at = mine.confirmed_at + IMPORT_LIFE
    mine.save()
    send_to(mine, targets or {}, board=board, new_board=new_board)
    rows = mine.rows.filter(state__in=OPEN).order_by("turn")
    changed = mark_known(mine, rows)
    ImportRow.objects.bulk_update(changed, ["state", "pin", "error_code"], 500)
    _check_quota(by)
    ImportJob.objects.create(source=mine).hint()
    return mine


@transaction.atomic
def stop_import(*, source: Import, by: User) -> None:
    """What is pinned stays; what waits is left. A row that is being done just now is
    done first."""
    mine = _held(source, by)
    if mine.is_running:
        _stop(mine)


@transaction.atomic
def retry_import(*, source: Import, by: User, row: ImportRow | None = None) -> None:
    """Try one failed row again, or all that failed or were left. Raises ImportOver and
    ImportRunning."""
    mine = _alone(source, by)
    if not mine.confirmed_at or mine.undone_at:
        raise ImportOver
    rows = mine.rows.filter(pk__in=[row.pk]) if row else mine.rows.all()
    broken = rows.filter(state=RowState.PINNED, pin__state=PinState.FAILED)
    for pin in Pin.objects.editable_by(by).filter(pk__in=broken.values("pin")):
        retry_pin(pin=pin, by=by)
    left = rows.filter(worth_a_try())
    if left.update(state=RowState.WAITING, error_code="", tries=0):
        Import.objects.filter(pk=mine.pk).update(stopped_at=None)
        mine.job.reopen()
        mine.job.hint()


@transaction.atomic
def undo_import(*, source: Import, by: User) -> int:
    """Stop it and put what it made into the trash: how many pins. A board of its making
    goes as a whole, unless something else was put on it since."""
    mine = _held(source, by)
    if not mine.confirmed_at:
        raise ImportOver
    if mine.is_running:
        _stop(mine)
    made = mine.rows.filter(state=RowState.PINNED).values("pin")
    pins = Pin.objects.filter(pk__in=made, deleted_at=None)
    count = pins.filter(board__deleted_at=None).count()
    others = Pin.objects.filter(board=OuterRef("pk"), deleted_at=None)
    boards = mine.boards.filter(is_new=True).values("board")
    whole = Board.objects.owned_by(by).filter(
        ~Exists(others.exclude(pk__in=made)), pk__in=boards
    )
    for board in whole:
        delete_board(board=board, by=by)
    rest = pins.filter(board__deleted_at=None)
    while delete_pins(pins=rest, by=by).count == MOST:
        pass
    Import.objects.filter(pk=mine.pk).update(undone_at=timezone.now())
    return count


@transaction.atomic
def give_up_import(job: ImportJob) -> None:
    job.source.rows.filter(state=RowState.WAITING).update(
        state=RowState.FAILED, error_code=GaveUp.code
    )
    job.fail(GaveUp.code)


def forget_imports_of(user: User) -> None:
    """Nobody gets at them from now on; the sweeper deletes files and rows."""
    now = timezone.now()
    Import.objects.filter(owner=user).update(expires_at=now, stopped_at=now)
    ImportJob.objects.filter(source__owner=user).update(state=JobState.FAILED)


def delete_old_imports() -> None:
    for source in Import.objects.over():
        forget_import(source)


def forget_import(source: Import) -> None:
    """Files first: as long as one is left, its row says where it lies."""
    delete_files(source)
    source.delete()


def delete_files(source: Import) -> None:
    for file in source.files.all():
        storage.delete(file.path)
        file.delete()


def _held(source: Import, by: User) -> Import:
    rows = Import.objects.of(by.pk).select_for_update(no_key=True)
    return locked(rows, source)


def _alone(source: Import, by: User) -> Import:
    """Of one person's imports one runs at a time; their requests take turns."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    running = ImportJob.objects.filter(source__owner=by, state=JobState.PENDING)
    if running.exclude(source=source.pk).exists():
        raise ImportRunning
    return _held(source, by)


def _stop(mine: Import) -> None:
    mine.stopped_at = timezone.now()
    mine.save(update_fields=["stopped_at"])
    mine.rows.filter(state=RowState.WAITING).update(state=RowState.SKIPPED)
    mine.job.finish()


def _check_quota(by: User) -> None:
    """Of addresses to be opened, counted from the rows themselves."""
    day = timezone.now() - timedelta(days=1)
    asked = ImportRow.objects.filter(
        source__owner=by, source__confirmed_at__gt=day, part=None
    ).exclude(state=RowState.KNOWN)
    if asked.count() > ADDRESSES_A_DAY:
        raise ImportQuotaReached
