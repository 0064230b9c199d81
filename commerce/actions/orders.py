"""Network facts: every report is kept as it came, and the order line follows from them.

This is the only writer of observations, order lines and refunds. What a line earns is
`sync_commission`'s, called in the same transaction: a report is answered once all that
follows from it is durable.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from commerce.actions.commissions import sync_commission
from commerce.click_refs import BadClickTag, click_id_of
from commerce.exceptions import EventReused
from commerce.models import (
    Click,
    Discrepancy,
    Network,
    Observation,
    OrderLine,
    OrderRefund,
    ParkedObservation,
    Programme,
    TrackingLink,
)
from commerce.networks.adapters import read_report
from commerce.networks.base import LineReport, Payload, RefundReport, Report
from commerce.networks.projection import Projection, is_regression, project

log = logging.getLogger(__name__)

# So long an order may wait for its click to become known.
CLICK_WAIT = timedelta(hours=24)

Outcome = Observation.Outcome
Kind = Discrepancy.Kind


@dataclass(frozen=True)
class _Verdict:
    outcome: str
    code: str = ""
    discrepancy: str = ""  # its kind, if one is to be opened
    delta_minor: int = 0


_APPLIED = _Verdict(Outcome.APPLIED)


@transaction.atomic
def observe(
    *,
    network: Network,
    source: str,
    report: Report,
    payload: Payload,
    event_id: str = "",
    programme: Programme | None = None,
) -> Observation:
    """Keep the report once, and bring the line and its commission to what it says.

    The same report again is the first one. Raises EventReused where an event's id comes
    back with another content.
    """
    _lock(network, report.line_id)
    digest = _digest(network, report, payload)
    if seen := _seen(network, report.line_id, digest, event_id):
        return seen
    line = _line_of(network, report.line_id)
    programme = line.programme if line else programme or _programme_of(network, report)
    verdict = _judge(report, line, programme)
    observation = _store(
        Observation(
            network=network,
            source=source,
            line_id=report.line_id,
            event_id=event_id,
            payload=payload,
            sha256=digest,
            source_modified_at=report.modified_at,
            outcome=verdict.outcome,
            code=verdict.code,
        )
    )
    if verdict.outcome == Outcome.PARKED:
        _park(observation, report)
    if verdict.discrepancy:
        _open(verdict, line, observation)
    if verdict.outcome == Outcome.APPLIED and programme:
        news = _News(network, report.line_id, programme, report, observation)
        _apply(line, news)
    elif line and verdict.discrepancy:
        sync_commission(line=line)  # which holds it until somebody has looked
    return observation


def keep_unreadable(*, network: Network, source: str, payload: Payload) -> Observation:
    """Keep a row that even its adapter cannot read, for whoever looks into it."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
    line_id = str(payload.get("trade_id") or payload.get("tb_trade_id") or "")[:64]
    return Observation.objects.get_or_create(
        network=network,
        line_id=line_id,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        defaults={
            "source": source,
            "payload": payload,
            "outcome": Outcome.REJECTED,
            "code": "malformed",
        },
    )[0]


def was_booked(observation: Observation) -> bool:
    """Whether its line shows it: what waits or was refused is only kept."""
    if observation.outcome == Outcome.PARKED:
        parked = ParkedObservation.objects.filter(observation=observation)
        return parked.filter(resolved_at__isnull=False).exists()
    return observation.outcome == Outcome.APPLIED and observation.code != "bad_ref"


def resolve_parked() -> int:
    """Orders whose click did not become known in a day are nobody's; how many."""
    waiting = ParkedObservation.objects.filter(
        resolved_at=None,
        observation__code="unknown_click",
        parked_at__lt=timezone.now() - CLICK_WAIT,
    )
    lines = waiting.values_list("network", "line_id").distinct()
    for network_id, line_id in lines:
        _resolve(Network.objects.get(pk=network_id), line_id)
    return len(lines)


