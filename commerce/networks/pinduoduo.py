"""Pinduoduo DDK: rows of `pdd.ddk.order.list.increment.get`, one for each order.

Amounts are whole fen, rates permille, times seconds since 1970. `promotion_amount`
includes the software fee, which stands beside it; both are kept as they come.

A link carries `custom_parameters`, JSON of at most 64 bytes that the report returns:
`uid` is the number of its pin, `sid` the click's reference, packed to fit.
"""

from __future__ import annotations

import base64
import binascii
import json
from itertools import pairwise

from commerce.click_refs import is_click_ref
from commerce.models import OrderStatus
from commerce.networks.base import LineReport, Payload, Report
from commerce.networks.fields import (
    epoch_time_of,
    id_of,
    minor_of,
    needed,
    sub_id_of,
    text_of,
)

CURRENCY = "CNY"
PARAMETER = "custom_parameters"
LONGEST_PARAMETERS = 64

_STATUSES = {
    "-1": OrderStatus.CREATED,  # waits for payment
    "0": OrderStatus.PAID,
    "1": OrderStatus.PAID,  # and has its group of buyers together
    "2": OrderStatus.RECEIVED,
    "3": OrderStatus.RECEIVED,  # audited: it will be paid out
    "5": OrderStatus.SETTLED,
    "4": OrderStatus.INVALID,  # did not stand the audit
    "8": OrderStatus.INVALID,  # of no programme
    "10": OrderStatus.INVALID,  # withheld as a punishment
}


class PinduoduoAdapter:
    def read(self, payload: Payload) -> Report:
        return _line(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        """One field for all of it, whose name is the network's, not `parameter`."""
        given = {"uid": sub_id, "sid": packed(click_ref)}
        text = json.dumps(
            {name: value for name, value in given.items() if value},
            separators=(",", ":"),
        )
        return {PARAMETER: text} if len(text) <= LONGEST_PARAMETERS else {}


def packed(click_ref: str) -> str:
    """The reference with its tag in 30 letters instead of 49."""
    click_id, _, tag = click_ref.partition(".")
    number = bytes.fromhex(click_id.replace("-", "") + tag)
    return base64.urlsafe_b64encode(number).decode().rstrip("=")


def unpacked(text: object) -> str:
    """The reference again; nothing for what has not its form."""
    if not isinstance(text, str) or len(text) != 30:
        return ""
    try:
        digits = base64.urlsafe_b64decode(text + "==").hex()
    except (binascii.Error, ValueError):
        return ""
    cuts = pairwise((0, 8, 12, 16, 20, 32))
    parts = [digits[start:end] for start, end in cuts]
    click_ref = f"{'-'.join(parts)}.{digits[32:]}"
    return click_ref if is_click_ref(click_ref) else ""


def _line(row: Payload) -> LineReport:
    raw_status = text_of(row, "order_status")
    status = _STATUSES.get(raw_status)
    created_at = needed(epoch_time_of(row, "order_create_time"), "order_create_time")
    paid_at = epoch_time_of(row, "order_pay_time")
    received_at = epoch_time_of(row, "order_receive_time")
    settled_at = epoch_time_of(row, "order_settle_time")
    modified_at = epoch_time_of(row, "order_modify_at")
    known = [created_at, paid_at, received_at, settled_at]
    is_settled = status == OrderStatus.SETTLED
    sub_id, click_ref = _evidence(row)
    order_sn = id_of(row, "order_sn", "orderSn")
    paid_minor = minor_of(row, "order_amount") or 0
    return LineReport(
        line_id=order_sn,
        order_id=order_sn,
        status=status,
        raw_status=raw_status,
        currency=CURRENCY,
        paid_minor=paid_minor,
        settled_minor=paid_minor if is_settled else None,
        gross_fee_minor=minor_of(row, "promotion_amount"),
        tech_fee_minor=minor_of(row, "duo_id_service_fee") or 0,
        created_at=created_at,
        modified_at=modified_at or max(moment for moment in known if moment),
        is_dated=modified_at is not None,
        paid_at=paid_at,
        received_at=received_at,
        settled_at=settled_at if is_settled else None,
        click_ref=click_ref,
        sub_id=sub_id or sub_id_of(row, "p_id"),
        item_ref=text_of(row, "goods_sign")[:64] or text_of(row, "goods_id")[:64],
        item_title=text_of(row, "goods_name")[:200],
    )


def _evidence(row: Payload) -> tuple[str, str]:
    """Sub-id and click reference. Others put what they like there, which is no more
    than a sub-id that nobody has."""
    text = text_of(row, PARAMETER)
    try:
        given = json.loads(text) if text.startswith("{") else text
    except (ValueError, RecursionError):
        given = text
    if not isinstance(given, dict):
        return text[:80], ""
    uid = given.get("uid")
    is_named = isinstance(uid, str | int) and not isinstance(uid, bool)
    return str(uid)[:80] if is_named else "", unpacked(given.get("sid"))
