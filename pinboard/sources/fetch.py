"""One guarded download for pages and pictures of others.

Every hop is checked anew (guard.py), the connection goes to the checked address, and
one deadline ends it all, however slowly a server drips.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urljoin

import httpcore

from pinboard.exceptions import AddressRefused, PageTooLarge, PageUnreadable
from pinboard.sources.guard import LOOK_UP_S, Target, addresses_for, check_form

DEADLINE_S = 8.0
MAX_REDIRECTS = 3
PAGE_MAX_BYTES = 4 * 1024 * 1024
PICTURE_MAX_BYTES = 12 * 1024 * 1024
_HEADERS_MAX_BYTES = 256 * 1024

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# No SVG: it is a program. No "*": what we do not ask for we do not want.
_PICTURES = "image/avif,image/webp,image/jpeg,image/png,image/gif,image/heic;q=0.5"
_PAGES = "text/html,application/xhtml+xml;q=0.9"
_AGENT = "Mozilla/5.0 (compatible; Pinboard/1.0; link preview)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+\Z")
_LOOKS_LIKE_A_PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|!--|\?xml)", re.IGNORECASE
)
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"RIFF", b"BM", b"II*\0")


@dataclass(frozen=True)
class Fetched:
    """`url` is where the redirects ended."""

    url: str
    media_type: str
    content: bytes

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float = DEADLINE_S) -> None:
        self._ends = monotonic() + seconds

    def left(self, *, at_most: float = DEADLINE_S) -> float:
        """Seconds that may still be waited; refuses when there are none."""
        seconds = min(self._ends - monotonic(), at_most)
        if seconds <= 0:
            raise AddressRefused
        return seconds


def fetch_page(url: str, *, deadline: Deadline | None = None) -> Fetched:
    """A page, or the picture that the address leads to instead of one."""
    return _fetch(url, f"{_PAGES},{_PICTURES}", deadline or Deadline())


def fetch_picture(url: str, *, deadline: Deadline | None = None) -> Fetched:
    fetched = _fetch(url, _PICTURES, deadline or Deadline())
    if not fetched.is_picture:
        raise PageUnreadable
    return fetched


def _fetch(url: str, accept: str, deadline: Deadline) -> Fetched:
    target = check_form(url)
    for _ in range(MAX_REDIRECTS + 1):
        answer = _ask(target, accept, deadline)
        if isinstance(answer, Fetched):
            return answer
        try:
            following = check_form(urljoin(target.url, answer))
        except ValueError as error:
            raise AddressRefused from error
        if target.scheme == "https" and following.scheme == "http":
            raise AddressRefused
        target = following
    raise AddressRefused


def _ask(target: Target, accept: str, deadline: Deadline) -> Fetched | str:
    """One request: what came, or where the server sends us."""
    addresses = addresses_for(target, wait_s=deadline.left(at_most=LOOK_UP_S))
    wire = _Wire(addresses, deadline)
    headers = [
        ("Host", target.host_header),
        ("User-Agent", _AGENT),
        ("Accept", accept),
        ("Accept-Language", "en,zh;q=0.9,*;q=0.5"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    where = httpcore.URL(
        scheme=target.scheme, host=target.host, port=target.port, target=target.path
    )
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=_trust(), network_backend=wire
            ) as connections,
            connections.stream("GET", where, headers=headers) as response,
        ):
            return _answer_of(response, target, wire)
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
        OSError,
    ) as error:
        raise AddressRefused from error


def _answer_of(
    response: httpcore.Response, target: Target, wire: _Wire
) -> Fetched | str:
    headers = {
        name.decode("ascii", "replace").lower(): value.decode("latin-1")
        for name, value in response.headers
    }
    if response.status in _REDIRECTS and "location" in headers:
        return _as_sent(headers["location"])
    if response.status in (404, 410) or response.status >= 500:
        raise AddressRefused  # as dead as no answer at all
    if response.status != 200:
        raise PageUnreadable
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise PageUnreadable  # never unpacked: that is how bombs are made
    declared = headers.get("content-type", "").partition(";")[0].strip().lower()
    chunks = response.iter_stream()
    wire.allow(_cap_of(declared))
    return _read(chunks, declared, target, wire)


def _read(
    chunks: Iterable[bytes], declared: str, target: Target, wire: _Wire
) -> Fetched:
    content = bytearray()
    media_type = ""
    for chunk in chunks:
        content += chunk
        if not media_type and len(content) >= 64:
            media_type = _media_type_of(declared, content)
            wire.allow(_cap_of(media_type))
        if len(content) > _cap_of(media_type or declared):
            raise PageTooLarge
    media_type = media_type or _media_type_of(declared, content)
    return Fetched(url=target.url, media_type=media_type, content=bytes(content))


def _as_sent(location: str) -> str:
    """Headers come as latin-1; names outside it are sent as UTF-8 bytes."""
    try:
        return location.encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError:
        return location.strip()


def _media_type_of(declared: str, start: bytes | bytearray) -> str:
    """What is said, or what it looks like where nothing or anything is said."""
    if declared in PAGE_TYPES:
        return "text/html"
    if declared.startswith("image/") and "svg" not in declared:
        return declared if _MEDIA_TYPE.match(declared) else "image/unknown"
    if declared in (
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "text/plain",
    ):
        if start.startswith(_PICTURE_STARTS) or start[4:8] == b"ftyp":
            return "image/unknown"
        if declared == "" and _LOOKS_LIKE_A_PAGE.match(start):
            return "text/html"
    raise PageUnreadable


def _cap_of(media_type: str) -> int:
    is_page = media_type in PAGE_TYPES
    return PAGE_MAX_BYTES if is_page else PICTURE_MAX_BYTES


@cache
def _trust() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


class _Wire(httpcore.NetworkBackend):
    """Connects to the checked addresses alone, whatever host it is asked for."""

    def __init__(self, addresses: list[str], deadline: Deadline) -> None:
        self._addresses = addresses
        self._backend = httpcore.SyncBackend()
        self.deadline = deadline
        self._seen = 0
        self._cap = PAGE_MAX_BYTES

    def allow(self, max_bytes: int) -> None:
        self._cap = max_bytes

    def count(self, received: int) -> None:
        self._seen += received
        if self._seen > self._cap + _HEADERS_MAX_BYTES:
            raise PageTooLarge

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        refused: Exception = AddressRefused()
        for number, address in enumerate(self._addresses[:4]):
            rest = len(self._addresses[:4]) - number
            try:
                stream = self._backend.connect_tcp(
                    address, port, timeout=self.deadline.left() / rest
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
            else:
                return _Stream(stream, self)
        raise refused

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        # Any: the signature is httpcore's, and nothing of ours ever calls it.
        raise AddressRefused

    def sleep(self, seconds: float) -> None:
        raise AddressRefused  # httpcore sleeps before retries; we have none


class _Stream(httpcore.NetworkStream):
    """Every wait is cut to what the deadline leaves; every byte is counted."""

    def __init__(self, stream: httpcore.NetworkStream, wire: _Wire) -> None:
        self._stream = stream
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received = self._stream.read(max_bytes, self._wire.deadline.left())
        self._wire.count(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._wire.deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(
            ssl_context, server_hostname, self._wire.deadline.left()
        )
        return _Stream(encrypted, self._wire)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's own
        return self._stream.get_extra_info(info)
