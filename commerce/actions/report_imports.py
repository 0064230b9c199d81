"""A network's report from a file: looked at, and imported once somebody confirms.

The file is read by pages, and a page's observations and the place of the next one are
one transaction: a worker that is killed loses nothing and repeats nothing
(docs/decisions/0026).
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
import zlib
from collections.abc import Sequence
from itertools import islice

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.actions.report_pages import Look, book
from commerce.exceptions import (
    ApprovalRefused,
    CommerceError,
    FileUnreadable,
    TransitionRefused,
)
from commerce.models import Network, Programme, ReportImport, ReportImportFile
from commerce.networks.reports import ReportFile, Row
from users.models import User

log = logging.getLogger(__name__)

ROWS_PER_PAGE = 500
MOST_ATTEMPTS = 5  # without one more page
MOST_TOLD = 200  # refused rows; all of them are counted
FIRST_ROWS = 20

State = ReportImport.State


class ReportKnown(CommerceError):
    """The same file of the same network was brought before."""

    code = "report_known"
    for_user: str | Promise = gettext_lazy("This file was uploaded before.")
    status = 409

    def __init__(self, report: ReportImport) -> None:
        super().__init__(report.sha256)
        self.report = report


@transaction.atomic
def upload_report(
    *, network: Network, name: str, content: bytes, by: User | None
) -> ReportImport:
    """Keep the file to be looked at; nothing else is written. `by` nobody: the command.
    Raises FileUnreadable, ReportKnown, ApprovalRefused."""
    _require_right(by)
    currency = currency_of(network)
    row = ReportImport(
        network=network,
        currency=currency,
        name=name.replace("\0", "")[-120:],
        sha256=hashlib.sha256(content).hexdigest(),
        row_count=ReportFile(network, content, currency=currency).row_count,
        uploaded_by=by,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        known = ReportImport.objects.get(network=network, sha256=row.sha256)
        raise ReportKnown(known) from error
    ReportImportFile.objects.create(
        report_import=row, content=zlib.compress(content, 6)
    )
    return row


def currency_of(network: Network) -> str:
    """Of its oldest programme. Raises FileUnreadable."""
    programmes = Programme.objects.filter(network=network).order_by("pk")
    currency = programmes.values_list("currency", flat=True).first()
    if currency is None:
        told = _("The network has no programme, and so no currency. Add one first.")
        raise FileUnreadable(told)
    return currency


@transaction.atomic
def confirm_report(*, report: ReportImport, by: User | None) -> ReportImport:
    """From here on a worker imports it. `by` nobody: the command. Raises
    TransitionRefused."""
    row = locked(report, State.CHECKED)
    _require_right(by)
    row.state, row.attempts = State.IMPORTING, 0
    row.confirmed_by, row.confirmed_at = by, timezone.now()
    # What is refused is told anew: some rows are only found out when they are booked.
    row.read_count, row.refused_count, row.refused = 0, 0, []
    row.save()
    return row


@transaction.atomic
def discard_report(*, report: ReportImport, by: User | None) -> None:
    """Nothing was written but the file. Raises TransitionRefused."""
    row = locked(report, State.CHECKING, State.CHECKED)
    _require_right(by)
    row.delete()


@transaction.atomic
def try_report_again(*, report: ReportImport, by: User | None) -> ReportImport:
    """One that failed, from where it stopped. Raises TransitionRefused."""
    row = locked(report, State.FAILED)
    _require_right(by)
    row.state = State.IMPORTING if row.confirmed_at else State.CHECKING
    row.attempts = 0
    row.save(update_fields=["state", "attempts"])
    return row


def content_of(report: ReportImport) -> bytes:
    return zlib.decompress(report.file.content)


def unfinished() -> Sequence[int]:
    """Reports whose message may be lost."""
    rows = ReportImport.objects.filter(state__in=[State.CHECKING, State.IMPORTING])
    return list(rows.order_by("pk").values_list("pk", flat=True))


def advance(
    *,
    report: ReportImport,
    budget_s: float | None = None,
    at_once: int = ROWS_PER_PAGE,
) -> bool:
    """Read on until the budget is spent. Whether nothing is left to do: it waits for
    somebody, is done, failed, or another worker is at it."""
    ends_at = math.inf if budget_s is None else time.monotonic() + budget_s
    row = _taken_up(report)
    if row is None:
        return True
    file = ReportFile(row.network, content_of(row), currency=row.currency)
    look = Look(row.network, row.currency) if row.state == State.CHECKING else None
    rows = iter(file)
    for known in islice(rows, row.read_count):
        if look:
            look.remember(known)
    try:
        while page := list(islice(rows, at_once)):
            _read_page(row, page, look)
            if time.monotonic() > ends_at:
                return False
        _finish(row)
    except TransitionRefused:
        return True
    return True


def locked(report: ReportImport, *states: str) -> ReportImport:
    """Raises TransitionRefused unless it is in one of the states."""
    rows = ReportImport.objects.select_for_update(of=("self",))
    row = rows.select_related("network").filter(pk=report.pk).first()
    if row is None or row.state not in states:
        raise TransitionRefused
    return row


def _require_right(by: User | None) -> None:
    if by and not by.has_perm("commerce.add_reportimport"):
        raise ApprovalRefused(_("Only reviewers import reports."))


@transaction.atomic
def _taken_up(report: ReportImport) -> ReportImport | None:
    """None where there is nothing to do. One that kills its workers is given up."""
    try:
        row = locked(report, State.CHECKING, State.IMPORTING)
    except TransitionRefused:
        return None
    row.attempts += 1
    if row.attempts > MOST_ATTEMPTS:
        log.error("report %s of %s is given up", row.pk, row.network.code)
        row.state = State.FAILED
        row.save(update_fields=["state"])
        return None
    row.save(update_fields=["attempts"])
    return row


@transaction.atomic
def _read_page(report: ReportImport, page: Sequence[Row], look: Look | None) -> None:
    row = locked(report, report.state)
    if row.read_count != report.read_count:  # another worker is ahead
        raise TransitionRefused
    if look:
        _keep_look(row, page, look)
    else:
        _keep_refused(row, book(row.network, page, row.outcomes))
    row.read_count += len(page)
    row.attempts = 0
    row.save()
    report.read_count = row.read_count


def _keep_look(row: ReportImport, page: Sequence[Row], look: Look) -> None:
    seen = look.at(page)
    row.new_count += seen.new
    row.changed_count += seen.changed
    row.known_count += seen.known
    row.foreign_count += seen.foreign
    for currency, (amount, commission) in seen.sums.items():
        before = row.sums.get(currency, [0, 0])
        row.sums[currency] = [before[0] + amount, before[1] + commission]
    missing = FIRST_ROWS - len(row.first_rows)
    row.first_rows += seen.first[: max(missing, 0)]
    _keep_refused(row, seen.refused)


def _keep_refused(row: ReportImport, refused: Sequence[tuple[int, str]]) -> None:
    row.refused_count += len(refused)
    room = MOST_TOLD - len(row.refused)
    row.refused += [list(told) for told in refused[: max(room, 0)]]


@transaction.atomic
def _finish(report: ReportImport) -> None:
    row = locked(report, report.state)
    is_look = row.state == State.CHECKING
    row.state = State.CHECKED if is_look else State.DONE
    if not is_look:
        row.finished_at = timezone.now()
    row.save(update_fields=["state", "finished_at"])
    report.state = row.state
