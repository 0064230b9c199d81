"""A shop's own programme: it tells us of its sales by signed postbacks.

The form of a notice is the public contract; whatever it does not allow is refused
before anything is written.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.crypto import salted_hmac

from commerce.exceptions import MalformedAmount, MalformedNotice
from commerce.models import OrderStatus
from commerce.money import minor_units
from commerce.networks.base import LineReport, Payload, RefundReport, Report

_STATUSES = {
    "paid": OrderStatus.PAID,
    "received": OrderStatus.RECEIVED,
    "settled": OrderStatus.SETTLED,
    "invalid": OrderStatus.INVALID,
}
_NAMED = {
    *("event_id", "type", "order_id", "line_id", "click_id", "status", "amount"),
    *("currency", "commission", "refund_id", "refunded", "occurred_at"),
}
# Of a sheet; the others depend on the type of a row.
NEEDED = ("event_id", "type", "order_id", "line_id", "currency", "occurred_at")
_CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
# A day and a time of day with its zone; Python alone would take a bare day too.
_MOMENT = re.compile(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})\Z"
)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# What has not happened yet cannot be reported; shops' clocks may run a day ahead.
LATEST_AHEAD = timedelta(days=1)


class DirectAdapter:
    def read(self, payload: Payload) -> Report:
        kind = payload.get("type")
        if kind == "order":
            return _order(payload)
        if kind == "refund":
            return _refund(payload)
        raise MalformedNotice("type")

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        return {parameter or "pb_click": click_ref}


def event_id_of(payload: Payload) -> str:
    return _name(payload, "event_id", 64)


def from_sheet(cells: dict[str, str]) -> Payload:
    """A row of a CSV is a notice; an empty cell is a field that it does not have."""
    event_id_of(cells)
    return kept_of(cells)


def kept_of(payload: Payload) -> Payload:
    """The notice as it came, but for what the contract does not name: a shop might put
    its buyer there, and reports are never deleted. A keyed digest stays of that, by
    which the same notice is known again."""
    kept = {name: value for name, value in payload.items() if name in _NAMED}
    if others := {name: payload[name] for name in payload if name not in _NAMED}:
        text = json.dumps(others, sort_keys=True)
        kept["others"] = salted_hmac("commerce.notice", text).hexdigest()
    return kept


def _order(payload: Payload) -> LineReport:
    currency = _currency(payload)
    status = payload.get("status")
    if not isinstance(status, str) or status not in _STATUSES:
        raise MalformedNotice("status")
    happened_at = _moment(payload)
    fee = None
    if payload.get("commission") is not None:
        fee = _money(payload, "commission", currency)
    is_over = status == "settled"
    paid_minor = _money(payload, "amount", currency)
    return LineReport(
        line_id=_name(payload, "line_id", 64),
        order_id=_name(payload, "order_id", 64),
        status=_STATUSES[status],
        raw_status=status,
        currency=currency,
        paid_minor=paid_minor,
        settled_minor=paid_minor if is_over else None,
        gross_fee_minor=fee,
        created_at=happened_at,
        modified_at=happened_at,
        paid_at=happened_at if status == "paid" else None,
        received_at=happened_at if status == "received" else None,
        settled_at=happened_at if is_over else None,
        click_ref=_name(payload, "click_id", 80),
    )


def _refund(payload: Payload) -> RefundReport:
    currency = _currency(payload)
    _name(payload, "order_id", 64)
    return RefundReport(
        line_id=_name(payload, "line_id", 64),
        refund_id=_name(payload, "refund_id", 64),
        currency=currency,
        refunded_minor=_money(payload, "refunded", currency),
        modified_at=_moment(payload),
    )


def _name(payload: Payload, key: str, longest: int) -> str:
    """An id: text that can be written in one line."""
    value = payload.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise MalformedNotice(key)
    if not value.isprintable():
        raise MalformedNotice(key)
    return value


def _currency(payload: Payload) -> str:
    value = payload.get("currency")
    if not isinstance(value, str) or not _CURRENCY.match(value):
        raise MalformedNotice("currency")
    return value


def _money(payload: Payload, key: str, currency: str) -> int:
    try:
        return minor_units(payload.get(key), currency)
    except MalformedAmount as error:
        raise MalformedNotice(key) from error


def _moment(payload: Payload) -> datetime:
    value: Any = payload.get("occurred_at")  # whatever the shop sent
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise MalformedNotice("occurred_at")
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedNotice("occurred_at") from error
    if not EARLIEST <= moment <= timezone.now() + LATEST_AHEAD:
        raise MalformedNotice("occurred_at")
    return moment
