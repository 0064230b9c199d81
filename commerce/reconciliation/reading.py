"""A row of a network's file as facts of a statement's line. Pure.

Strict where money is: what is not a plain amount is not read at all, and the person is
told which row and why. A number that a spreadsheet has rounded names no order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from commerce.exceptions import MalformedAmount
from commerce.models import Network, OrderStatus, Statement
from commerce.money import minor_units
from commerce.reconciliation.exceptions import RowUnreadable

NOTHING = ("", "-", "--", "—", "null", "n/a")
LONGEST_NOTHING = 5
LONGEST_ID = 64

S = OrderStatus
_WORDS: dict[str, str] = {
    **dict.fromkeys(("已创建", "订单创建", "created", "ordered", "new"), S.CREATED),
    **dict.fromkeys(("已付款", "订单付款", "paid", "pending"), S.PAID),
    **dict.fromkeys(
        ("已收货", "订单收货", "订单成功", "确认收货", "received", "shipped"),
        S.RECEIVED,
    ),
    **dict.fromkeys(
        ("已结算", "订单结算", "结算", "settled", "approved", "closed", "locked"),
        S.SETTLED,
    ),
    **dict.fromkeys(
        (
            *("已失效", "订单失效", "已关闭", "失效", "invalid", "declined"),
            *("cancelled", "canceled", "reversed", "rejected"),
        ),
        S.INVALID,
    ),
}
_CODES: dict[str, dict[str, str]] = {
    Network.Adapter.TAOBAO: {
        **{"11": S.CREATED, "12": S.PAID, "14": S.RECEIVED},
        **{"3": S.SETTLED, "13": S.INVALID},
    }
}
_ROUNDED = re.compile(r"\A[0-9](\.[0-9]+)?[eE]\+[0-9]+\Z")
_RATE = re.compile(r"\A[0-9]{1,3}(\.[0-9]{1,4})?\s*%?\Z")
_CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
_TIME = re.compile(
    r"\A(20[0-9]{2})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)


@dataclass(frozen=True)
class Fact:
    """What a row says; the columns of a StatementLine."""

    line_id: str
    order_id: str
    status: str
    currency: str
    paid_minor: int | None
    settled_minor: int | None
    fee_minor: int
    tech_fee_minor: int
    pays_minor: int
    rate_bp: int | None
    ordered_at: datetime | None
    settled_at: datetime | None


class Reader:
    """Reads rows of one statement by its choice of columns."""

    def __init__(self, statement: Statement, columns: Mapping[str, int]) -> None:
        self.currency = statement.currency
        self.columns = columns
        self.zone: tzinfo = ZoneInfo(statement.network.tz)
        self.codes = _CODES.get(statement.network.adapter, {})

    def read(self, cells: Sequence[str]) -> Fact:
        """Raises RowUnreadable."""
        currency = self._currency(cells)
        fee = self._money(cells, "fee", currency) or 0
        tech_fee = self._money(cells, "tech_fee", currency) or 0
        return Fact(
            line_id=_id(self._cell(cells, "line_id")),
            order_id=self._cell(cells, "order_id").replace("\0", "")[:LONGEST_ID],
            status=self._status(cells),
            currency=currency,
            paid_minor=self._money(cells, "paid", currency),
            settled_minor=self._money(cells, "settled", currency),
            fee_minor=fee,
            tech_fee_minor=tech_fee,
            pays_minor=pays_of(fee, tech_fee),
            rate_bp=_rate(self._cell(cells, "rate")),
            ordered_at=self._time(cells, "ordered_at"),
            settled_at=self._time(cells, "settled_at"),
        )

    def _cell(self, cells: Sequence[str], name: str) -> str:
        place = self.columns.get(name)
        if place is None or place >= len(cells):
            return ""
        text = cells[place].strip()
        is_nothing = len(text) < LONGEST_NOTHING and text.casefold() in NOTHING
        return "" if is_nothing else text

    def _currency(self, cells: Sequence[str]) -> str:
        text = self._cell(cells, "currency") or self.currency
        if not _CURRENCY.match(text):
            raise RowUnreadable(_("“%(text)s” is no currency.") % {"text": text[:20]})
        return text

    def _money(self, cells: Sequence[str], name: str, currency: str) -> int | None:
        """With a minus where the network takes something back."""
        if not (text := self._cell(cells, name)):
            return None
        try:
            minor = minor_units(text.removeprefix("-"), currency)
        except MalformedAmount as error:
            told = _("“%(text)s” is no amount like 12.34.") % {"text": text[:40]}
            raise RowUnreadable(told) from error
        return -minor if text.startswith("-") else minor

    def _status(self, cells: Sequence[str]) -> str:
        if not (text := self._cell(cells, "status")):
            return ""
        status = self.codes.get(text) or _WORDS.get(text.casefold())
        if status is None:  # never a guess
            raise RowUnreadable(
                _("The status “%(text)s” is not known.") % {"text": text[:40]}
            )
        return status

    def _time(self, cells: Sequence[str], name: str) -> datetime | None:
        """What cannot be read as a time decides nothing here, and is left out."""
        if not (found := _TIME.match(self._cell(cells, name))):
            return None
        year, month, day, hour, minute, second = (int(n or 0) for n in found.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=self.zone)
        except ValueError:
            return None


def pays_of(fee_minor: int, tech_fee_minor: int) -> int:
    """What is left of a fee, either way; a service fee beside none is an estimate."""
    if fee_minor < 0:
        return fee_minor + abs(tech_fee_minor)
    return max(fee_minor - tech_fee_minor, 0)


def _id(text: str) -> str:
    if not text:
        raise RowUnreadable(_("It names no order line."))
    if _ROUNDED.match(text):
        raise RowUnreadable(
            _("A spreadsheet has rounded %(text)s. Export the column as text.")
            % {"text": text}
        )
    if len(text) > LONGEST_ID or not text.isprintable():
        raise RowUnreadable(_("The order line is no number of an order."))
    return text


def _rate(text: str) -> int | None:
    """5.00% -> 500. A rate is shown and never reckoned with."""
    if not _RATE.match(text):
        return None
    whole, _point, fraction = text.rstrip("% ").partition(".")
    return int(whole) * 100 + int(fraction[:2].ljust(2, "0"))
