"""A statement as the network itself tells it: of one that is polled, the orders that it
settled in a month, asked for slice by slice by a worker."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.imports import alone
from commerce.actions.statement_lines import finish
from commerce.actions.statements import locked
from commerce.exceptions import (
    ApprovalRefused,
    MalformedNotice,
    NetworkError,
    TransitionRefused,
)
from commerce.figures import RECEIVED
from commerce.models import Network, Statement, StatementLine
from commerce.networks.adapters import read_report
from commerce.networks.base import Client, LineReport, Payload, Reading
from commerce.networks.clients import POLLED, client_of
from commerce.reconciliation.exceptions import StatementKnown
from commerce.reconciliation.months import bounds
from commerce.reconciliation.reading import pays_of
from commerce.rows import insert
from users.models import User

State = Statement.State


@transaction.atomic
def pull_statement(
    *, network: Network, month: date, currency: str, by: User
) -> Statement:
    """Ask for it, once a month and network: its rows come by `advance_pull`. Raises
    StatementKnown, or ApprovalRefused with what stands against it."""
    if not by.has_perm("commerce.add_statement"):
        raise ApprovalRefused(_("Only reviewers handle statements."))
    start, end = bounds(month)
    if network.adapter not in POLLED:
        raise ApprovalRefused(_("This network cannot be asked. Upload its file."))
    if end > timezone.now():
        raise ApprovalRefused(_("This month is not over."))
    try:
        with closing(client_of(network)) as client:
            is_told = start > timezone.now() - client.reach
            has_list = bool(client.walks(Reading.SETTLED))
    except NetworkError as error:
        told = _("The network is not set up to be asked: %(why)s.") % {"why": error}
        raise ApprovalRefused(told) from error
    if not has_list:
        raise ApprovalRefused(_("This network cannot be asked. Upload its file."))
    if not is_told:
        raise ApprovalRefused(_("The network tells of this month no longer."))
    statement = Statement(
        network=network,
        month=month,
        currency=currency,
        name=_("as the network tells it"),
        sha256=hashlib.sha256(f"{network.code} {month}".encode()).hexdigest(),
        state=State.MATCHING,
        pulled_until=start,
        imported_by=by,
    )
    try:
        with transaction.atomic():
            statement.save()
    except IntegrityError as error:
        known = network.statements.exclude(state=State.CANCELLED)
        raise StatementKnown(known.get(sha256=statement.sha256)) from error
    return statement


def advance_pull(*, statement: Statement, budget_s: float | None = None) -> bool:
    """Ask on until the budget is spent; once the month is told, compare. Whether it is
    done, or another worker at it. Raises NetworkError: what was told is kept."""
    ends_at = math.inf if budget_s is None else time.monotonic() + budget_s
    with alone(f"statement:{statement.pk}") as is_alone:
        if not is_alone:
            return True
        try:
            if not _ask(statement, ends_at):
                return False
            finish(statement)
        except TransitionRefused:  # it was cancelled
            pass
        except NetworkError as error:
            _note(statement, str(error))
            raise
    return True


def _ask(statement: Statement, ends_at: float) -> bool:
    """Whether the network has told all of the month."""
    end = bounds(statement.month)[1]
    with closing(client_of(statement.network)) as client:
        while (start := _told_until(statement)) < end:
            until = min(start + client.slice, end)
            _keep(statement, start, until, _rows(client, start, until))
            if time.monotonic() > ends_at:
                return False
    return True


def _told_until(statement: Statement) -> datetime:
    statement.refresh_from_db()
    if statement.state != State.MATCHING or statement.pulled_until is None:
        raise TransitionRefused
    return statement.pulled_until


def _note(statement: Statement, trouble: str) -> None:
    """For who waits for it; the network is asked again in a while."""
    waiting = Statement.objects.filter(pk=statement.pk, state=State.MATCHING)
    waiting.update(trouble=trouble[:200])


def _rows(client: Client, start: datetime, end: datetime) -> list[Payload]:
    return [
        row
        for walk in client.walks(Reading.SETTLED)
        for page in walk(start, end)
        for row in page
    ]


@transaction.atomic
def _keep(
    statement: Statement, start: datetime, until: datetime, rows: Sequence[Payload]
) -> None:
    """One slice. Rows move between pages while one asks: the same again is the same."""
    row = locked(statement, State.MATCHING)
    if row.pulled_until != start:  # another worker kept this slice
        return
    last = row.lines.aggregate(last=Max("line_no"))["last"] or 0
    lines, unread = _lines(row, rows)
    names = [line.line_id for line in lines]
    seen = set(map(_what, row.lines.filter(line_id__in=names)))
    news: list[StatementLine] = []
    for line in lines:
        if _what(line) not in seen:
            seen.add(_what(line))
            line.line_no = last + len(news) + 1
            news.append(line)
    insert(news)
    row.line_count += len(news)
    row.unread_count += unread
    row.pulled_until, row.trouble = until, ""
    row.save(update_fields=["line_count", "unread_count", "pulled_until", "trouble"])


def _what(line: StatementLine) -> tuple[str, str, int]:
    return line.line_id, line.status, line.pays_minor


def _lines(
    statement: Statement, rows: Sequence[Payload]
) -> tuple[list[StatementLine], int]:
    lines, unread = [], 0
    for row in rows:
        try:
            report = read_report(statement.network, row)
        except MalformedNotice:
            unread += 1
            continue
        if isinstance(report, LineReport) and _is_of(report, statement):
            lines.append(_line(statement, report, row))
    return lines, unread


def _is_of(report: LineReport, statement: Statement) -> bool:
    """Some networks tell all that changed in the window."""
    if report.status not in RECEIVED:
        return False
    start, end = bounds(statement.month)
    return start <= (report.settled_at or report.received_at or start) < end


def _line(statement: Statement, report: LineReport, row: Payload) -> StatementLine:
    fee = report.gross_fee_minor or 0
    tech_fee = report.tech_fee_minor + report.special_fee_minor
    pays = pays_of(fee, tech_fee)
    return StatementLine(
        statement=statement,
        line_id=report.line_id,
        order_id=report.order_id,
        status=report.status or "",
        currency=report.currency,
        paid_minor=report.paid_minor,
        settled_minor=report.settled_minor,
        fee_minor=fee,
        tech_fee_minor=tech_fee,
        pays_minor=pays,
        delta_minor=pays,
        is_counted=report.currency == statement.currency,
        ordered_at=report.created_at,
        settled_at=report.settled_at,
        raw={
            str(name): str(value).replace("\0", "")
            for name, value in row.items()
            if value
        },
    )
