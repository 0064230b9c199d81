"""One call to a network: a form out, a JSON document in, and whatever can go wrong with
that as a `NetworkError`."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import connection, transaction

from commerce.exceptions import NetworkError
from commerce.networks.base import Payload

# Together below a task's time: the budget of a poll is looked at between calls.
STEP_S = 6
ANSWER_S = 12
# A page of 500 long rows is about 2 MB.
MOST_BYTES = 16 * 1024 * 1024
DEEPEST = 40

_BAN = re.compile(r"(\d{1,9})\s*(?:more second|seconds|秒)")
# Neither fits into a row of PostgreSQL.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Document = dict[str, Any]  # a network's nested answer


@dataclass(frozen=True)
class Account:
    """With whom and as whom we speak."""

    base_url: str
    app_key: str
    secret: str
    session: str = ""
    options: dict[str, Any] = field(default_factory=dict)


class Caller:
    def __init__(self, account: Account) -> None:
        self.base_url = account.base_url
        self.turn = f"turn:{account.base_url}:{account.app_key}"
        is_local = urlsplit(account.base_url).hostname in ("127.0.0.1", "localhost")
        self.http = httpx.Client(timeout=STEP_S, trust_env=not is_local)

    def close(self) -> None:
        self.http.close()

    def ask(
        self, call: str, form: dict[str, str], *, query: dict[str, str] | None = None
    ) -> Document:
        """Post the form; `call` is what errors name. Raises NetworkError."""
        wait_for(self.turn)
        try:
            with self.http.stream(
                "POST", self.base_url, params=query, data=form
            ) as answer:
                _refuse_status(call, answer)
                body = _body_of(call, answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NetworkError(
                f"{call}: {error!r}", retry=True, code="unreachable"
            ) from error
        return document_of(call, body)


def wait_for(turn: str) -> None:
    """All processes together call an account so many times a second: who is next holds
    the lock for as long as a turn takes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [turn])
        time.sleep(1 / settings.NETWORK_CALLS_PER_S)


def document_of(call: str, body: bytes | str) -> Document:
    """The object that the text is, all of it fit for a row. Amounts stay texts: no
    float comes near money."""
    try:
        document = _fit(json.loads(body, parse_float=str, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:  # cut on the way, or XML
        raise NetworkError(f"{call}: no JSON", retry=True, code="malformed") from error
    if not isinstance(document, dict):
        raise NetworkError(f"{call}: no object", retry=False, code="malformed")
    return document


def rows_of(call: str, rows: object) -> list[Payload]:
    """Of a list, the rows: what is no row becomes one that nobody can read, and is kept
    and told as those are."""
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise NetworkError(f"{call}: no list", retry=False, code="malformed")
    return [row if isinstance(row, dict) else {"unreadable": row} for row in rows]


def ban_in(text: str) -> int | None:
    """The seconds after which a refusal that names them is over."""
    ban = _BAN.search(text)
    return int(ban[1]) + 1 if ban else None


def _refuse_status(call: str, answer: httpx.Response) -> None:
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    later = answer.headers.get("Retry-After", "")
    raise NetworkError(
        f"{call}: HTTP {status}",
        retry=status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS,
        code=f"http_{status}",
        retry_after_s=int(later) + 1 if re.fullmatch(r"[0-9]{1,6}", later) else None,
    )


def _body_of(call: str, answer: httpx.Response) -> bytes:
    """Not longer than an answer may be, nor for longer than one may take."""
    ends_at = time.monotonic() + ANSWER_S
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise NetworkError(f"{call}: too long", retry=False, code="too_long")
        if time.monotonic() > ends_at:
            raise NetworkError(f"{call}: too slow", retry=True, code="too_slow")
    return b"".join(parts)


def _fit(value: Any, depth: int = 0) -> Any:  # noqa: ANN401  any JSON value
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_fit(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_fit(name): _fit(item, depth + 1) for name, item in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and its like are no JSON
