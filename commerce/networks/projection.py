"""An order line is what its reports say, in whatever order they came. Pure.

Reports are state, not events: the one with the highest status wins, among equals the
latest. So duplicates, late ones and any order of arrival end in the same line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from commerce.models import OrderStatus
from commerce.networks.base import LineReport, RefundReport, Report

_KEPT = (
    "order_id",
    "settled_minor",
    "gross_fee_minor",
    "paid_at",
    "received_at",
    "settled_at",
    "item_ref",
    "item_title",
)


@dataclass(frozen=True)
class Projection:
    """The columns of the OrderLine, and the refunds that fit into what was paid."""

    fields: dict[str, Any]  # column -> value, of as many types as columns
    refunds: dict[str, RefundReport] = field(default_factory=dict)
    excess_minor: int = 0  # what refunds claim beyond what was paid


def project(reports: Iterable[Report]) -> Projection | None:
    """None while no line report has a status that we know."""
    seen = list(reports)
    lines = [r for r in seen if isinstance(r, LineReport) and r.status is not None]
    if not lines:
        return None
    ranked = sorted(lines, key=_standing)
    fields = _merged(ranked)
    refunds, excess = _fitting(
        [r for r in seen if isinstance(r, RefundReport)], fields["paid_minor"]
    )
    fields["refunded_minor"] = _total(refunds)
    return Projection(fields, refunds, excess)


def is_regression(report: LineReport, status: str, modified_at: datetime) -> bool:
    """A lower status that claims to be no older than the higher one. An older one is
    just late: it was true when it was written."""
    if report.status is None or rank(report.status) >= rank(status):
        return False
    return report.modified_at >= modified_at


def would_win(report: LineReport, status: str, modified_at: datetime) -> bool:
    """Whether the line would say what this report says, of all but cancelled ones:
    those leave the price as it was."""
    if report.status in (None, OrderStatus.INVALID):
        return False
    return _standing(report) >= (rank(status), modified_at)


def rank(status: str) -> int:
    return OrderStatus(status).rank


def _standing(report: LineReport) -> tuple[int, datetime]:
    return rank(report.status or OrderStatus.CREATED), report.modified_at


def _merged(ranked: Sequence[LineReport]) -> dict[str, Any]:
    """The winner's word, and of what it does not say the last word before it."""
    top = ranked[-1]
    fields: dict[str, Any] = dict.fromkeys(_KEPT)
    for report in ranked:
        said = {name: getattr(report, name) for name in _KEPT}
        fields |= {name: value for name, value in said.items() if value or value == 0}
    # Some networks report a cancelled line with zeros: what was paid stays known.
    priced = [r for r in ranked if r.status != OrderStatus.INVALID] or ranked
    with_fee = [r for r in priced if r.gross_fee_minor is not None] or [top]
    named = sorted(ranked, key=lambda report: report.modified_at)
    fields |= {
        "status": top.status,
        "currency": top.currency,
        "modified_at": top.modified_at,
        "created_at": min(report.created_at for report in ranked),
        "paid_minor": priced[-1].paid_minor,
        "gross_fee_minor": with_fee[-1].gross_fee_minor,
        "tech_fee_minor": with_fee[-1].tech_fee_minor,
        "special_fee_minor": with_fee[-1].special_fee_minor,
        # The evidence that came first: a later report may not change whose it is.
        "click_ref": _first(report.click_ref for report in named),
        "sub_id": _first(report.sub_id for report in named),
        "click_time": next((r.click_time for r in named if r.click_time), None),
        "item_ref": fields["item_ref"] or "",
        "item_title": fields["item_title"] or "",
    }
    if top.status == OrderStatus.SETTLED and not fields["received_at"]:
        # Networks may skip "received": what is settled was received by then.
        fields["received_at"] = fields["settled_at"] or top.modified_at
    return fields


def _fitting(
    reports: Sequence[RefundReport], paid_minor: int
) -> tuple[dict[str, RefundReport], int]:
    """The latest word on each refund, as they came, while they fit into the price.

    One that would exceed it is left out: the last good state stays.
    """
    refunds: dict[str, RefundReport] = {}
    excess = 0
    for report in reports:
        known = refunds.get(report.refund_id)
        if known and known.modified_at > report.modified_at:
            continue
        trial = refunds | {report.refund_id: report}
        if (over := _total(trial) - paid_minor) > 0 and report.is_successful:
            excess = max(excess, over)
        else:
            refunds = trial
    return refunds, excess


def _total(refunds: dict[str, RefundReport]) -> int:
    return sum(r.refunded_minor for r in refunds.values() if r.is_successful)


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