@transaction.atomic
def _resolve(network: Network, line_id: str) -> None:
    _lock(network, line_id)
    line = _line_of(network, line_id)
    first = ParkedObservation.objects.filter(
        network=network, line_id=line_id, observation__code="unknown_click"
    ).earliest("pk")
    report = read_report(network, first.observation.payload)
    programme = line.programme if line else _programme_of(network, report)
    if programme:
        _apply(line, _News(network, line_id, programme))


def _line_of(network: Network, line_id: str) -> OrderLine | None:
    lines = OrderLine.objects.filter(network=network, line_id=line_id)
    return lines.select_for_update(of=("self",)).select_related("programme").first()


# What is to be thought of a report ----------------------------------------------------


def _judge(
    report: Report, line: OrderLine | None, programme: Programme | None
) -> _Verdict:
    if programme is None:
        return _Verdict(Outcome.REJECTED, "no_programme")
    if report.currency != programme.currency:
        return _Verdict(Outcome.REJECTED, Kind.CURRENCY, Kind.CURRENCY)
    if isinstance(report, RefundReport):
        return _APPLIED if line else _Verdict(Outcome.PARKED, "unknown_order")
    if report.status is None:
        return _Verdict(Outcome.PARKED, Kind.UNMAPPED_STATUS, Kind.UNMAPPED_STATUS)
    if line is None:
        return _judge_evidence(report)
    if is_regression(report, line.status, line.modified_at):
        return _Verdict(Outcome.REJECTED, Kind.REGRESSION, Kind.REGRESSION)
    return _APPLIED


def _judge_evidence(report: LineReport) -> _Verdict:
    """A click that nobody knows may still come; one with a false tag never was."""
    try:
        click_id = click_id_of(report.click_ref)
    except BadClickTag:
        log.warning("order line %s names a forged click", report.line_id)
        return _Verdict(Outcome.APPLIED, "bad_ref")
    is_known = click_id and Click.objects.filter(pk=click_id).exists()
    if report.click_ref and not is_known:
        return _Verdict(Outcome.PARKED, "unknown_click")
    return _APPLIED


def _programme_of(network: Network, report: Report) -> Programme | None:
    """That of the link the order names, else the network's oldest."""
    programmes = Programme.objects.filter(network=network).order_by("pk")
    if isinstance(report, LineReport) and report.sub_id:
        named = programmes.filter(links__network_sub_id=report.sub_id).first()
        if named:
            return named
    return programmes.first()


# What follows from it -----------------------------------------------------------------


@dataclass(frozen=True)
class _News:
    """What brings a line up to date: an observation, or that others waited enough."""

    network: Network
    line_id: str
    programme: Programme
    report: Report | None = None
    observation: Observation | None = None


def _apply(line: OrderLine | None, news: _News) -> None:
    projection = project(_reports_of(line, news))
    if projection is None:
        return
    if line and projection.fields["paid_minor"] < line.refunded_minor:
        excess = line.refunded_minor - projection.fields["paid_minor"]
        _open(_Verdict("", "", Kind.REFUND_EXCEEDS, excess), line, news.observation)
    else:
        line = _write(line, news, projection)
        _open_what_is_odd(line, news, projection)
        _unpark(line)
    sync_commission(
        line=line, event_at=news.report.modified_at if news.report else None
    )


def _reports_of(line: OrderLine | None, news: _News) -> list[Report]:
    """All that was ever reported of the line and not refused, as it came."""
    rows = Observation.objects.filter(network=news.network, line_id=news.line_id)
    if line is None and news.observation:
        # The first of its line needs no second reading, but what came before may wait.
        rows = rows.filter(outcome=Outcome.PARKED)
    kept = rows.exclude(outcome=Outcome.REJECTED).order_by("pk")
    reports = [read_report(news.network, row.payload) for row in kept]
    if line is None and news.report:
        reports.append(news.report)
    return reports


