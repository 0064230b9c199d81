"""What every network's adapter and client promise.

An adapter turns a network's own words into a `LineReport` or a `RefundReport`: integer
minor units, UTC, our statuses. It keeps the network's figures and computes none.

A client asks a network that has to be asked. It raises `NetworkError`, whose `retry`
says whether asking again can help.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

# A network's row or notice, as it came; what is in it is known after reading.
Payload = dict[str, Any]


@dataclass(frozen=True)
class LineReport:
    """An order line as the network saw it at `modified_at`."""

    line_id: str
    order_id: str
    status: str | None  # an OrderStatus; None for a word we do not know
    currency: str
    paid_minor: int
    created_at: datetime  # at the shop; attribution looks at nothing else
    modified_at: datetime
    raw_status: str = ""
    # False where the row does not say when it changed; then only the report before it
    # tells whether it is news.
    is_dated: bool = True
    settled_minor: int | None = None
    gross_fee_minor: int | None = None  # None: the network reports no commission
    tech_fee_minor: int = 0
    special_fee_minor: int = 0
    paid_at: datetime | None = None
    received_at: datetime | None = None
    settled_at: datetime | None = None
    click_ref: str = ""
    sub_id: str = ""
    click_time: datetime | None = None
    item_ref: str = ""
    item_title: str = ""


@dataclass(frozen=True)
class RefundReport:
    """The whole of one refund as of `modified_at`; the latest word on it counts."""

    line_id: str
    refund_id: str
    currency: str
    refunded_minor: int
    modified_at: datetime
    is_successful: bool = True
    is_dated: bool = True
    # Of the commission, what is taken back, where the network says so; for people, who
    # compare sums. Our shares follow `refunded_minor`.
    fee_minor: int | None = None


Report = LineReport | RefundReport


class Adapter(Protocol):
    """The pure half: what a link needs to say, and what a payload says."""

    def read(self, payload: Payload) -> Report:
        """Raises MalformedNotice for what the network's own rules forbid."""

    def click_parameters(
        self, *, parameter: str, click_ref: str, sub_id: str | None
    ) -> dict[str, str]:
        """What the landing address carries, so that an order can name its click."""


class Reading(enum.StrEnum):
    """Of which rows a window of time is read."""

    CHANGED = "changed"  # orders and refunds that changed in it: every few minutes
    PAID = "paid"  # orders paid in it, or the nearest to that: days gone by, by night
    REFUNDED = "refunded"  # refunds that changed in it: by night, too
    SETTLED = "settled"  # orders settled in it: last month's, once a month


# The rows of a window, page by page: one page is kept in one transaction.
Walk = Callable[[datetime, datetime], Iterator[list[Payload]]]


class Client(Protocol):
    """The asking half. How its pages are walked is its own business."""

    slice: timedelta  # the longest window that is allowed in every season
    reach: timedelta  # what lies further back is not told any more

    def walks(self, reading: Reading) -> Sequence[Walk]:
        """One after the other they read it; none where the network has no such list."""

    def close(self) -> None: ...
