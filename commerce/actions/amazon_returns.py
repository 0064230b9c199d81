"""Amazon's returns name no sale. Each is given the last sale of the same item by the
same tag and at the same price that is not given back yet: whichever of them it was, its
tag, and so its pinner, are the same. Without one it is kept, and waits for its order.

What was found is kept beside the row, so that it is read the same for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import prefetch_related_objects

from commerce.models import Network, OrderLine, OrderStatus
from commerce.networks.adapters import read_report
from commerce.networks.base import RefundReport
from commerce.networks.beside import KEY, beside
from commerce.networks.reports import Row

Kind = tuple[str, str, str]  # item, tag, price


def with_sales(network: Network, rows: Sequence[Row]) -> list[Row]:
    """The rows, returns with their sale beside them; other networks' as they were."""
    returns = [row for row in rows if isinstance(row.report, RefundReport)]
    if network.adapter != Network.Adapter.AMAZON or not returns:
        return list(rows)
    sales = _sales(network, returns)
    return [_with_sale(network, row, sales) for row in rows]


def _sales(network: Network, returns: Sequence[Row]) -> list[OrderLine]:
    """The last ones first. Those that are full may have had the return before."""
    kinds = {_kind_of(row.report.line_id) for row in returns if row.report}
    lines = OrderLine.objects.filter(
        network=network,
        item_ref__in={item for item, _tag, _price in kinds},
        sub_id__in={tag for _item, tag, _price in kinds},
    ).exclude(status=OrderStatus.INVALID)
    found = [
        line
        for line in lines.order_by("-created_at", "-line_id")
        if _kind_of(line.line_id) in kinds
    ]
    prefetch_related_objects(found, "refunds")
    return found


def _with_sale(network: Network, row: Row, sales: Sequence[OrderLine]) -> Row:
    report = row.report
    if not isinstance(report, RefundReport):
        return row
    kind = _kind_of(report.line_id)
    alike = [line for line in sales if _kind_of(line.line_id) == kind]
    before = (line for line in alike if report.refund_id in _refunds_of(line))
    open_ones = (
        line
        for line in alike
        if line.created_at <= report.modified_at
        and line.paid_minor - line.refunded_minor >= report.refunded_minor
    )
    sale = next(before, None) or next(open_ones, None)
    if sale is None:
        return row
    if report.refund_id not in _refunds_of(sale):
        sale.refunded_minor += report.refunded_minor  # here alone, for the next one
    payload = {**row.payload, KEY: {**beside(row.payload), "sale": sale.line_id}}
    return row._replace(payload=payload, report=read_report(network, payload))


def _refunds_of(line: OrderLine) -> set[str]:
    return {refund.refund_id for refund in line.refunds.all()}


def _kind_of(line_id: str) -> Kind:
    """Of our own ids: day, item, tag, price, number."""
    _day, item, tag, price, *_rest = [*line_id.split(":"), *[""] * 4]
    return item, tag, price
