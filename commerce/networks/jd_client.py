"""Asks JD Union, or a local gateway that speaks like it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from commerce.exceptions import NetworkError
from commerce.networks.base import Payload, Reading, Walk
from commerce.networks.calls import (
    Account,
    Caller,
    Document,
    ban_in,
    document_of,
    rows_of,
)
from commerce.networks.fields import as_gmt8
from commerce.networks.options import PARAMETERS_IN
from commerce.networks.top_signature import sign

ORDERS = "jd.union.open.order.row.query"
PAGE_SIZE = 200
MOST_PAGES = 500  # of one slice: a gateway that never ends is broken
# By which time rows are asked for.
ORDERED, FINISHED, CHANGED = 1, 2, 3

# The gateway's 2 says that too much was asked, without saying for how long; more calls
# that fail make it worse.
_LIMITED, _PAUSE_S = {"2", "429"}, 60


class JdClient:
    slice = timedelta(hours=1)
    reach = timedelta(days=90)

    def __init__(self, account: Account) -> None:
        self.account = account
        self.caller = Caller(account)
        # Version 1 has been called by both names.
        self.packed_as = account.options.get(PARAMETERS_IN) or "360buy_param_json"

    def close(self) -> None:
        self.caller.close()

    def walks(self, reading: Reading) -> Sequence[Walk]:
        """A window by the time of the order stands still, so the nightly one finds what
        moved between two pages of a poll. Refunds are in the rows."""
        by = {
            Reading.CHANGED: CHANGED,
            Reading.PAID: ORDERED,
            Reading.SETTLED: FINISHED,
        }.get(reading)
        return [partial(self.orders, by=by)] if by else []

    def orders(
        self, start: datetime, end: datetime, *, by: int = CHANGED
    ) -> Iterator[list[Payload]]:
        given = {"startTime": as_gmt8(start), "endTime": as_gmt8(end), "type": by}
        for number in range(1, MOST_PAGES + 1):
            paged = given | {"pageIndex": number, "pageSize": PAGE_SIZE}
            page = self.call(ORDERS, {"orderReq": paged})
            yield rows_of(ORDERS, page.get("data"))
            if page.get("hasMore") in (None, False, "false", 0):
                return
        raise NetworkError(f"{ORDERS} never ends", retry=False, code="endless")

    def call(self, method: str, given: dict[str, Any]) -> Document:
        """One signed call; the business answer. Raises NetworkError."""
        form = {
            "method": method,
            "app_key": self.account.app_key,
            "timestamp": as_gmt8(timezone.now()),
            "format": "json",
            "v": "1.0",
            "sign_method": "md5",
            self.packed_as: json.dumps(given, sort_keys=True, separators=(",", ":")),
        }
        if self.account.session:
            form["access_token"] = self.account.session
        form["sign"] = sign(form, self.account.secret, sign_method="md5")
        return _content(method, self.caller.ask(method, form))


def _content(method: str, document: Document) -> Document:
    """Below the answer's root, whose name is spelled with a c too, lies the real answer
    as JSON in a text."""
    for name in ("error_response", "errorResponse"):
        if isinstance(refusal := document.get(name), dict):
            raise _error(method, refusal)
    root = method.replace(".", "_")
    envelope = document.get(f"{root}_responce") or document.get(f"{root}_response")
    if not isinstance(envelope, dict):
        raise NetworkError(f"{method}: no {root}", retry=False, code="malformed")
    if str(envelope.get("code", "0")) not in ("0", "200"):
        raise _error(method, envelope)
    inner = envelope.get("queryResult") or envelope.get("result")
    if isinstance(inner, str):
        inner = document_of(method, inner)
    if not isinstance(inner, dict):
        raise NetworkError(f"{method}: no result", retry=False, code="malformed")
    if str(inner.get("code", "200")) != "200":
        raise _error(method, inner)
    return inner


def _error(method: str, refusal: Document) -> NetworkError:
    code = str(refusal.get("code", ""))
    named = ("code", "zh_desc", "en_desc", "msg", "message")
    text = " ".join(str(refusal[key])[:300] for key in named if refusal.get(key))
    is_limit = code in _LIMITED
    # 5xx is theirs and passes; what is wrong with our call is wrong again tomorrow.
    is_theirs = len(code) == 3 and code.startswith("5")
    return NetworkError(
        f"{method}: {text}",
        retry=is_limit or is_theirs,
        code=code,
        retry_after_s=ban_in(text) or (_PAUSE_S if is_limit else None),
    )
