"""A worker's part of a statement: its rows become lines, some thousands at a time, and
are compared with our ledger. Safe to run twice and to be killed at any moment."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any  # cells of a row

from django.db import transaction
from django.utils import timezone

from commerce.actions.observations import digest_of, read_histories
from commerce.actions.statements import locked, table_of
from commerce.exceptions import TransitionRefused
from commerce.models import (
    Observation,
    OrderLine,
    ParkedObservation,
    Statement,
    StatementLine,
)
from commerce.networks.statement_rows import payload_of
from commerce.networks.tables import Table
from commerce.reconciliation.matching import match
from commerce.reconciliation.preview import Told, facts
from commerce.reconciliation.reading import Fact
from commerce.reconciliation.reports import new_order
from commerce.rows import insert

ROWS_AT_ONCE = 2000
PARKED_AT_ONCE = 500  # as many lines are locked
MISSING_OURS = "missing_ours"

State = Statement.State


def advance(
    *,
    statement: Statement,
    budget_s: float | None = None,
    at_once: int = ROWS_AT_ONCE,
) -> bool:
    """Read on until the budget is spent; once all rows are read, compare. Whether it is
    done. What is no longer to be read is done, too."""
    ends_at = math.inf if budget_s is None else time.monotonic() + budget_s
    table: Table | None = None
    told: Iterator[Told] = iter(())
    place: int | None = None
    try:
        while (start := _place(statement)) < statement.row_count:
            if table is None or start != place:  # else it goes on in the file
                table = table or table_of(statement)
                told = facts(statement, table, statement.columns, start)
            place = _keep(statement, table, start, list(islice(told, at_once)))
            if time.monotonic() > ends_at:
                return False
        finish(statement)
    except TransitionRefused:  # cancelled, or another worker has finished it
        pass
    return True


def finish(statement: Statement) -> None:
    """Compare all its lines, once they are there."""
    _compare(statement)
    while _park_some(statement):
        pass


def unfinished() -> Sequence[int]:
    """Statements whose message may be lost."""
    rows = Statement.objects.filter(state=State.MATCHING).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _place(statement: Statement) -> int:
    """How many rows are done with."""
    statement.refresh_from_db()
    if statement.state != State.MATCHING:
        raise TransitionRefused
    return statement.line_count + statement.unread_count


@transaction.atomic
def _keep(
    statement: Statement, table: Table, start: int, told: Sequence[Told]
) -> int | None:
    """Where the next rows begin; None where another worker kept these before."""
    row = locked(statement, State.MATCHING)
    if row.line_count + row.unread_count != start:
        return None
    lines = [
        _line(row, number, _raw(table, cells), fact)
        for number, cells, fact in told
        if isinstance(fact, Fact)
    ]
    insert(lines)
    row.line_count += len(lines)
    row.unread_count += len(told) - len(lines)
    row.save(update_fields=["line_count", "unread_count"])
    return start + len(told)


def _line(
    statement: Statement, number: int, raw: dict[str, str], fact: Fact
) -> StatementLine:
    return StatementLine(
        statement=statement,
        line_no=number,
        raw=raw,
        is_counted=fact.currency == statement.currency,
        delta_minor=fact.pays_minor,
        **vars(fact),
    )


def _raw(table: Table, cells: Sequence[Any]) -> dict[str, str]:
    """By its headings, without empty cells; one without a heading by its number."""
    return {
        (table.header[n] if n < len(table.header) else "") or str(n + 1): cell
        for n, cell in enumerate(cells)
        if cell.strip()
    }


@transaction.atomic
def _compare(statement: Statement) -> None:
    row = locked(statement, State.MATCHING)
    match(row)
    row.state = State.OPEN
    row.save(update_fields=["state"])


@transaction.atomic
def _park_some(statement: Statement) -> int:
    """Keep what the network pays for orders that we do not know: should one be reported
    later, the report finds this waiting."""
    row = locked(statement, State.MATCHING, State.OPEN)
    waiting = row.lines.filter(
        bucket=StatementLine.Bucket.MISSING_OURS, observation=None, delta_minor__gt=0
    )
    lines = list(waiting.order_by("line_id")[:PARKED_AT_ONCE])
    if not lines:
        return 0
    names = [line.line_id for line in lines]
    read_histories(row.network, [], names)  # locks them: nobody brings the order now
    known = OrderLine.objects.filter(network=row.network, line_id__in=names)
    here = set(known.values_list("line_id", flat=True))
    now = timezone.now()
    for line in lines:
        if line.line_id in here:
            continue
        line.statement = row
        report = new_order(line, total_minor=line.delta_minor)
        payload = payload_of(report, told={"statement": row.pk, "row": line.line_no})
        line.observation = Observation(
            network=row.network,
            source=Observation.Source.CSV,
            line_id=line.line_id,
            payload=payload,
            sha256=digest_of(payload),
            source_modified_at=report.modified_at,
            received_at=now,
            outcome=Observation.Outcome.PARKED,
            code=MISSING_OURS,
        )
    parked = [line for line in lines if line.observation]
    insert([line.observation for line in parked if line.observation])
    insert(
        [
            ParkedObservation(
                observation=line.observation, network=row.network, line_id=line.line_id
            )
            for line in parked
        ]
    )
    StatementLine.objects.bulk_update(parked, ["observation"])
    return len(parked)
