"""Asks Pinduoduo's open platform, or a local gateway that speaks like it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.utils import timezone

from commerce.exceptions import NetworkError
from commerce.networks.base import Payload, Reading, Walk
from commerce.networks.calls import Account, Caller, Document, ban_in, rows_of
from commerce.networks.top_signature import sign

ORDERS = "pdd.ddk.order.list.increment.get"
# Under which name a call's answer comes cannot be told from the call's.
_ANSWERS = {ORDERS: "order_list_get_response"}
PAGE_SIZE = 50  # as they recommend; larger pages time out
MOST_PAGES = 2000  # of one slice: a gateway that tells of more is broken

# 5xxxx is theirs and passes, but for what is too large; of the limits, two do.
_LIMITED, _PAUSE_S = {"52101", "70031"}, 60
_PASSING = {"50000", "50001", "50002", "52001", "52002", "52102", "52103", "70033"}


class PinduoduoClient:
    # Half of what is allowed: the fewer pages, the less moves between them.
    slice = timedelta(hours=12)
    reach = timedelta(days=90)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.caller = Caller(account)

    def close(self) -> None:
        self.caller.close()

    def walks(self, reading: Reading) -> Sequence[Walk]:
        """By change alone, and that tells of everything; the nightly reading of days
        past finds what did not change since and some poll missed."""
        return [] if reading == Reading.REFUNDED else [self.orders]

    def orders(self, start: datetime, end: datetime) -> Iterator[list[Payload]]:
        """From the last page back to the first, for an order that changes meanwhile
        leaves the window, and what came after it moves towards the first page."""
        window = {
            "start_update_time": str(int(start.timestamp())),
            "end_update_time": str(int(end.timestamp())),
            "page_size": str(PAGE_SIZE),
        }
        first = self._page(window, 1)
        last = ceil(_total(first) / PAGE_SIZE)
        if last > MOST_PAGES:
            raise NetworkError(f"{ORDERS} never ends", retry=False, code="endless")
        if last <= 1:
            yield rows_of(ORDERS, first.get("order_list"))
            return
        for number in range(last, 0, -1):
            page = self._page(window, number)
            yield rows_of(ORDERS, page.get("order_list"))

    def call(self, kind: str, given: dict[str, str]) -> Document:
        """One signed call; what stands below the answer's root. Raises NetworkError."""
        form = {
            "type": kind,
            "client_id": self.account.app_key,
            "timestamp": str(int(timezone.now().timestamp())),
            "data_type": "JSON",
            "version": "V1",
            **given,
        }
        if self.account.session:
            form["access_token"] = self.account.session
        form["sign"] = sign(form, self.account.secret, sign_method="md5")
        return _content(kind, self.caller.ask(kind, form))

    def _page(self, window: dict[str, str], number: int) -> Document:
        counted = {"page": str(number), "return_count": "true"}
        return self.call(ORDERS, window | counted)


def _content(kind: str, document: Document) -> Document:
    if isinstance(refusal := document.get("error_response"), dict):
        raise _error(kind, refusal)
    root = _ANSWERS[kind]
    content = document.get(root)
    if not isinstance(content, dict):
        raise NetworkError(f"{kind}: no {root}", retry=False, code="malformed")
    return content


def _total(page: dict[str, Any]) -> int:
    """How many orders the window has; without a count, those of the page."""
    total = page.get("total_count")
    if total is None:
        return len(rows_of(ORDERS, page.get("order_list")))
    text = str(total)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NetworkError(f"{ORDERS}: no count", retry=False, code="malformed")
    return int(text)


def _error(kind: str, refusal: Document) -> NetworkError:
    code = str(refusal.get("error_code", ""))
    named = ("error_code", "error_msg", "sub_code", "sub_msg")
    text = " ".join(str(refusal[key])[:300] for key in named if refusal.get(key))
    is_limit = code in _LIMITED
    return NetworkError(
        f"{kind}: {text}",
        retry=is_limit or code in _PASSING,
        code=code,
        retry_after_s=ban_in(text) or (_PAUSE_S if is_limit else None),
    )
