"""Which addresses a server of ours may speak to: those of the public Internet alone.

A name is looked up once, all of its answers must be public, and the connection goes to
an address that was looked at. So no name can mean something else a moment later.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from pinboard.exceptions import AddressRefused
from pinboard.sources.addresses import (
    DEFAULT_PORTS,
    MAX_LENGTH,
    ascii_host,
    escaped_path,
    escaped_query,
)

LOOK_UP_S = 2.0

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# What `is_global` of Python 3.11 lets pass although it leads inside: relay and
# translation ranges, and two clouds' metadata addresses that look public.
_NOT_FOR_US = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

# Whatever a browser would read as an IPv4 address: the last label is a number.
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Target:
    """Where to ask and what for, in the ASCII spelling that goes over the wire."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_allowed_by_setting(self) -> bool:
        return self.name in settings.FETCH_ALLOWED_HOSTS

    @property
    def host_header(self) -> str:
        is_default = self.port == DEFAULT_PORTS[self.scheme]
        return self.host if is_default else self.name

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.path}"


def check_form(url: str) -> Target:
    """Refuse what is forbidden by its form alone, before anything is looked up."""
    if not url or len(url) > MAX_LENGTH or _FORBIDDEN.search(url):
        raise AddressRefused
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
        host = ascii_host(parts.hostname or "")
    except ValueError as error:
        raise AddressRefused from error
    if scheme not in DEFAULT_PORTS or "@" in parts.netloc or not host:
        raise AddressRefused
    query = f"?{escaped_query(parts.query)}" if parts.query else ""
    target = Target(
        scheme=scheme,
        host=host,
        port=DEFAULT_PORTS[scheme] if port is None else port,
        path=escaped_path(parts.path) + query,
    )
    if not target.is_allowed_by_setting:
        _check_public_form(target)
    return target


def _check_public_form(target: Target) -> None:
    labels = target.host.split(".")
    if target.port not in DEFAULT_PORTS.values():
        raise AddressRefused
    if len(target.host) > 253 or not all(map(_LABEL.match, labels)):
        raise AddressRefused
    if _NUMBER.match(labels[-1]):
        raise AddressRefused


def is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address.scope_id or address not in _GLOBAL_UNICAST:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NOT_FOR_US)
    )


def addresses_for(target: Target, *, wait_s: float = LOOK_UP_S) -> list[str]:
    """The addresses of the name, looked up once. One that is forbidden spoils all:
    an honest name has no private address among its public ones."""
    found = _look_up(target, wait_s=wait_s)
    if not found:
        raise AddressRefused
    if not target.is_allowed_by_setting:
        try:
            allowed = all(is_public(ipaddress.ip_address(text)) for text in found)
        except ValueError:
            allowed = False
        if not allowed:
            raise AddressRefused
    return found


def _look_up(target: Target, *, wait_s: float) -> list[str]:
    """getaddrinfo has no time limit of its own, so a thread waits in our place."""
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            rows = []
        answer.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))

    threading.Thread(target=ask, daemon=True, name="look-up").start()
    try:
        return answer.get(timeout=max(wait_s, 0.001))
    except queue.Empty as error:
        raise AddressRefused from error
