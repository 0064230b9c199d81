"""Notices that come at once are booked at once: one transaction for all that arrived
while the last one was written.

A transaction's cost is nearly the same for one notice and for ten. Each caller is
answered after the commit, as if it had been alone; where one of several is refused, or
waits for a lock, each is booked by itself, in its own thread: none waits for what held
another up.
Threads of one process share a transaction, and it is right with any number of
processes: what makes a notice booked once is in the database.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import OperationalError, connection

from commerce.actions.observations import Notice
from commerce.actions.orders import observe_many
from commerce.models import Network, Observation

MOST = 100
# So long a transaction waits for as many callers as there were while the last one was
# written: who has just been answered is likely to come with the next notice.
LINGER_S = 0.004
# Nor does one that waits for its line keep the network's next ones for longer. Far more
# than another process takes for a transaction of its own.
PATIENCE_MS = 200


class _Alone(Exception):
    """They could not be booked at once. Each tries by itself."""


@dataclass
class _Turn:
    notice: Notice
    outcome: Observation | BaseException | None = None


class _Queue:
    """The notices of one network in this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[_Turn] = []
        self._is_writing = False
        self._expected = 1

    def book(self, network: Network, notice: Notice) -> Observation:
        turn = _Turn(notice)
        if self._leads(turn):
            turns = self._gathered()
            try:
                _book_all(network, turns)
            finally:
                self._let_go(len(turns))
        if isinstance(turn.outcome, Observation):
            return turn.outcome
        if isinstance(turn.outcome, _Alone):
            return observe_many(network=network, notices=[notice])[0]
        raise turn.outcome or RuntimeError("nobody booked the notice")

    def _leads(self, turn: _Turn) -> bool:
        """Whether this thread writes; otherwise its turn is over when this returns."""
        with self._changed:
            self._waiting.append(turn)
            self._changed.notify_all()
            while self._is_writing and turn.outcome is None:
                self._changed.wait()
            if turn.outcome is not None:
                return False
            self._is_writing = True
            return True

    def _gathered(self) -> list[_Turn]:
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._waiting) >= self._expected, timeout=LINGER_S
            )
            turns, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            return turns

    def _let_go(self, count: int) -> None:
        with self._changed:
            self._is_writing, self._expected = False, count + len(self._waiting)
            self._changed.notify_all()


_queues: defaultdict[int, _Queue] = defaultdict(_Queue)


def observe_together(*, network: Network, notice: Notice) -> Observation:
    """As `observe`, in a transaction with others. Raises EventReused."""
    if connection.in_atomic_block:  # then only the caller knows when it is durable
        return observe_many(network=network, notices=[notice])[0]
    return _queues[network.pk].book(network, notice)


def _book_all(network: Network, turns: Sequence[_Turn]) -> None:
    try:
        notices = [turn.notice for turn in turns]
        rows = observe_many(network=network, notices=notices, patience_ms=PATIENCE_MS)
    except OperationalError:
        for turn in turns:
            turn.outcome = _Alone()
        return
    except Exception as error:  # noqa: BLE001  raised in the thread whose notice it is
        for turn in turns:
            turn.outcome = error if len(turns) == 1 else _Alone()
        return
    for turn, row in zip(turns, rows, strict=True):
        turn.outcome = row
