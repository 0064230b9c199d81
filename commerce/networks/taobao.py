"""Taobao's affiliate league: rows of `taobao.tbk.order.details.get` and of
`taobao.tbk.order.refund.get`.

Times are GMT+8 without saying so, null is "--" or an empty text, amounts are decimal
texts. `pub_share_fee` and `pub_share_pre_fee` include the technical service fee and are
never recomputed: a real row reports a fee of 0.01 where its own rates give 0.014.

A link carries the number of its pin as `relation_id`, which the report returns beside
the time of the click; that is how a sale finds its click. Where the network's row names
a parameter of our own (`click_parameter`, usually `unid`), the click's reference goes
there too, and comes back if the network keeps it.
"""

from __future__ import annotations

from commerce.exceptions import MalformedNotice
from commerce.models import OrderStatus
from commerce.networks.base import LineReport, Payload, RefundReport, Report
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
SUB_ID_PARAMETER = "relation_id"

_STATUSES = {
    "11": OrderStatus.CREATED,
    "12": OrderStatus.PAID,
    "14": OrderStatus.RECEIVED,
    "3": OrderStatus.SETTLED,
    "13": OrderStatus.INVALID,
}
# 2 success; 12-15 its commission is being taken back, or is. 4 opened and 11 disputed
# may still fail, 3 has failed: the buyer keeps the goods, and the pinner the share.
_REFUNDED = {"2", "12", "13", "14", "15"}
_REFUND_STATUSES = _REFUNDED | {"3", "4", "11"}


class TaobaoAdapter:
    def read(self, payload: Payload) -> Report:
        if "refund_suit_id" in payload or "tb_trade_id" in payload:
            return _refund(payload)
        return _line(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        parameters = {SUB_ID_PARAMETER: sub_id} if sub_id else {}
        if parameter and parameter != SUB_ID_PARAMETER:
            parameters[parameter] = click_ref
        return parameters


def _line(row: Payload) -> LineReport:
    raw_status = text_of(row, "tk_status")
    status = _STATUSES.get(raw_status)
    created_at = needed(clock_time_of(row, "tk_create_time"), "tk_create_time")
    settled_at = clock_time_of(row, "tk_earning_time")
    known_times = [created_at, clock_time_of(row, "tk_paid_time"), settled_at]
    modified_at = clock_time_of(row, "modified_time")
    is_settled = status == OrderStatus.SETTLED
    fee = money_of(row, "pub_share_fee", CURRENCY) if is_settled else None
    if fee is None:
        fee = money_of(row, "pub_share_pre_fee", CURRENCY)
    latest = modified_at or max(moment for moment in known_times if moment)
    return LineReport(
        line_id=id_of(row, "trade_id"),
        order_id=text_of(row, "trade_parent_id")[:64] or id_of(row, "trade_id"),
        status=status,
        raw_status=raw_status,
        currency=CURRENCY,
        paid_minor=money_of(row, "alipay_total_price", CURRENCY) or 0,
        settled_minor=money_of(row, "pay_price", CURRENCY) if is_settled else None,
        gross_fee_minor=fee,
        # Reported beside a commission that is still estimated too.
        tech_fee_minor=money_of(row, "alimama_share_fee", CURRENCY) or 0,
        created_at=created_at,
        modified_at=latest,
        is_dated=modified_at is not None,
        paid_at=clock_time_of(row, "tk_paid_time")
        or clock_time_of(row, "tb_paid_time"),
        received_at=latest if status == OrderStatus.RECEIVED else None,
        settled_at=settled_at if is_settled else None,
        click_ref=click_ref_of_row(row, "unid"),
        sub_id=sub_id_of(row, SUB_ID_PARAMETER, "adzone_id"),
        click_time=clock_time_of(row, "click_time"),
        item_ref=text_of(row, "item_id")[:64],
        item_title=text_of(row, "item_title")[:200],
    )


def _refund(row: Payload) -> RefundReport:
    status = text_of(row, "refund_status")
    if status not in _REFUND_STATUSES:
        raise MalformedNotice("refund_status")
    modified_at = clock_time_of(row, "modified_time") or clock_time_of(
        row, "tk_refund_time"
    )
    moment = modified_at or clock_time_of(row, "tb_trade_finish_time")
    return RefundReport(
        line_id=id_of(row, "tb_trade_id"),
        refund_id=id_of(row, "refund_suit_id"),
        currency=CURRENCY,
        refunded_minor=money_of(row, "refund_fee", CURRENCY) or 0,
        modified_at=needed(moment, "modified_time"),
        is_successful=status in _REFUNDED,
        is_dated=modified_at is not None,
    )
