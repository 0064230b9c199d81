"""JD Union: rows of `jd.union.open.order.row.query`, one for each product of an order.

Numbers are numbers in some accounts and texts in others. What a buyer gives back is
written into the row itself, its price and its fee: there are no reports of refunds.

A link carries the number of its pin as `subUnionId`, which JD returns to accounts that
asked for it; otherwise it returns the position alone. Where the network's row names
another parameter (`click_parameter`, usually `ext1`), the click's reference goes there.
"""

from __future__ import annotations

from commerce.models import OrderStatus
from commerce.networks.base import LineReport, Payload, Report
from commerce.networks.fields import (
    click_ref_of_row,
    clock_time_of,
    id_of,
    money_of,
    needed,
    sub_id_of,
    text_of,
)

CURRENCY = "CNY"
SUB_ID_PARAMETER = "subUnionId"

# 2 split into others, 3 cancelled, 4-14, 19-23 and 25-28 against a rule.
_INVALID = (2, *range(3, 15), *range(19, 24), *range(25, 29))
_STATUSES = {
    "15": OrderStatus.CREATED,  # waits for payment, whatever others take it for
    "24": OrderStatus.CREATED,  # a deposit; the price follows
    "16": OrderStatus.PAID,
    # The buyer has confirmed the receipt, so the fee is final. JD pays it out a month
    # or more later and says so in its statement alone: `payMonth` is a forecast.
    "17": OrderStatus.RECEIVED,
    **{str(code): OrderStatus.INVALID for code in _INVALID},
}


class JdAdapter:
    def read(self, payload: Payload) -> Report:
        return _line(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        parameters = {SUB_ID_PARAMETER: sub_id} if sub_id else {}
        if parameter and parameter != SUB_ID_PARAMETER:
            parameters[parameter] = click_ref
        return parameters


def _line(row: Payload) -> LineReport:
    raw_status = text_of(row, "validCode")
    status = _STATUSES.get(raw_status)
    created_at = needed(clock_time_of(row, "orderTime"), "orderTime")
    finished_at = clock_time_of(row, "finishTime")
    modified_at = clock_time_of(row, "modifyTime")
    latest = modified_at or finished_at or created_at
    is_finished = status == OrderStatus.RECEIVED
    return LineReport(
        line_id=id_of(row, "id"),
        order_id=id_of(row, "orderId"),
        status=status,
        raw_status=raw_status,
        currency=CURRENCY,
        paid_minor=_final_or_estimated(row, is_finished, "CosPrice") or 0,
        gross_fee_minor=_final_or_estimated(row, is_finished, "Fee"),
        created_at=created_at,
        modified_at=latest,
        is_dated=modified_at is not None,
        received_at=(finished_at or latest) if is_finished else None,
        click_ref=click_ref_of_row(row, "ext1"),
        sub_id=sub_id_of(row, SUB_ID_PARAMETER, "positionId"),
        item_ref=text_of(row, "skuId")[:64],
        item_title=text_of(row, "skuName")[:200],
    )


def _final_or_estimated(row: Payload, is_finished: bool, name: str) -> int | None:
    """Estimates are rewritten by refunds before the end, finals by those after it."""
    final = money_of(row, f"actual{name}", CURRENCY) if is_finished else None
    return money_of(row, f"estimate{name}", CURRENCY) if final is None else final
