"""A report of many pages, two pages at a time: while PostgreSQL writes one, the next is
thought through. Their order does not matter, nor does a line that stands on both."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from commerce.actions.orders import observe_page
from commerce.models import Network
from commerce.networks.base import Payload, Report

Page = Sequence[tuple[Report, Payload]]

HANDS = 2


def observe_pages(*, network: Network, source: str, pages: Iterable[Page]) -> int:
    """Observe each page, all of it or none; how many reports there were.

    The first page that fails ends it, and what was observed stays. Inside somebody's
    transaction all pages belong to it.
    """
    stack = _Stack(pages)
    if connection.in_atomic_block:
        return _observe_all(network, source, stack)
    with ThreadPoolExecutor(HANDS) as hands:
        work = [
            hands.submit(_observe_in_thread, network, source, stack)
            for _ in range(HANDS)
        ]
    return sum(hand.result() for hand in work)


class _Stack:
    """Hands out one page after the other, to whichever thread is free."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages, self._lock = iter(pages), threading.Lock()
        self.is_given_up = False

    def __iter__(self) -> Iterator[Page]:
        while not self.is_given_up:
            with self._lock:
                page = next(self._pages, None)
            if page is None:
                return
            yield page


def _observe_all(network: Network, source: str, stack: _Stack) -> int:
    count = 0
    for page in stack:
        observe_page(network=network, source=source, rows=page)
        count += len(page)
    return count


def _observe_in_thread(network: Network, source: str, stack: _Stack) -> int:
    try:
        return _observe_all(network, source, stack)
    except BaseException:
        stack.is_given_up = True
        raise
    finally:
        connection.close()
