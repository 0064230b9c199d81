"""Network facts: every report is kept as it came, and the order line follows from them.

This is the only writer of observations, order lines and refunds. What a line earns is
`sync_commission`'s, called in the same transaction: a report is answered once all that
follows from it is durable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from commerce.actions.commissions import sync_commission
from commerce.actions.observations import (
    digest_in,
    digest_of,
    lock_line,
    park,
    seen_before,
    store,
    unpark,
)
from commerce.click_refs import BadClickTag, click_id_of
from commerce.models import (
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
from commerce.networks.base import LineReport, Payload, Report
from commerce.networks.projection import Projection, project
from commerce.verdicts import BAD_REF, UNKNOWN_CLICK, Verdict, judge

# So long an order may wait for its click to become known.
CLICK_WAIT = timedelta(hours=24)

Outcome = Observation.Outcome
Kind = Discrepancy.Kind


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
    lock_line(network, report.line_id)
    digest = digest_in(network, report, payload)
    if seen := seen_before(network, report.line_id, digest, event_id):
        return seen
    line = _line_of(network, report.line_id)
    programme = line.programme if line else programme or _programme_of(network, report)
    verdict = judge(report, line, programme)
    observation = store(
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
        park(observation, report)
    if verdict.discrepancy:
        _open(verdict, line, observation)
    if verdict.outcome == Outcome.APPLIED and programme:
        news = _News(network, report.line_id, programme, report, observation)
        _apply(line, news)
    elif line and verdict.discrepancy:
        sync_commission(line=line)  # which holds it until somebody has looked
    return observation


@transaction.atomic
def observe_page(
    *, network: Network, source: str, rows: Sequence[tuple[Report, Payload]]
) -> None:
    """Observe a page of reports, all of them or none.

    Pages overlap all the time, so most of a page was kept before: one query finds that.
    """
    digests = [digest_of(payload) for _, payload in rows]
    kept = Observation.objects.filter(network=network, sha256__in=digests)
    known = set(kept.values_list("sha256", flat=True))
    for (report, payload), digest in zip(rows, digests, strict=True):
        if not (report.is_dated and digest in known):
            observe(network=network, source=source, report=report, payload=payload)


def was_booked(observation: Observation) -> bool:
    """Whether its line shows it: what waits or was refused is only kept."""
    if observation.outcome == Outcome.PARKED:
        parked = ParkedObservation.objects.filter(observation=observation)
        return parked.filter(resolved_at__isnull=False).exists()
    return observation.outcome == Outcome.APPLIED and observation.code != BAD_REF


def resolve_parked() -> int:
    """Orders whose click did not become known in a day are nobody's; how many."""
    waiting = ParkedObservation.objects.filter(
        resolved_at=None,
        observation__code=UNKNOWN_CLICK,
        parked_at__lt=timezone.now() - CLICK_WAIT,
    )
    lines = waiting.values_list("network", "line_id").distinct()
    for network_id, line_id in lines:
        _resolve(Network.objects.get(pk=network_id), line_id)
    return len(lines)


@transaction.atomic
def _resolve(network: Network, line_id: str) -> None:
    lock_line(network, line_id)
    line = _line_of(network, line_id)
    first = ParkedObservation.objects.filter(
        network=network, line_id=line_id, observation__code=UNKNOWN_CLICK
    ).earliest("pk")
    report = read_report(network, first.observation.payload)
    programme = line.programme if line else _programme_of(network, report)
    if programme:
        _apply(line, _News(network, line_id, programme))


def _line_of(network: Network, line_id: str) -> OrderLine | None:
    lines = OrderLine.objects.filter(network=network, line_id=line_id)
    return lines.select_for_update(of=("self",)).select_related("programme").first()


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
    rows = _rows_of(news)
    projection = project([read_report(news.network, row.payload) for row in rows])
    if projection is None:
        return
    is_new = line is None
    line = _write(line, news, projection)
    if is_new and projection.excess_minor:  # of refunds that waited for it
        _open_excess(line, news, projection.excess_minor, Kind.REFUND_EXCEEDS)
    above = (line.settled_minor or 0) - line.paid_minor
    if above > 0 and getattr(news.report, "settled_minor", None) is not None:
        _open_excess(line, news, above, Kind.SETTLED_ABOVE)
    if any(row.outcome == Outcome.PARKED for row in rows):
        unpark(line)
    sync_commission(
        line=line, event_at=news.report.modified_at if news.report else None
    )


def _rows_of(news: _News) -> list[Observation]:
    """All that was ever observed of the line and not refused, as it came."""
    rows = Observation.objects.filter(network=news.network, line_id=news.line_id)
    return list(rows.exclude(outcome=Outcome.REJECTED).order_by("pk"))


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
    sub_id = fields["sub_id"]  # without one, links that have none are no match
    return links.filter(network_sub_id=sub_id).first() if sub_id else None


def _open_excess(line: OrderLine, news: _News, excess_minor: int, kind: str) -> None:
    _open(Verdict("", "", kind, excess_minor), line, news.observation)


def _open(
    verdict: Verdict, line: OrderLine | None, observation: Observation | None
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
