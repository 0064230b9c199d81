"""What is to be thought of a report, before anything is written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from commerce.click_refs import BadClickTag
from commerce.models import (
    Click,
    Discrepancy,
    Observation,
    OrderLine,
    OrderRefund,
    Programme,
)
from commerce.networks.base import LineReport, RefundReport, Report
from commerce.networks.projection import is_regression, would_win

log = logging.getLogger(__name__)

Outcome = Observation.Outcome
Kind = Discrepancy.Kind

UNKNOWN_ORDER = "unknown_order"
UNKNOWN_CLICK = "unknown_click"
BAD_REF = "bad_ref"


@dataclass(frozen=True)
class Verdict:
    outcome: str
    code: str = ""
    discrepancy: str = ""  # its kind, if one is to be opened
    delta_minor: int = 0


APPLIED = Verdict(Outcome.APPLIED)


# The click of a reference, if there is one. Raises BadClickTag.
ClickNamed = Callable[[str], Click | None]


def judge(
    report: Report,
    line: OrderLine | None,
    programme: Programme | None,
    *,
    refunds: Mapping[str, OrderRefund],
    click_named: ClickNamed,
) -> Verdict:
    """By the line as it is, the refunds that were reported of it, and the clicks that
    are known."""
    if programme is None:
        return Verdict(Outcome.REJECTED, "no_programme")
    if report.currency != programme.currency:
        return Verdict(Outcome.REJECTED, Kind.CURRENCY, Kind.CURRENCY)
    if isinstance(report, RefundReport):
        return _judge_refund(report, line, refunds)
    if report.status is None:
        return Verdict(Outcome.PARKED, Kind.UNMAPPED_STATUS, Kind.UNMAPPED_STATUS)
    if line is None:
        return _judge_evidence(report, click_named)
    if is_regression(report, line.status, line.modified_at):
        return Verdict(Outcome.REJECTED, Kind.REGRESSION, Kind.REGRESSION)
    excess = line.refunded_minor - report.paid_minor
    if excess > 0 and would_win(report, line.status, line.modified_at):
        return _exceeding(excess)
    return APPLIED


def _judge_refund(
    report: RefundReport, line: OrderLine | None, refunds: Mapping[str, OrderRefund]
) -> Verdict:
    if line is None:
        return Verdict(Outcome.PARKED, UNKNOWN_ORDER)
    others = dict(refunds)
    known = others.pop(report.refund_id, None)
    if known and known.modified_at > report.modified_at:
        return APPLIED  # and changes nothing
    total = sum(r.refunded_minor for r in others.values() if r.is_successful)
    excess = total + report.refunded_minor - line.paid_minor
    return _exceeding(excess) if excess > 0 and report.is_successful else APPLIED


def _exceeding(excess_minor: int) -> Verdict:
    """More refunded than paid cannot be: the last good state stays."""
    kind = Kind.REFUND_EXCEEDS
    return Verdict(Outcome.REJECTED, kind, kind, excess_minor)


def _judge_evidence(report: LineReport, click_named: ClickNamed) -> Verdict:
    """A click that nobody knows may still come; one with a false tag never was."""
    try:
        click = click_named(report.click_ref)
    except BadClickTag:
        log.warning("order line %s names a forged click", report.line_id)
        return Verdict(Outcome.APPLIED, BAD_REF)
    if report.click_ref and click is None:
        return Verdict(Outcome.PARKED, UNKNOWN_CLICK)
    return APPLIED
