"""Who follows a tracking link, as far as the site wants to know: a key in a cookie of
its own, a part of the address, and a hash of it that means nothing tomorrow."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from datetime import date
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "pb_visitor"
COOKIE_AGE_S = 395 * 24 * 3600  # 13 months, as long as clicks keep their fields
_KEY = re.compile(r"\A[0-9a-f]{32}\Z")


def visitor_key_of(request: HttpRequest) -> str:
    """The key from the cookie; empty for a new visitor and for a cookie not ours."""
    key = request.COOKIES.get(COOKIE, "")
    return key if _KEY.match(key) else ""


def new_visitor_key() -> str:
    return secrets.token_hex(16)


def remember(response: HttpResponse, visitor_key: str) -> None:
    """Sent back to /go/ alone: no page of the site can follow a visitor by it."""
    response.set_cookie(
        COOKIE,
        visitor_key,
        max_age=COOKIE_AGE_S,
        path="/go/",
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def address_of(request: HttpRequest) -> str:
    """The visitor's: what proxies say of it was judged before any view runs."""
    return str(request.META.get("REMOTE_ADDR", ""))


def prefix_of(address: str) -> str:
    """The /24 or /48 that an address lies in; empty for what is none (a socket)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, bits), strict=False))


def hash_of(address: str, today: date) -> str:
    """Equal for one address on one day. The day's key is derived, so that nothing has
    to be kept, and yesterday's hashes match nothing of today."""
    if not address:
        return ""
    key = _key_of_day(settings.SECRET_KEY, today)
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=2)
def _key_of_day(secret: str, day: date) -> bytes:
    message = f"click-address:{day.isoformat()}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()
