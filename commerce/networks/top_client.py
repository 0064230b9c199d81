"""Asks Taobao's open platform, or the local gateway that speaks like it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from commerce.exceptions import NetworkError
from commerce.networks.base import Payload, Reading, Walk
from commerce.networks.calls import Account, Caller, Document, ban_in, rows_of
from commerce.networks.fields import as_gmt8
from commerce.networks.top_signature import sign

ORDERS = "taobao.tbk.order.details.get"
REFUNDS = "taobao.tbk.order.refund.get"
PAGE_SIZE = 100
MOST_PAGES = 1000  # of one slice: a gateway that never ends is broken

_RETRIED = {"7", "10", "15", "3001", "9100"}
# A page index that is out of date is wrong for ever, but the first page has none.
_FROM_THE_FIRST_PAGE = {"1008", "isv.1008"}


class TopClient:
    slice = timedelta(minutes=20)
    reach = timedelta(days=90)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.caller = Caller(account)

    def close(self) -> None:
        self.caller.close()

    def walks(self, reading: Reading) -> Sequence[Walk]:
        walks: dict[Reading, list[Walk]] = {
            Reading.CHANGED: [self.orders, self.refunds],
            Reading.PAID: [partial(self.orders, query_type=2)],
            Reading.REFUNDED: [self.refunds],
            Reading.SETTLED: [partial(self.orders, query_type=3)],
        }
        return walks[reading]

    def orders(
        self, start: datetime, end: datetime, *, query_type: int = 4
    ) -> Iterator[list[Payload]]:
        """Pages of order rows: by 1 creation, 2 payment, 3 settlement, 4 change."""
        given = {**_window(start, end), "query_type": str(query_type)}
        return self._pages(ORDERS, given | {"order_scene": "1"})

    def refunds(
        self, start: datetime, end: datetime, *, query_type: int = 5
    ) -> Iterator[list[Payload]]:
        """Pages of refund rows: by 3 end, 4 creation, 5 change."""
        given = {**_window(start, end), "query_type": str(query_type)}
        return self._pages(REFUNDS, given | {"order_scene": "1", "member_type": "4"})

    def call(self, method: str, given: dict[str, str]) -> dict[str, Any]:
        """One signed call; what stands below the answer's root. Raises NetworkError."""
        system = {
            "method": method,
            "app_key": self.account.app_key,
            "timestamp": as_gmt8(timezone.now()),
            "v": "2.0",
            "format": "json",
            "sign_method": "hmac-sha256",
        }
        if self.account.session:
            system["session"] = self.account.session
        # Empty values are in nobody's signature, so they are not sent at all.
        business = {name: value for name, value in given.items() if value}
        system["sign"] = sign(system | business, self.account.secret)
        return _content(method, self.caller.ask(method, business, query=system))

    def _pages(self, method: str, given: dict[str, str]) -> Iterator[list[Payload]]:
        """Walks by the position index, echoed as it came; numbers alone would miss
        rows that move while we read."""
        index = ""
        for number in range(1, MOST_PAGES + 1):
            paged = given | {"page_no": str(number), "page_size": str(PAGE_SIZE)}
            if index:
                paged["position_index"] = index
            page = _page(self.call(method, _packed(method, paged)))
            yield _rows(page)
            index = str(page.get("position_index") or "")
            if not page.get("has_next") or page.get("has_next") == "false":
                return
        raise NetworkError(f"{method} never ends", retry=False, code="endless")


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"start_time": as_gmt8(start), "end_time": as_gmt8(end)}


def _packed(method: str, given: dict[str, str]) -> dict[str, str]:
    if method != REFUNDS:
        return given
    return {"publisher_refund_order_query_option": json.dumps(given)}


def _content(method: str, document: Document) -> Document:
    if isinstance(refusal := document.get("error_response"), dict):
        raise _error(method, refusal)
    root = method.removeprefix("taobao.").replace(".", "_") + "_response"
    content = document.get(root)
    if not isinstance(content, dict):
        raise NetworkError(f"{method}: no {root}", retry=False, code="malformed")
    return content


def _error(method: str, refusal: Document) -> NetworkError:
    code, sub_code = str(refusal.get("code", "")), str(refusal.get("sub_code") or "")
    text = " ".join(
        str(refusal[key])[:300]
        for key in ("code", "msg", "sub_code", "sub_msg")
        if refusal.get(key)
    )
    # What they call ours (isv) is wrong again tomorrow; what they call theirs (isp)
    # passes.
    passes = sub_code.startswith("isp.") or bool({code, sub_code} & _RETRIED)
    is_ours = sub_code.startswith("isv.")
    return NetworkError(
        f"{method}: {text}",
        retry=(passes and not is_ours) or sub_code in _FROM_THE_FIRST_PAGE,
        code=sub_code or code,
        retry_after_s=ban_in(text),
    )


def _page(content: dict[str, Any]) -> dict[str, Any]:
    """Official clients differ in where the page lies: `data`, `result`, or both."""
    for name in ("data", "result"):
        if isinstance(inner := content.get(name), dict):
            return _page(inner) if {"data", "result"} & _dicts(inner) else inner
    return content


def _dicts(page: dict[str, Any]) -> set[str]:
    return {name for name, value in page.items() if isinstance(value, dict)}


def _rows(page: dict[str, Any]) -> list[Payload]:
    """Lists are wrapped twice, and an empty one leaves its inner name out."""
    for name in ("results", "result"):
        inner = page.get(name)
        if isinstance(inner, dict):
            inner = next(iter(inner.values()), [])
        if inner is not None:
            return rows_of(name, inner)
    return []
