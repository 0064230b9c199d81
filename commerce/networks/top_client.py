"""Asks Taobao's open platform, or the local gateway that speaks like it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils import timezone

from commerce.exceptions import NetworkError
from commerce.models import Network
from commerce.networks.base import Payload
from commerce.networks.taobao import as_gmt8
from commerce.networks.top_signature import sign

ORDERS = "taobao.tbk.order.details.get"
REFUNDS = "taobao.tbk.order.refund.get"
# Windows of this length are legal in every season.
SLICE = timedelta(minutes=20)
PAGE_SIZE = 100
MOST_PAGES = 1000  # of one slice: a gateway that never ends is broken
TIMEOUT_S = 20
# Far below the network's own limit, which all programs of an account share.
CALLS_PER_S = 5

_RETRIED = {"7", "10", "15", "3001", "9100"}
_BAN = re.compile(r"ban will last for (\d+) more second")


class TopClient:
    def __init__(
        self, *, base_url: str, app_key: str, secret: str, session: str = ""
    ) -> None:
        self.base_url, self.app_key = base_url, app_key
        self.secret, self.session = secret, session
        is_local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost")
        self.http = httpx.Client(timeout=TIMEOUT_S, trust_env=not is_local)
        self.called_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

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
            "app_key": self.app_key,
            "timestamp": as_gmt8(timezone.now()),
            "v": "2.0",
            "format": "json",
            "sign_method": "hmac-sha256",
        }
        if self.session:
            system["session"] = self.session
        # Empty values are in nobody's signature, so they are not sent at all.
        business = {name: value for name, value in given.items() if value}
        system["sign"] = sign(system | business, self.secret)
        self._keep_pace()
        try:
            answer = self.http.post(self.base_url, params=system, data=business)
        except httpx.HTTPError as error:
            raise NetworkError(
                f"{method}: {error!r}", retry=True, code="unreachable"
            ) from error
        return _content(method, answer)

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

    def _keep_pace(self) -> None:
        pause = self.called_at + 1 / CALLS_PER_S - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self.called_at = time.monotonic()


def client_of(network: Network) -> TopClient:
    """With the secret from the environment, where the network's row names it."""
    name = network.secret_ref
    secret = os.environ.get(name) or getattr(settings, name, "") if name else ""
    if not (network.base_url and network.app_key and secret):
        raise NetworkError(
            f"{network.code} needs an address, an app key and the variable "
            f"{name or '(unnamed)'}",
            retry=False,
            code="not_configured",
        )
    return TopClient(
        base_url=network.base_url,
        app_key=network.app_key,
        secret=secret,
        session=os.environ.get(f"{name}_SESSION", ""),
    )


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"start_time": as_gmt8(start), "end_time": as_gmt8(end)}


def _packed(method: str, given: dict[str, str]) -> dict[str, str]:
    if method != REFUNDS:
        return given
    return {"publisher_refund_order_query_option": json.dumps(given)}


def _content(method: str, answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != 200:
        raise NetworkError(
            f"{method}: HTTP {answer.status_code}",
            retry=answer.status_code >= 500,
            code=f"http_{answer.status_code}",
        )
    try:
        document = answer.json()
    except ValueError as error:  # cut on the way, or XML
        raise NetworkError(
            f"{method}: no JSON", retry=True, code="malformed"
        ) from error
    if not isinstance(document, dict):
        raise NetworkError(f"{method}: no object", retry=False, code="malformed")
    if isinstance(refusal := document.get("error_response"), dict):
        raise _error(method, refusal)
    root = method.removeprefix("taobao.").replace(".", "_") + "_response"
    content = document.get(root)
    if not isinstance(content, dict):
        raise NetworkError(f"{method}: no {root}", retry=False, code="malformed")
    return content


def _error(method: str, refusal: dict[str, Any]) -> NetworkError:
    code, sub_code = str(refusal.get("code", "")), str(refusal.get("sub_code", ""))
    text = " ".join(
        str(refusal[key])
        for key in ("code", "msg", "sub_code", "sub_msg")
        if refusal.get(key)
    )
    ban = _BAN.search(text)
    # What they call ours (isv) is wrong again tomorrow; what they call theirs (isp)
    # passes.
    retry = sub_code.startswith("isp.") or {code, sub_code} & _RETRIED
    return NetworkError(
        f"{method}: {text}",
        retry=bool(retry) and not sub_code.startswith("isv."),
        code=sub_code or code,
        retry_after_s=int(ban[1]) + 1 if ban else None,
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
        if isinstance(inner, list):
            return [row for row in inner if isinstance(row, dict)]
    return []
