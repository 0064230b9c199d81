"""CJ: records of `publisherCommissions`.

A commission is never changed. What is taken back comes as new rows with `original`
false, the number of the same action and negative amounts; they are refunds of the
action's line, each by its own number. So corrections may come before what they correct,
and twice.

Rows say when they were posted and not when their state changed, but states follow each
other in one order: the later word is known by the state alone.

Links carry the click's reference as `sid`, which comes back as `shopperId`.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from commerce.exceptions import MalformedNotice
from commerce.models import OrderStatus
from commerce.networks.base import LineReport, Payload, RefundReport, Report
from commerce.networks.fields import (
    click_ref_of_row,
    id_of,
    iso_time_of,
    needed,
    signed_money_of,
    text_of,
)

PARAMETER = "sid"
NEEDED = ("commissionId", "originalActionId", "original", "actionStatus")

# In the order in which they follow each other.
_STATUSES = {
    "new": OrderStatus.PAID,
    "extended": OrderStatus.PAID,  # may be corrected for longer
    "locked": OrderStatus.SETTLED,  # may not be corrected any more: it is owed
    "closed": OrderStatus.SETTLED,  # paid to us
}
_FLAGS = {"true": True, "false": False}
_CURRENCIES = ("pubCurrency", "currency")


class CjAdapter:
    def read(self, payload: Payload) -> Report:
        return _line(payload) if _flag(payload, "original") else _correction(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        """Whose name is the network's, not `parameter`."""
        return {PARAMETER: click_ref}


def _line(row: Payload) -> LineReport:
    raw_status = text_of(row, "actionStatus")
    status = _STATUSES.get(raw_status.casefold())
    currency, paid_minor, fee_minor = _amounts(row)
    if paid_minor < 0 or fee_minor < 0:
        raise MalformedNotice("negative")  # what is taken back says that it is
    created_at = needed(iso_time_of(row, "eventDate", UTC), "eventDate")
    posted_at = iso_time_of(row, "postingDate", UTC) or created_at
    steps = list(_STATUSES).index(raw_status.casefold()) if status else 0
    modified_at = posted_at + timedelta(microseconds=steps)
    is_settled = status == OrderStatus.SETTLED
    click_ref = click_ref_of_row(row, PARAMETER) or click_ref_of_row(row, "shopperId")
    sid = text_of(row, PARAMETER) or text_of(row, "shopperId")
    return LineReport(
        line_id=id_of(row, "originalActionId"),
        order_id=text_of(row, "orderId")[:64] or id_of(row, "originalActionId"),
        status=status,
        raw_status=raw_status,
        currency=currency,
        paid_minor=paid_minor,
        settled_minor=paid_minor if is_settled else None,
        gross_fee_minor=fee_minor,
        created_at=created_at,
        modified_at=modified_at,
        paid_at=created_at,
        settled_at=modified_at if is_settled else None,
        click_ref=click_ref,
        sub_id="" if click_ref else sid[:80],
        click_time=iso_time_of(row, "clickDate", UTC),
        item_title=text_of(row, "advertiserName")[:200],
    )


def _correction(row: Payload) -> RefundReport:
    currency, sale_minor, fee_minor = _amounts(row)
    # One that gives something, or takes a commission for a sale that stands, is no
    # refund: it is told and not guessed at.
    if sale_minor > 0 or fee_minor > 0 or (sale_minor == 0 and fee_minor != 0):
        raise MalformedNotice("saleAmount")
    return RefundReport(
        line_id=id_of(row, "originalActionId"),
        refund_id=id_of(row, "commissionId"),
        currency=currency,
        refunded_minor=-sale_minor,
        fee_minor=-fee_minor,
        modified_at=needed(iso_time_of(row, "postingDate", UTC), "postingDate"),
    )


def _amounts(row: Payload) -> tuple[str, int, int]:
    """In the publisher's currency where the row names it, else in dollars."""
    currency = next((text for key in _CURRENCIES if (text := text_of(row, key))), "")
    suffix = "PubCurrency"
    if not currency or text_of(row, "saleAmountPubCurrency") == "":
        currency, suffix = "USD", "Usd"
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise MalformedNotice("pubCurrency")
    amounts = [
        needed_amount(row, f"{name}{suffix}", currency)
        for name in ("saleAmount", "pubCommissionAmount")
    ]
    return currency, amounts[0], amounts[1]


def needed_amount(row: Payload, key: str, currency: str) -> int:
    minor = signed_money_of(row, key, currency)
    if minor is None:
        raise MalformedNotice(key)
    return minor


def _flag(row: Payload, key: str) -> bool:
    flag = _FLAGS.get(str(row.get(key)).casefold())
    if flag is None:
        raise MalformedNotice(key)
    return flag
