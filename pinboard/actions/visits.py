"""Going to an address of others, and no more than a few at a time to one host."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from pinboard.sources.addresses import host_of
from pinboard.sources.fetch import Deadline, Fetched, fetch_page, fetch_picture

MAX_AT_ONCE = 5  # connections to one host, over all workers


def opened(url: str, deadline: Deadline, *, picture: bool = False) -> Fetched:
    """What stands at the address. Raises AddressRefused and PageUnreadable."""
    fetch = fetch_picture if picture else fetch_page
    with _place_at(host_of(url), deadline):
        return fetch(url, deadline=deadline)


@contextmanager
def _place_at(host: str, deadline: Deadline) -> Iterator[None]:
    """One of the few places at a host; PostgreSQL frees it if this worker dies."""
    name = zlib.crc32(host.encode()) - 2**31
    while (place := _taken(name)) is None:
        time.sleep(deadline.left(at_most=0.2))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [name, place])


def _taken(name: int) -> int | None:
    with connection.cursor() as cursor:
        for place in range(MAX_AT_ONCE):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [name, place])
            if cursor.fetchone()[0]:
                return place
    return None
