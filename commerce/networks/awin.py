"""Awin: transactions as `GET /publishers/{id}/transactions/` gives them, and the same
from its sheet.

A row is the whole of a sale as it stands: pending, then approved or declined by the
shop. An amended one has its new amounts in the same fields. Rows say when they were
validated and not when they were amended: an amended row is the later one, by nothing
but that it says so.

Links carry the click's reference as `clickref`, which takes 50 letters: it has 49.
"""

from __future__ import annotations

from datetime import timedelta

from commerce.exceptions import MalformedNotice
from commerce.models import OrderStatus
from commerce.networks.base import LineReport, Payload, Report
from commerce.networks.beside import zone_of
from commerce.networks.fields import (
    click_ref_of_row,
    id_of,
    iso_time_of,
    needed,
    signed_money_of,
    text_of,
)

PARAMETER = "clickref"
# Of its sheet: a heading without spaces and case, and the field of the API.
_HEADINGS = {
    "id": "id",
    "transactionid": "id",
    "status": "commissionStatus",
    "commissionstatus": "commissionStatus",
    "saleamount": "saleAmount",
    "commissionamount": "commissionAmount",
    "commission": "commissionAmount",
    "currency": "currency",
    "commissioncurrency": "currency",
    "clickref": "clickRef",
    "clickreference": "clickRef",
    "clickdate": "clickDate",
    "transactiondate": "transactionDate",
    "validationdate": "validationDate",
    "declinereason": "declineReason",
    "orderref": "orderRef",
    "orderreference": "orderRef",
    "amended": "amended",
    "amendreason": "amendReason",
}
NEEDED = ("id", "commissionStatus", "saleAmount", "commissionAmount", "currency")

_STATUSES = {
    "pending": OrderStatus.PAID,
    # Validated: the time in which the goods can come back is over, and it is owed.
    "approved": OrderStatus.SETTLED,
    "declined": OrderStatus.INVALID,
    "deleted": OrderStatus.INVALID,
}
_LATER = timedelta(microseconds=1)


class AwinAdapter:
    def read(self, payload: Payload) -> Report:
        return _line(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        """Whose name is the network's, not `parameter`."""
        return {PARAMETER: click_ref}


def field_named(heading: str) -> str:
    plain = "".join(heading.split()).replace("_", "").casefold()
    return _HEADINGS.get(plain, heading)


def from_sheet(cells: dict[str, str]) -> Payload:
    """As the API would have given it."""
    row: Payload = dict(cells)
    currency = row.pop("currency", "")
    for key in ("saleAmount", "commissionAmount"):
        row[key] = {"amount": row.get(key), "currency": currency}
    ref = row.pop("clickRef", "")
    return {**row, "clickRefs": {"clickRef": ref}}


def kept_of(row: Payload) -> Payload:
    """Without what names the buyer's connection."""
    return {name: value for name, value in row.items() if name != "ipHash"}


def _line(row: Payload) -> LineReport:
    raw_status = text_of(row, "commissionStatus")
    currency, paid_minor = _amount(row, "saleAmount")
    fee_currency, fee_minor = _amount(row, "commissionAmount")
    if fee_currency != currency:
        raise MalformedNotice("commissionAmount.currency")
    zone = zone_of(row)
    created_at = needed(iso_time_of(row, "transactionDate", zone), "transactionDate")
    status = _STATUSES.get(raw_status.casefold())
    validated_at = iso_time_of(row, "validationDate", zone)
    latest = validated_at or created_at
    is_settled = status == OrderStatus.SETTLED
    refs = _table(row, "clickRefs")
    click_ref = click_ref_of_row(refs, "clickRef")
    return LineReport(
        line_id=id_of(row, "id"),
        order_id=text_of(row, "orderRef")[:64] or id_of(row, "id"),
        status=status,
        raw_status=raw_status,
        currency=currency,
        paid_minor=paid_minor,
        settled_minor=paid_minor if is_settled else None,
        gross_fee_minor=fee_minor,
        created_at=created_at,
        modified_at=latest + _LATER if _is_amended(row) else latest,
        is_dated=False,
        paid_at=created_at,
        settled_at=latest if is_settled else None,
        click_ref=click_ref,
        sub_id="" if click_ref else text_of(refs, "clickRef")[:80],
        click_time=iso_time_of(row, "clickDate", zone),
    )


def _amount(row: Payload, key: str) -> tuple[str, int]:
    amount = _table(row, key)
    currency = text_of(amount, "currency")
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise MalformedNotice(f"{key}.currency")
    try:
        minor = signed_money_of(amount, "amount", currency)
    except MalformedNotice as error:
        raise MalformedNotice(key) from error
    if minor is None or minor < 0:
        raise MalformedNotice(key)
    return currency, minor


def _table(row: Payload, key: str) -> Payload:
    value = row.get(key) or {}
    if not isinstance(value, dict):
        raise MalformedNotice(key)
    return value


def _is_amended(row: Payload) -> bool:
    """True in JSON; sheets have words."""
    return str(row.get("amended")).casefold() in ("true", "yes", "1")