def _write(line: OrderLine | None, news: _News, projection: Projection) -> OrderLine:
    fields = projection.fields
    if line is None:
        link = _link_of(news.programme, fields)
        line = OrderLine.objects.create(
            network=news.network,
            programme=news.programme,
            line_id=news.line_id,
            product=link.product if link else None,
            **fields,
        )
    else:
        changed = [
            name for name, value in fields.items() if getattr(line, name) != value
        ]
        for name in changed:
            setattr(line, name, fields[name])
        if changed:
            line.version += 1
            line.save(update_fields=[*changed, "version"])
    _write_refunds(line, projection)
    return line


def _write_refunds(line: OrderLine, projection: Projection) -> None:
    for refund_id, refund in projection.refunds.items():
        OrderRefund.objects.update_or_create(
            line=line,
            refund_id=refund_id,
            defaults={
                "refunded_minor": refund.refunded_minor,
                "is_successful": refund.is_successful,
                "modified_at": refund.modified_at,
            },
        )


def _link_of(programme: Programme, fields: dict[str, Any]) -> TrackingLink | None:
    """The link that led to the sale: it knows which product was sold."""
    links = TrackingLink.objects.filter(programme=programme).select_related("product")
    try:
        click_id = click_id_of(fields["click_ref"])
    except BadClickTag:
        return None
    if click_id:
        return links.filter(clicks=click_id).first()
    return links.filter(network_sub_id=fields["sub_id"] or None).first()


def _open_what_is_odd(line: OrderLine, news: _News, projection: Projection) -> None:
    if projection.excess_minor:
        verdict = _Verdict("", "", Kind.REFUND_EXCEEDS, projection.excess_minor)
        _open(verdict, line, news.observation)
    above = (line.settled_minor or 0) - line.paid_minor
    if above > 0:
        _open(_Verdict("", "", Kind.SETTLED_ABOVE, above), line, news.observation)


def _open(
    verdict: _Verdict, line: OrderLine | None, observation: Observation | None
) -> None:
    """Once for the same thing: a report read again is no second discrepancy."""
    Discrepancy.objects.get_or_create(
        line=line,
        kind=verdict.discrepancy,
        delta_minor=verdict.delta_minor,
        resolved_at=None,
        **({} if line else {"observation": observation}),
        defaults={"observation": observation},
    )


# The rows of reports ------------------------------------------------------------------


def _lock(network: Network, line_id: str) -> None:
    """One writer a line at a time, from before its row exists until the commit: else a
    refund could park beside the order that it waits for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"order-line:{network.pk}:{line_id}"],
        )


def _digest(network: Network, report: Report, payload: Payload) -> str:
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if report.is_dated:
        return digest
    # Undated rows may flip there and back; only the last one tells what is news.
    rows = Observation.objects.filter(network=network, line_id=report.line_id)
    last = rows.order_by("pk").last()
    if last is None or last.payload == payload:
        return last.sha256 if last else digest
    return hashlib.sha256(f"{last.sha256}{digest}".encode()).hexdigest()


def _seen(
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


def _store(observation: Observation) -> Observation:
    try:
        with transaction.atomic():
            observation.save(force_insert=True)
    except IntegrityError as error:
        # The line is locked, so this is the same event for another line, at once.
        log.error("event %s came with two contents", observation.event_id)
        raise EventReused from error
    return observation


def _park(observation: Observation, report: Report) -> None:
    ParkedObservation.objects.create(
        observation=observation,
        network=observation.network,
        line_id=observation.line_id,
        click_ref=report.click_ref if isinstance(report, LineReport) else "",
    )


def _unpark(line: OrderLine) -> None:
    waiting = ParkedObservation.objects.filter(
        network=line.network, line_id=line.line_id, resolved_at=None
    )
    # An unknown status is no fact of the line yet, whatever came after it.
    known = waiting.exclude(observation__code=Kind.UNMAPPED_STATUS)
    known.update(resolved_at=timezone.now())
