"""Polls the networks that have to be asked: slice by slice, page by page.

A page's observations are one transaction, and the high-water mark moves after the last
page of a slice only: a crash repeats a slice, and what was seen is seen once. What
differs between networks is behind the contract of their clients.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from commerce.actions.observations import keep_unreadable
from commerce.actions.orders import observe_page
from commerce.exceptions import MalformedNotice, NetworkError
from commerce.models import Network, Observation
from commerce.networks.adapters import read_report
from commerce.networks.base import Client, Payload, Reading, Walk
from commerce.networks.clients import POLLED, client_of

log = logging.getLogger(__name__)

# Reports lag behind the orders, and rows move between pages: the last minutes are read
# again each time.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(hours=3)
# Days that the nightly sweep reads again: late changes that no poll saw.
SWEPT_DAYS = (1, 7, 30, 89)
ATTEMPTS = 3
LONGEST_SLEEP_S = 10


class BudgetSpent(Exception):
    """Stop here; the rest is read the next time."""


class Budget:
    """How long a poll may go on, looked at before each page is kept."""

    def __init__(self, seconds: float | None) -> None:
        self.ends_at = math.inf if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        if not self.allows(0):
            raise BudgetSpent

    def allows(self, seconds: float) -> bool:
        return time.monotonic() + seconds <= self.ends_at


class Window(NamedTuple):
    """A time gone by that is to be read once more; epoch seconds, fit for a message."""

    reading: str
    start_s: int
    end_s: int


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
    with alone(f"poll:{network.pk}") as is_alone:
        if not is_alone:
            return 0
        with closing(client_of(network)) as client:
            return _import(network, client, since, Budget(budget_s))


def nightly_windows() -> list[Window]:
    """Some days past, the latest first, by payment and by refund."""
    today = _midnight()
    starts = [today - timedelta(days=days_ago) for days_ago in SWEPT_DAYS]
    return [
        _window(reading, start, start + timedelta(days=1))
        for start in starts
        for reading in (Reading.PAID, Reading.REFUNDED)
    ]


def last_month() -> Window:
    """What was settled in it; with a day more at both ends, for networks keep the month
    of their own zone."""
    first = _midnight().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    day = timedelta(days=1)
    return _window(Reading.SETTLED, before - day, first + day)


def read_past(
    *, network: Network, window: Window, budget_s: float | None = None
) -> Window | None:
    """Read the window again, and return what the budget left of it. Raises
    NetworkError."""
    budget = Budget(budget_s)
    start, end = (datetime.fromtimestamp(s, UTC) for s in window[1:])
    with closing(client_of(network)) as client:
        walks = client.walks(Reading(window.reading))
        for begin, until in _slices(start, end, client) if walks else ():
            try:
                for walk in walks:
                    _read(network, walk, begin, until, budget)
            except BudgetSpent:
                return _window(Reading(window.reading), begin, end)
    return None


def _import(
    network: Network, client: Client, since: datetime | None, budget: Budget
) -> int:
    now = timezone.now().replace(microsecond=0)
    mark = network.polled_until
    start = since or (mark - OVERLAP if mark else now - FIRST_LOOK_BACK)
    read = 0
    for begin, end in _slices(start, now, client):
        try:
            for walk in client.walks(Reading.CHANGED):
                read += _read(network, walk, begin, end, budget)
        except BudgetSpent:
            # What was kept is kept: the next time gets past it fast.
            log.info("%s was read up to %s, more follows", network.code, begin)
            break
        if mark is None or start <= mark:  # else there would be a gap before it
            _move_mark(network, end)
    return read


def _slices(
    start: datetime, end: datetime, client: Client
) -> Iterator[tuple[datetime, datetime]]:
    """From where the network still tells; an hour less, for reading takes its time."""
    told = timezone.now().replace(microsecond=0) - client.reach + timedelta(hours=1)
    if start < told:
        log.warning("what lies before %s is not told any more", told)
        start = told
    while start < end:
        yield start, min(start + client.slice, end)
        start += client.slice


def _read(
    network: Network, walk: Walk, start: datetime, end: datetime, budget: Budget
) -> int:
    """All pages of one slice; from its first one again where an answer failed."""
    for attempt in range(1, ATTEMPTS + 1):
        read = 0
        try:
            for rows in walk(start, end):
                budget.check()
                read += _keep(network, rows)
            return read
        except NetworkError as error:
            pause = error.retry_after_s or 2 ** (attempt - 1)
            may_wait = pause <= LONGEST_SLEEP_S and budget.allows(pause)
            if attempt == ATTEMPTS or not (error.retry and may_wait):
                raise
            log.warning("%s; again in %s s", error, pause)
            time.sleep(pause)
    raise AssertionError  # the last attempt returns or raises


@transaction.atomic
def _keep(network: Network, rows: list[Payload]) -> int:
    """One page: all of it or nothing."""
    source = Observation.Source.TOP_POLL
    readable, unreadable = [], []
    for row in rows:
        try:
            readable.append((read_report(network, row), row))
        except MalformedNotice as error:
            # One broken row may not hold up an import for ever; it is kept and told.
            log.error("%s sent a row that cannot be read: %s", network.code, error)
            unreadable.append(row)
    observe_page(network=network, source=source, rows=readable)
    for row in unreadable:  # after the lines are locked, as everybody does
        keep_unreadable(network=network, source=source, payload=row)
    return len(rows)


def _window(reading: Reading, start: datetime, end: datetime) -> Window:
    return Window(reading.value, int(start.timestamp()), int(end.timestamp()))


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _move_mark(network: Network, moment: datetime) -> None:
    behind = Q(polled_until=None) | Q(polled_until__lt=moment)
    Network.objects.filter(behind, pk=network.pk).update(polled_until=moment)


@contextmanager
def alone(key: str) -> Iterator[bool]:
    """Whether nobody else does what this key names. The lock is the session's, so that
    a worker that dies leaves none behind."""
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
