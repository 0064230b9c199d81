"""Amazon Associates: rows of the earnings report.

It names no order and no line. A row's own is made of the day it was shipped, its ASIN,
its tag and its price, and of a number: the report may have the same row twice, and that
is two sales. Rows that share all this are numbered by what else they say, not by where
they stand, so that the same rows in another order are the same lines.

A row with a negative fee is a return. It names no sale either; whoever imports it finds
one (`sale` beside it), and until then it waits for one that never comes.

Days have no time: they are taken at their end, so that no click of the day is too late.
Amounts have no currency but the sign in their heading: the programme's counts.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

from django.utils.translation import gettext as _

from commerce.exceptions import FileUnreadable, MalformedNotice
from commerce.models import OrderStatus
from commerce.money import amount_text
from commerce.networks.base import LineReport, Payload, RefundReport, Report
from commerce.networks.beside import beside, zone_of
from commerce.networks.fields import (
    FIRST_YEAR,
    LAST_YEAR,
    click_ref_of_row,
    signed_money_of,
    text_of,
)

PARAMETER, SUB_ID_PARAMETER = "ascsubtag", "tag"
NEEDED = ("ASIN", "Tracking ID", "Date Shipped", "Items Shipped", "Returns")
_PRICE, _REVENUE, _FEE = "Price", "Revenue", "Ad Fees"

_SIGNED = re.compile(r"\A(Price|Revenue|Ad Fees)\((.{1,4})\)\Z")
_SIGNS = {
    "$": ("USD", "MXN", "CAD", "AUD", "SGD", "BRL"),
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
}
_DAY = re.compile(r"\A([0-9]{2})/([0-9]{2})/([0-9]{4})\Z")  # month first, as in the USA
_LONG_DAY = re.compile(r"\A([A-Z][a-z]+) ([0-9]{1,2}),? ([0-9]{4})\Z")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_LONGEST_ROW_ID = 57  # of 64; a number follows

Numbered = tuple[int, Payload]


class AmazonAdapter:
    def read(self, payload: Payload) -> Report:
        return _return(payload) if is_return(payload) else _line(payload)

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        """The tag is the account's; one of its own for a link is its sub-id."""
        parameters = {PARAMETER: click_ref}
        return parameters | ({SUB_ID_PARAMETER: sub_id} if sub_id else {})


def is_return(row: Payload) -> bool:
    return _money(row, _FEE) < 0 or _money(row, _REVENUE) < 0


def row_id(row: Payload) -> str:
    """The same for rows that could be the same sale; the number tells them apart."""
    parts = [
        f"{_day(row):%Y%m%d}",
        _name(row, "ASIN"),
        _name(row, "Tracking ID"),
        str(_money(row, _PRICE)),
    ]
    text = ":".join([*parts, "return"] if is_return(row) else parts)
    if len(text) > _LONGEST_ROW_ID:
        raise MalformedNotice("Tracking ID")
    return text


def ordinals(rows: Iterable[Numbered]) -> dict[int, int]:
    """By the number of each row in the file. Rows that cannot be read have none."""
    alike: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for number, row in rows:
        try:
            alike[row_id(row)].append((_content(row), number))
        except MalformedNotice:
            continue
    return {
        number: place
        for same in alike.values()
        for place, (_said, number) in enumerate(sorted(same), start=1)
    }


def is_total(row: Payload) -> bool:
    return not text_of(row, "ASIN") and "Total" in row.values()


def check_total(rows: Iterable[Payload]) -> int:
    """How many rows are a Total. Raises FileUnreadable where the fees do not sum to it:
    then the file was cut."""
    summed, is_whole, totals = 0, True, 0
    for row in rows:
        totals += is_total(row)
        try:
            fee = _money(row, _FEE)
        except MalformedNotice:
            is_whole = False  # the row is told for itself
            continue
        if not is_total(row):
            summed += fee
        elif is_whole and fee != summed:
            shown = {
                "sum": amount_text(summed, _currency(row)),
                "total": amount_text(fee, _currency(row)),
            }
            told = _("Its rows sum to %(sum)s, its Total is %(total)s: some lack.")
            raise FileUnreadable(told % shown)
    return totals


def check_signs(header: Sequence[str], currency: str) -> None:
    """Raises FileUnreadable for another currency than the programme's."""
    for heading in header:
        found = _SIGNED.match(heading)
        if found and currency not in _SIGNS.get(found[2], (currency, found[2])):
            told = _("Amounts in %(sign)s do not fit the programme, which is in %(c)s.")
            raise FileUnreadable(told % {"sign": found[2], "c": currency})


def _line(row: Payload) -> LineReport:
    shipped_at = _shipped_at(row)
    line_id = _id(row)
    paid_minor, fee_minor = _money(row, _REVENUE), _money(row, _FEE)
    click_ref = click_ref_of_row(row, "SubTag")
    return LineReport(
        line_id=line_id,
        order_id=line_id,
        status=OrderStatus.RECEIVED,
        raw_status="shipped",
        currency=_currency(row),
        paid_minor=paid_minor,
        gross_fee_minor=fee_minor,
        created_at=shipped_at,
        modified_at=shipped_at,
        received_at=shipped_at,
        click_ref=click_ref,
        sub_id=_name(row, "Tracking ID"),
        item_ref=_name(row, "ASIN"),
        item_title=text_of(row, "Name")[:200],
    )


def _return(row: Payload) -> RefundReport:
    revenue, fee = _money(row, _REVENUE), _money(row, _FEE)
    if revenue > 0 or fee > 0:
        raise MalformedNotice(_REVENUE)
    return RefundReport(
        line_id=str(beside(row).get("sale") or _id(row)),
        refund_id=_id(row),
        currency=_currency(row),
        refunded_minor=-revenue,
        fee_minor=-fee,
        modified_at=_shipped_at(row),
    )


def _id(row: Payload) -> str:
    own, ordinal = row_id(row), beside(row).get("ordinal")
    if not isinstance(ordinal, int):
        raise MalformedNotice("ordinal")
    return f"{own}:{ordinal}"


def _content(row: Payload) -> bytes:
    text = "\x1f".join(f"{name}\x1e{row[name]}" for name in sorted(row))
    return hashlib.sha256(text.encode()).digest()[:16]


def _money(row: Payload, name: str) -> int:
    """Whatever currency's sign stands in the heading."""
    key = next((key for key in row if key.startswith(f"{name}(")), name)
    minor = signed_money_of(row, key, _currency(row))
    if minor is None:
        raise MalformedNotice(name)
    return minor


def _currency(row: Payload) -> str:
    return str(beside(row).get("currency") or "USD")


def _name(row: Payload, key: str) -> str:
    text = text_of(row, key)
    if not text or not text.isascii() or ":" in text:
        raise MalformedNotice(key)
    return text


def _shipped_at(row: Payload) -> datetime:
    end = time(23, 59, 59, tzinfo=zone_of(row))
    return datetime.combine(_day(row), end).astimezone(UTC)


def _day(row: Payload) -> date:
    text = text_of(row, "Date Shipped")
    try:
        if found := _DAY.match(text):
            day = date(int(found[3]), int(found[1]), int(found[2]))
        elif found := _LONG_DAY.match(text):
            month = _MONTHS.index(found[1]) + 1
            day = date(int(found[3]), month, int(found[2]))
        else:
            day = date.fromisoformat(text if len(text) == 10 else "")
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    except ValueError:
        pass
    raise MalformedNotice("Date Shipped")
