"""The rows of reports: kept once, as they came, and never changed."""

from __future__ import annotations

import hashlib
import json
import logging

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from commerce.exceptions import EventReused
from commerce.models import (
    Discrepancy,
    Network,
    Observation,
    OrderLine,
    ParkedObservation,
)
from commerce.networks.base import LineReport, Payload, Report

log = logging.getLogger(__name__)


def lock_line(network: Network, line_id: str) -> None:
    """One writer a line at a time, from before its row exists until the commit: else a
    refund could park beside the order that it waits for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"order-line:{network.pk}:{line_id}"],
        )


def digest_of(payload: Payload) -> str:
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_in(network: Network, report: Report, payload: Payload) -> str:
    """The digest by which the report is known beside the others of its line."""
    digest = digest_of(payload)
    if report.is_dated:
        return digest
    # Undated rows may flip there and back; only the last one tells what is news.
    rows = Observation.objects.filter(network=network, line_id=report.line_id)
    last = rows.order_by("pk").last()
    if last is None or last.payload == payload:
        return last.sha256 if last else digest
    return hashlib.sha256(f"{last.sha256}{digest}".encode()).hexdigest()


def seen_before(
    network: Network, line_id: str, digest: str, event_id: str
) -> Observation | None:
    """The same report from before. Raises EventReused for its id on another one."""
    rows = Observation.objects.filter(network=network)
    if not event_id:
        return rows.filter(line_id=line_id, sha256=digest).first()
    known = rows.filter(event_id=event_id).first()
    if known and (known.line_id, known.sha256) != (line_id, digest):
        log.error("event %s of %s came with two contents", event_id, network.code)
        raise EventReused
    return known


def store(observation: Observation) -> Observation:
    try:
        with transaction.atomic():
            observation.save(force_insert=True)
    except IntegrityError as error:
        # The line is locked, so this is the same event for another line, at once.
        log.error("event %s came with two contents", observation.event_id)
        raise EventReused from error
    return observation


def park(observation: Observation, report: Report) -> None:
    ParkedObservation.objects.create(
        observation=observation,
        network=observation.network,
        line_id=observation.line_id,
        click_ref=report.click_ref if isinstance(report, LineReport) else "",
    )


def unpark(line: OrderLine) -> None:
    waiting = ParkedObservation.objects.filter(
        network=line.network, line_id=line.line_id, resolved_at=None
    )
    # An unknown status is no fact of the line yet, whatever came after it.
    known = waiting.exclude(observation__code=Discrepancy.Kind.UNMAPPED_STATUS)
    known.update(resolved_at=timezone.now())


def keep_unreadable(*, network: Network, source: str, payload: Payload) -> Observation:
    """Keep a row that even its adapter cannot read, for whoever looks into it."""
    line_id = str(payload.get("trade_id") or payload.get("tb_trade_id") or "")[:64]
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
