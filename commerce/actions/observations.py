"""The reports of lines: each kept once, as it came, and never changed."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from commerce.exceptions import EventReused
from commerce.models import Network, Observation, Programme
from commerce.networks.base import Payload, Report
from commerce.rows import insert, select_one

log = logging.getLogger(__name__)

# Under which name networks tell a line's id, where no adapter could read it.
_LINE_IDS = ("trade_id", "tb_trade_id", "order_sn", "orderSn", "id")


@dataclass(frozen=True)
class Notice:
    """A report on its way in."""

    source: str
    report: Report
    payload: Payload
    event_id: str = ""
    programme: Programme | None = None  # where the one who reports is known by it

    @cached_property
    def digest(self) -> str:
        return digest_of(self.payload)


@dataclass
class History:
    """All reports of one line, the oldest first."""

    rows: list[Observation] = field(default_factory=list)

    def digest_of(self, notice: Notice) -> str:
        """The digest by which the report is known beside the others of its line."""
        if notice.report.is_dated or not self.rows:
            return notice.digest
        # Undated rows may flip there and back; only the last one tells what is news.
        last = self.rows[-1]
        if last.payload == notice.payload:
            return last.sha256
        return hashlib.sha256(f"{last.sha256}{notice.digest}".encode()).hexdigest()

    def seen(self, digest: str) -> Observation | None:
        return next((row for row in self.rows if row.sha256 == digest), None)


def read_histories(
    network: Network, notices: Sequence[Notice], line_ids: Iterable[str]
) -> tuple[dict[str, History], dict[str, Observation]]:
    """The reports of these lines, and those with an event id of one of the notices.

    Locks the lines, from before their rows exist until the commit: else a refund could
    park beside the order that it waits for. All in one order: of two who need the same
    lines, one waits for the other, and never both for each other.
    """
    events = [notice.event_id for notice in notices if notice.event_id]
    wanted = list(dict.fromkeys(line_ids))
    rows = select_one(
        Observation,
        "FROM commerce_lock_reports(%s, %s, %s) x ORDER BY x.id",
        [network.pk, wanted, events],
    )
    histories = {line_id: History() for line_id in wanted}
    for row in rows:
        row.network = network
        if row.line_id in histories:
            histories[row.line_id].rows.append(row)
    return histories, {row.event_id: row for row in rows if row.event_id}


def same_event(known: Observation, notice: Notice, digest: str) -> Observation:
    """The report of the same event. Raises EventReused if it is another one."""
    if (known.line_id, known.sha256) != (notice.report.line_id, digest):
        raise reused(known)
    return known


def store(observations: Sequence[Observation]) -> None:
    """Write new ones of locked lines. Raises EventReused."""
    if not any(row.event_id for row in observations):
        insert(observations)
        return
    insert(observations, new_by=("line_id", "sha256"))
    for row in observations:
        if row.pk is None:  # the same event for another line, at once
            raise reused(row)


def reused(row: Observation) -> EventReused:
    log.error("event %s of %s came with two contents", row.event_id, row.network.code)
    return EventReused()


def digest_of(payload: Payload) -> str:
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def keep_unreadable(*, network: Network, source: str, payload: Payload) -> Observation:
    """Keep a row that even its adapter cannot read, for whoever looks into it."""
    named = (str(payload[name]) for name in _LINE_IDS if payload.get(name))
    line_id = next(named, "")[:64]
    return Observation.objects.get_or_create(
        network=network,
        line_id=line_id,
        sha256=digest_of(payload),
        defaults={
            "source": source,
            "payload": payload,
            "outcome": Observation.Outcome.REJECTED,
            "code": "malformed",
        },
    )[0]
