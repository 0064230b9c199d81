"""The work on an import, in a worker: a slice of some seconds, row by row.

Each row has a transaction of its own that makes the pin and says so in the row. What a
killed worker was at is undone by the database and done again: no row twice, none lost.
No transaction is open while a stranger's server is waited for, and an import speaks to
one host once at a time, whatever number of hosts it asks.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from pinboard.actions.import_boards import (
    board_of,
    ready_boards,
    restore_order,
    section_of,
)
from pinboard.actions.imports import delete_files
from pinboard.actions.pins import pin_upload
from pinboard.actions.products import product_at
from pinboard.actions.sources import Found, found_at, product_of
from pinboard.actions.visits import opened
from pinboard.exceptions import (
    AddressRefused,
    GaveUp,
    PageUnreadable,
    PinboardError,
    RowBoardGone,
    RowFileMissing,
)
from pinboard.imports import archives
from pinboard.imports.found import Kind, moment
from pinboard.models import (
    Board,
    Import,
    ImportFile,
    ImportJob,
    ImportRow,
    JobState,
    Pin,
    Product,
    RowState,
)
from pinboard.pictures.header import MAX_BYTES
from pinboard.sources.addresses import host_of
from pinboard.sources.fetch import Deadline

SLICE_S = 8.0
# A round of addresses starts none that could outlast the task's own limit.
ROUND_S = 12.0
ROW_S = 9.5
ROWS_AT_ONCE = 8
HOSTS_AT_ONCE = 4
MOST_TRIES = 3

Outcome = Found | PinboardError


def import_slice(job: ImportJob, *, seconds: float = SLICE_S) -> bool:
    """Do the next part of a leased job; whether there is more to do."""
    source = Import.objects.select_related("owner").get(pk=job.source_id)
    if source.kind == Kind.PINBOARD:
        ready_boards(source)
    ends = monotonic() + seconds
    while True:
        rows = _next(source)
        if not rows:
            _finish(job, source)
            return False
        _do(source, rows)
        if not _keep_lease(job, until_now=monotonic() > ends):
            return False
        if monotonic() > ends:
            return True


def _next(source: Import) -> list[ImportRow]:
    """Those whose turn it is. One that was begun before, perhaps by a worker that died
    of it, comes alone, so that it takes no other along."""
    waiting = source.rows.filter(state=RowState.WAITING, source__stopped_at=None)
    rows = list(waiting.select_related("part__source").order_by("turn")[:ROWS_AT_ONCE])
    if rows and rows[0].tries:
        return rows[:1]
    return [row for row in rows if not row.tries]


def _do(source: Import, rows: list[ImportRow]) -> None:
    keys = [row.pk for row in rows]
    given_up = [row for row in rows if row.tries >= MOST_TRIES]
    outcomes: dict[int, Outcome] = {row.pk: GaveUp() for row in given_up}
    ImportRow.objects.filter(pk__in=keys).update(tries=F("tries") + 1)
    outcomes |= _packed([row for row in rows if row.file and row not in given_up])
    outcomes |= _fetched([row for row in rows if row.pk not in outcomes])
    for row in rows:
        if row.pk in outcomes:
            _settle(source, row, outcomes[row.pk])
    not_begun = [pk for pk in keys if pk not in outcomes]
    ImportRow.objects.filter(pk__in=not_begun).update(tries=F("tries") - 1)


def _packed(rows: list[ImportRow]) -> dict[int, Outcome]:
    """The pictures that lie in the parts of our own export."""
    outcomes: dict[int, Outcome] = {}
    by_part: dict[ImportFile, list[ImportRow]] = defaultdict(list)
    for row in rows:
        if row.part:
            by_part[row.part].append(row)
        else:
            outcomes[row.pk] = RowFileMissing()
    for part, of_part in by_part.items():
        outcomes |= _unpacked(part, of_part)
    return outcomes


def _unpacked(part: ImportFile, rows: list[ImportRow]) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    try:
        with default_storage.open(part.path) as file, archives.opened(file) as archive:
            for row in rows:
                try:
                    content = archives.member(archive, row.file, at_most=MAX_BYTES)
                except PinboardError as error:
                    outcomes[row.pk] = error
                else:
                    outcomes[row.pk] = Found(content)
    except FileNotFoundError:
        return dict.fromkeys([row.pk for row in rows], RowFileMissing())
    return outcomes


def _fetched(rows: list[ImportRow]) -> dict[int, Outcome]:
    """What stands at the addresses; not those for which there was no time."""
    by_host: dict[str, list[ImportRow]] = defaultdict(list)
    for row in rows:
        by_host[host_of((row.told["images"] or [row.address])[0])].append(row)
    if not by_host:
        return {}
    ends = monotonic() + ROUND_S
    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(HOSTS_AT_ONCE, thread_name_prefix="import") as threads:
        for found in threads.map(lambda of: _of_host(of, ends), by_host.values()):
            outcomes |= found
    return outcomes


def _of_host(rows: Iterable[ImportRow], ends: float) -> dict[int, Outcome]:
    """One after the other, in a thread, so with a connection of its own."""
    outcomes: dict[int, Outcome] = {}
    try:
        for row in rows:
            if ends - monotonic() < ROW_S:
                break
            try:
                outcomes[row.pk] = _visit(row, Deadline(ROW_S))
            except PinboardError as error:
                outcomes[row.pk] = error
    finally:
        connection.close()
    return outcomes


def _visit(row: ImportRow, deadline: Deadline) -> Found:
    """The picture that the file names, else the best of the page."""
    for address in row.told["images"]:
        try:
            return Found(opened(address, deadline, picture=True).content)
        except (AddressRefused, PageUnreadable) as error:
            refusal = error
    if row.address in row.told["images"]:
        raise refusal
    return found_at(row.address, deadline)


@transaction.atomic
def _settle(source: Import, row: ImportRow, outcome: Outcome) -> None:
    """Write down what became of the row, once: the import may have been stopped, or
    another worker been quicker."""
    going = Import.objects.select_for_update(no_key=True).filter(stopped_at=None)
    rows = ImportRow.objects.select_for_update().filter(state=RowState.WAITING)
    if not going.filter(pk=source.pk):
        return
    if not (mine := rows.filter(pk__in=[row.pk]).first()):
        return
    try:
        if isinstance(outcome, PinboardError):
            raise outcome
        with transaction.atomic():
            mine.state, mine.pin = _pinned(source, row, outcome)
    except PinboardError as error:
        mine.state, mine.error_code = RowState.FAILED, error.code
    mine.save(update_fields=["state", "pin", "error_code"])


def _pinned(source: Import, row: ImportRow, found: Found) -> tuple[RowState, Pin]:
    board = board_of(source, row)
    if board is None:
        raise RowBoardGone
    if twin := _same_bytes(source, row, board, found.picture):
        return RowState.KNOWN, twin
    title = row.title or (found.facts.title if found.facts else "")
    pin = pin_upload(
        by=source.owner,
        board=board,
        content=found.picture,
        title=title,
        description=row.told["description"],
        alt=row.told["alt"] or ("" if row.file else title),
        tags=row.told["tags"],
        product=_product(source, row, found, board),
        source_url=row.address,
    )
    Pin.objects.filter(pk=pin.pk).update(
        is_imported=True,
        section=section_of(board, row.told["section"], by=source.owner),
        created_at=moment(row.told["created_at"] or "") or timezone.now(),
    )
    return RowState.PINNED, pin


def _product(
    source: Import, row: ImportRow, found: Found, board: Board
) -> Product | None:
    """Our own export says which; a pin of the same page may have none on purpose."""
    told = product_at(row.told["product"])
    if told or source.kind == Kind.PINBOARD:
        return told
    return product_of(found, row.address, board=board)


def _same_bytes(
    source: Import, row: ImportRow, board: Board, content: bytes
) -> Pin | None:
    """A pin of the same picture that one has: on any board, but of what this import
    made on the same. In our own export each pin is one of its own, and so is the pin
    by which another of its rows is known."""
    same = Pin.objects.filter(
        pinner=source.owner,
        picture__sha256=hashlib.sha256(content).hexdigest(),
        deleted_at=None,
        board__deleted_at=None,
    )
    if source.kind == Kind.PINBOARD:
        others = source.rows.exclude(pin=None).values("pin")
        return same.filter(board=board).exclude(pk__in=others).first()
    made = source.rows.filter(state=RowState.PINNED).values("pin")
    return same.filter(Q(board=board) | ~Q(pk__in=made)).first()


def _keep_lease(job: ImportJob, *, until_now: bool) -> bool:
    """After a round that was done: the next one has tries of its own. False where the
    lease is no longer ours."""
    lease = job.leased_until
    held = ImportJob.objects.filter(
        pk=job.pk, state=JobState.PENDING, leased_until=lease
    )
    return bool(held.update(attempts=0, leased_until=None if until_now else lease))


@transaction.atomic
def _finish(job: ImportJob, source: Import) -> None:
    going = Import.objects.select_for_update(no_key=True).filter(stopped_at=None)
    mine = going.filter(pk=source.pk).first()
    if mine is None or mine.rows.filter(state=RowState.WAITING).exists():
        return
    if mine.finished_at is None:
        restore_order(mine)
        mine.finished_at = timezone.now()
        mine.save(update_fields=["finished_at"])
    job.finish()
    if not mine.rows.filter(state=RowState.FAILED).exclude(file="").exists():
        delete_files(mine)
