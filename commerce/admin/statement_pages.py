"""What the page of a statement shows: its panel, and some of its lines."""

from __future__ import annotations

from typing import Any  # a template's context

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import QueryDict
from django.utils.translation import gettext as _

from commerce.actions.statements import why_not_approve_statement, why_not_sign
from commerce.models import Statement, StatementLine
from commerce.models.statement import StatementLineQuerySet
from commerce.reconciliation.summary import BucketRow, buckets_of, gates_of
from users.models import User

LINES_PER_PAGE = 50
OPEN, ALL, WAITS = "open", "all", "waits"

Bucket = StatementLine.Bucket
Action = StatementLine.Resolution
State = Statement.State


def chosen_lines(statement: Statement, query: QueryDict) -> StatementLineQuerySet:
    """As the filter of the page says; what is open first, where anything is."""
    lines = StatementLine.objects.filter(statement=statement)
    show = query.get("show") or default_filter(statement)
    if show == OPEN:
        lines = lines.open()
    elif show == WAITS:
        lines = lines.filter(outcome=StatementLine.Outcome.WAITS)
    elif show in Bucket.values:
        lines = lines.filter(bucket=show)
    if name := query.get("line", "").replace("\0", "").strip():
        lines = lines.filter(line_id=name[:64])
    return lines


def default_filter(statement: Statement) -> str:
    return OPEN if statement.open_count else ALL


def page_of(statement: Statement, query: QueryDict, *, reader: User) -> dict[str, Any]:
    buckets = buckets_of(statement)
    lines = chosen_lines(statement, query)
    paginator = Paginator(lines.order_by("line_no", "pk"), LINES_PER_PAGE)
    page = paginator.get_page(query.get("page"))
    outcomes = _outcomes_of(statement)
    is_open = statement.state == State.OPEN
    return {
        "statement": statement,
        "buckets": buckets,
        "sums": _sums_of(buckets),
        "gates": gates_of(statement),
        "page": page,
        "lines": _with_more(page.object_list),
        "filters": _filters(statement, buckets, outcomes, query),
        "shown": query.get("show") or default_filter(statement),
        "searched": query.get("line", "")[:64],
        "kept_query": query.urlencode(),
        "outcomes": outcomes,
        "actions": [(action.value, action.label) for action in _CHOICES],
        "refusal": why_not_approve_statement(statement, by=reader) if is_open else "",
        "can_approve": is_open and not why_not_sign(statement, by=reader),
        "can_change": is_open and reader.has_perm("commerce.change_statement"),
        "can_try_again": reader.has_perm("commerce.approve_statement"),
        "is_mine": statement.imported_by_id == reader.pk,
        "journals": statement.journals.order_by("pk")[:20],
        "step": _next_step(statement, reader, outcomes),
    }


# What can be said of many lines; a line is given to an order one by one.
_CHOICES = (Action.ACCEPT, Action.DISPUTE, Action.WRITE_OFF, Action.OURS)


def _with_more(lines: Any) -> list[StatementLine]:  # noqa: ANN401  a page's slice
    rows = lines.select_related("order_line__commission", "statement")
    return list(rows.prefetch_related("resolutions__by", "resolutions__journal"))


def _sums_of(buckets: list[BucketRow]) -> dict[str, int]:
    return {
        "count": sum(row.count for row in buckets),
        "open": sum(row.open_count for row in buckets),
        "pays": sum(row.pays_minor for row in buckets),
        "ours": sum(row.ours_minor for row in buckets),
        "delta": sum(row.delta_minor for row in buckets),
    }


def _outcomes_of(statement: Statement) -> dict[str, int]:
    if statement.state != State.APPROVED:
        return {}
    rows = statement.lines.exclude(outcome="").order_by().values_list("outcome")
    return dict(rows.annotate(Count("pk")))


def _filters(
    statement: Statement,
    buckets: list[BucketRow],
    outcomes: dict[str, int],
    query: QueryDict,
) -> list[dict[str, Any]]:
    chosen = query.get("show") or default_filter(statement)
    total = sum(row.count for row in buckets)
    rows = [(OPEN, _("Open"), statement.open_count), (ALL, _("All"), total)]
    rows += [(row.bucket, row.label, row.count) for row in buckets]
    if waits := outcomes.get(WAITS):
        rows.append((WAITS, _("Rolled over"), waits))
    return [
        {"value": value, "label": label, "count": count, "is_chosen": value == chosen}
        for value, label, count in rows
    ]


def _next_step(statement: Statement, reader: User, outcomes: dict[str, int]) -> str:
    """One sentence: whose turn it is, and what for."""
    match statement.state:
        case State.MATCHING:
            return _("A worker reads it. This page follows by itself.")
        case State.CANCELLED:
            return _("It was cancelled: nothing follows from it.")
        case State.APPROVED if outcomes.get(WAITS):
            return _("What rolled over is tried again with the next statement.")
        case State.APPROVED:
            return _("Approved: what it pays for can be paid out.")
    if statement.open_count:
        return _("Say what becomes of the lines that differ.")
    is_mine = statement.imported_by_id == reader.pk
    if not all(gate.is_met for gate in gates_of(statement)):
        if is_mine:
            return _("Type in what the network declares and what the bank received.")
        return _("Who imported it types in the totals.")
    if is_mine:
        return _("All agrees. Another reviewer approves it.")
    return _("All agrees. It can be approved.")
