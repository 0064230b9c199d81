"""Polls the networks that have to be asked: slice by slice, page by page.

A page's observations are one transaction, and the high-water mark moves after the last
page of a slice only: a crash repeats a slice, and what was seen is seen once.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from commerce.actions.observations import keep_unreadable
from commerce.actions.orders import observe_page
from commerce.exceptions import MalformedNotice, NetworkError
from commerce.models import Network, Observation
from commerce.networks.adapters import read_report
from commerce.networks.base import Payload
from commerce.networks.top_client import SLICE, TopClient, client_of

log = logging.getLogger(__name__)

# Reports lag behind the orders, and rows move between pages: the last minutes are read
# again each time.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(hours=3)
# Days that the nightly sweep reads again, by payment: late changes that no poll saw.
SWEPT_DAYS = (1, 7, 30, 89)
ATTEMPTS = 3
LONGEST_SLEEP_S = 10

Pages = Callable[[datetime, datetime], Iterator[list[Payload]]]

POLLED = (Network.Adapter.TAOBAO,)


class BudgetSpent(Exception):
    """Stop here; the rest is read the next time."""


class Budget:
    """How long a poll may go on, looked at before each page is kept."""

    def __init__(self, seconds: float | None) -> None:
        self.ends_at = math.inf if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        if time.monotonic() > self.ends_at:
            raise BudgetSpent


def polled_networks() -> Iterable[Network]:
    return Network.objects.filter(is_active=True, adapter__in=POLLED).order_by("pk")


def import_orders(
    *,
    network: Network,
    since: datetime | None = None,
    budget_s: float | None = None,
) -> int:
    """Read what changed since the last time, or since `since`; how many rows were read.

    Stops once the budget is spent: the mark says where to go on. Another poller at work
    leaves nothing to do. Raises NetworkError.
    """
    with _alone(network) as is_alone:
        if not is_alone:
            return 0
        with client_of(network) as client:
            return _import(network, client, since, budget_s)


def sweep_day(*, network: Network, days_ago: int) -> int:
    """Read a day long past once more, by the time of payment."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=days_ago)
    with client_of(network) as client:
        by_payment = partial(client.orders, query_type=2)
        slices = _slices(start, start + timedelta(days=1))
        budget = Budget(None)
        return sum(_read(network, by_payment, *window, budget) for window in slices)


def _import(
    network: Network, client: TopClient, since: datetime | None, budget_s: float | None
) -> int:
    now = timezone.now().replace(microsecond=0)
    mark = network.polled_until
    start = since or (mark - OVERLAP if mark else now - FIRST_LOOK_BACK)
    budget = Budget(budget_s)
    read = 0
    for begin, end in _slices(start, now):
        try:
            read += _read(network, client.orders, begin, end, budget)
            read += _read(network, client.refunds, begin, end, budget)
        except BudgetSpent:
            # What was kept is kept: the next time gets past it fast.
            log.info("%s was read up to %s, more follows", network.code, begin)
            break
        if mark is None or start <= mark:  # else there would be a gap before it
            _move_mark(network, end)
    return read


def _slices(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + SLICE, end)
        start += SLICE


def _read(
    network: Network, pages: Pages, start: datetime, end: datetime, budget: Budget
) -> int:
    """All pages of one slice; from its first one again where an answer failed."""
    for attempt in range(1, ATTEMPTS + 1):
        read = 0
        try:
            for rows in pages(start, end):
                budget.check()
                read += _keep(network, rows)
            return read
        except NetworkError as error:
            is_stale = error.network_code in ("1008", "isv.1008")
            pause = error.retry_after_s or 2 ** (attempt - 1)
            may_wait = (error.retry or is_stale) and pause <= LONGEST_SLEEP_S
            if attempt == ATTEMPTS or not may_wait:
                raise
            log.warning("%s; again in %s s", error, pause)
            time.sleep(pause)
    raise AssertionError  # the last attempt returns or raises


@transaction.atomic
def _keep(network: Network, rows: list[Payload]) -> int:
    """One page: all of it or nothing."""
    source = Observation.Source.TOP_POLL
    readable = []
    for row in rows:
        try:
            readable.append((read_report(network, row), row))
        except MalformedNotice as error:
            # One broken row may not hold up an import for ever; it is kept and told.
            log.error("%s sent a row that cannot be read: %s", network.code, error)
            keep_unreadable(network=network, source=source, payload=row)
    observe_page(network=network, source=source, rows=readable)
    return len(rows)


def _move_mark(network: Network, moment: datetime) -> None:
    behind = Q(polled_until=None) | Q(polled_until__lt=moment)
    Network.objects.filter(behind, pk=network.pk).update(polled_until=moment)


@contextmanager
def _alone(network: Network) -> Iterator[bool]:
    """Whether nobody else polls this network now. The lock is the session's, so that a
    poller that dies leaves none behind."""
    key = f"poll:{network.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        (is_alone,) = cursor.fetchone()
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute(
                    "SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key]
                )
