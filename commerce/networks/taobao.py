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

from datetime import UTC, datetime, timedelta, timezone

from commerce.click_refs import is_click_ref
from commerce.exceptions import MalformedAmount, MalformedNotice
from commerce.models import OrderStatus
from commerce.money import minor_units
from commerce.networks.base import LineReport, Payload, RefundReport, Report

GMT8 = timezone(timedelta(hours=8))
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


def as_utc(text: str) -> datetime:
    """Their naive times are Peking's; read as UTC an order would move by 8 hours."""
    naive = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  zone below
    return naive.replace(tzinfo=GMT8).astimezone(UTC)


def as_gmt8(moment: datetime) -> str:
    return moment.astimezone(GMT8).strftime("%Y-%m-%d %H:%M:%S")


def _line(row: Payload) -> LineReport:
    raw_status = _text(row, "tk_status")
    status = _STATUSES.get(raw_status)
    created_at = _needed_time(row, "tk_create_time")
    settled_at = _time(row, "tk_earning_time")
    known_times = [created_at, _time(row, "tk_paid_time"), settled_at]
    modified_at = _time(row, "modified_time")
    is_settled = status == OrderStatus.SETTLED
    fee = _money(row, "pub_share_fee") if is_settled else None
    if fee is None:
        fee = _money(row, "pub_share_pre_fee")
    latest = modified_at or max(moment for moment in known_times if moment)
    return LineReport(
        line_id=_id(row, "trade_id"),
        order_id=_text(row, "trade_parent_id")[:64] or _id(row, "trade_id"),
        status=status,
        raw_status=raw_status,
        currency=CURRENCY,
        paid_minor=_money(row, "alipay_total_price") or 0,
        settled_minor=_money(row, "pay_price") if is_settled else None,
        gross_fee_minor=fee,
        # Reported beside a commission that is still estimated too.
        tech_fee_minor=_money(row, "alimama_share_fee") or 0,
        created_at=created_at,
        modified_at=latest,
        is_dated=modified_at is not None,
        paid_at=_time(row, "tk_paid_time") or _time(row, "tb_paid_time"),
        received_at=latest if status == OrderStatus.RECEIVED else None,
        settled_at=settled_at if is_settled else None,
        click_ref=_click_ref(row),
        sub_id=_sub_id(row),
        click_time=_time(row, "click_time"),
        item_ref=_text(row, "item_id")[:64],
        item_title=_text(row, "item_title")[:200],
    )


def _refund(row: Payload) -> RefundReport:
    status = _text(row, "refund_status")
    if status not in _REFUND_STATUSES:
        raise MalformedNotice("refund_status")
    modified_at = _time(row, "modified_time") or _time(row, "tk_refund_time")
    moment = modified_at or _time(row, "tb_trade_finish_time")
    return RefundReport(
        line_id=_id(row, "tb_trade_id"),
        refund_id=_id(row, "refund_suit_id"),
        currency=CURRENCY,
        refunded_minor=_money(row, "refund_fee") or 0,
        modified_at=moment or _needed_time(row, "modified_time"),
        is_successful=status in _REFUNDED,
        is_dated=modified_at is not None,
    )


def _text(row: Payload, key: str) -> str:
    """Numbers and texts alike: both spellings occur in real rows. Null is empty."""
    value = row.get(key)
    text = "" if value is None else str(value).strip()
    return "" if text == "--" else text.replace("\0", "")


def _id(row: Payload, key: str) -> str:
    text = _text(row, key)
    if not text or len(text) > 64:
        raise MalformedNotice(key)
    return text


def _sub_id(row: Payload) -> str:
    """The relation id, else the ad zone; 0 is their word for none."""
    for key in (SUB_ID_PARAMETER, "adzone_id"):
        if (text := _text(row, key)) and text != "0":
            return text[:80]
    return ""


def _click_ref(row: Payload) -> str:
    """Only what looks like a reference of ours: others use the field their own way."""
    text = _text(row, "unid")
    return text if is_click_ref(text) else ""


def _money(row: Payload, key: str) -> int | None:
    text = _text(row, key)
    if not text:
        return None
    try:
        return minor_units(text, CURRENCY)
    except MalformedAmount as error:
        raise MalformedNotice(key) from error


def _time(row: Payload, key: str) -> datetime | None:
    text = _text(row, key)
    if not text:
        return None
    try:
        return as_utc(text)
    except ValueError as error:
        raise MalformedNotice(key) from error


def _needed_time(row: Payload, key: str) -> datetime:
    moment = _time(row, key)
    if moment is None:
        raise MalformedNotice(key)
    return moment
