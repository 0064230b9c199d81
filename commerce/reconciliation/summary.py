"""A statement on one panel: how many lines agree, what the others come to, and what
still stands between it and its approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.models import Statement, StatementLine
from commerce.money import money_shown

Bucket = StatementLine.Bucket


@dataclass(frozen=True)
class BucketRow:
    bucket: str
    count: int
    open_count: int
    pays_minor: int
    ours_minor: int
    delta_minor: int

    @property
    def label(self) -> str:
        return str(Bucket(self.bucket).label)


@dataclass(frozen=True)
class Gate:
    """One condition of the approval, in words either way."""

    is_met: bool
    told: str


def buckets_of(statement: Statement) -> list[BucketRow]:
    """Those that have lines, what agrees first. Sums are of lines that count, and of
    ours that the statement does not have."""
    counted = Q(is_counted=True) | Q(line_no=None)
    rows = statement.lines.exclude(bucket="").values("bucket")
    found = {
        row["bucket"]: BucketRow(
            row["bucket"],
            row["count"],
            row["open_count"],
            row["pays"] or 0,
            row["ours"] or 0,
            row["delta"] or 0,
        )
        for row in rows.annotate(
            count=Count("pk"),
            open_count=Count(
                "pk",
                filter=~Q(bucket=Bucket.EXACT)
                & ~Q(resolution__in=StatementLine.STANDING),
            ),
            pays=Sum("pays_minor", filter=counted),
            ours=Sum("ours_minor", filter=counted),
            delta=Sum("delta_minor", filter=counted),
        ).order_by()
    }
    return [found[bucket] for bucket in Bucket.values if bucket in found]


def gates_of(statement: Statement) -> Sequence[Gate]:
    return [
        _is_read(statement),
        _same(
            statement,
            statement.declared_minor,
            _("The lines sum to what the network declares: %(amount)s."),
            _("The network declares %(told)s, the lines sum to %(lines)s."),
            _("What does the network declare? Its total is not typed in yet."),
        ),
        _same(
            statement,
            statement.receipt_minor,
            _("The bank received as much: %(amount)s."),
            _("The bank received %(told)s, the lines sum to %(lines)s."),
            _("What did the bank receive? It is not typed in yet."),
        ),
        _is_settled(statement),
    ]


def _is_read(statement: Statement) -> Gate:
    if statement.state == Statement.State.MATCHING:
        return Gate(False, _("The lines are still being read and compared."))
    told = ngettext(
        "%(n)d line is read.", "%(n)d lines are read.", statement.line_count
    )
    told %= {"n": statement.line_count}
    if statement.unread_count:
        left = ngettext(
            "%(n)d row was left out.",
            "%(n)d rows were left out.",
            statement.unread_count,
        )
        told += " " + left % {"n": statement.unread_count}
    return Gate(True, told)


def _same(
    statement: Statement, minor: int | None, met: str, differs: str, missing: str
) -> Gate:
    if minor is None:
        return Gate(False, missing)
    lines = money_shown(statement.lines_minor, statement.currency, exact=True)
    if minor == statement.lines_minor:
        return Gate(True, met % {"amount": lines})
    told = money_shown(minor, statement.currency, exact=True)
    return Gate(False, differs % {"told": told, "lines": lines})


def _is_settled(statement: Statement) -> Gate:
    if not statement.open_count:
        return Gate(True, _("No difference is open."))
    told = ngettext(
        "%(n)d difference is open: say what becomes of it.",
        "%(n)d differences are open: say what becomes of each.",
        statement.open_count,
    )
    return Gate(False, told % {"n": statement.open_count})
