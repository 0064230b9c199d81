"""A line of a statement as a report of its order, which our money follows. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from commerce.figures import RECEIVED
from commerce.models import OrderLine, OrderStatus, StatementLine
from commerce.networks.base import LineReport
from commerce.reconciliation.months import bounds


def new_order(line: StatementLine, *, total_minor: int) -> LineReport:
    """Of an order that we do not know, and that earns `total_minor` in all. What the
    network itself reports of it later counts before this: it is dated as early as it
    can be."""
    _start, end = bounds(line.statement.month)
    latest = end - timedelta(seconds=1)
    status = line.status or OrderStatus.SETTLED
    is_settled = status == OrderStatus.SETTLED
    paid = line.paid_minor if line.paid_minor is not None else line.settled_minor
    moment = line.settled_at or line.ordered_at or latest
    return LineReport(
        line_id=line.line_id,
        order_id=line.order_id or line.line_id,
        status=status,
        currency=line.currency,
        paid_minor=max(paid or 0, 0),
        # Were it too early, no click would be found once the network says more.
        created_at=line.ordered_at or line.settled_at or latest,
        modified_at=moment,
        settled_minor=line.settled_minor if is_settled else None,
        gross_fee_minor=line.fee_minor + total_minor - line.pays_minor,
        tech_fee_minor=abs(line.tech_fee_minor),
        received_at=moment if status == OrderStatus.RECEIVED else None,
        settled_at=moment if is_settled else None,
    )


def same_order(
    line: StatementLine, order: OrderLine, *, total_minor: int, now: datetime
) -> LineReport:
    """Of an order of ours, as the statement has it: so that it earns `total_minor` in
    all. What the statement does not have pays nothing and is invalid."""
    is_missing = line.line_no is None
    status = OrderStatus.INVALID if is_missing else _status(line, order)
    is_settled = status == OrderStatus.SETTLED
    left = order.paid_minor - order.refunded_minor
    fee = line.tech_fee_minor if total_minor == line.pays_minor else 0
    return LineReport(
        line_id=order.line_id,
        order_id=order.order_id,
        status=status,
        currency=order.currency,
        paid_minor=order.paid_minor,
        created_at=order.created_at,
        modified_at=max(now, order.modified_at),
        # The network's figure is what refunds have left of it.
        settled_minor=left if is_settled else order.settled_minor,
        gross_fee_minor=None if is_missing else total_minor + fee,
        tech_fee_minor=fee,
        settled_at=(line.settled_at or order.settled_at or now) if is_settled else None,
        received_at=(order.received_at or now)
        if status == OrderStatus.RECEIVED
        else None,
    )


def _status(line: StatementLine, order: OrderLine) -> str:
    """A figure of what is not received yet is a settled one: it is paid."""
    if line.status:
        return line.status
    return order.status if order.status in RECEIVED else OrderStatus.SETTLED
