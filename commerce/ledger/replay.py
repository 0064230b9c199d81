"""Order lines replayed from their reports, and commissions from their lines.

The other checks ask whether the money adds up. Who changes a price and all that follows
from it makes it add up; the reports, which are only appended, still say otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from commerce.exceptions import MalformedNotice
from commerce.figures import figures_of
from commerce.ledger.verify import Finding, patient_snapshot
from commerce.models import Attribution, Commission, Observation, OrderLine
from commerce.networks.adapters import read_report
from commerce.networks.base import Report
from commerce.networks.projection import project, rank

CHECK = "replay"
LINES_AT_ONCE = 1000

# What is compared, as a finding names it.
_OF_LINE = {
    "paid": "paid_minor",
    "settled": "settled_minor",
    "refunded": "refunded_minor",
    "gross fee": "gross_fee_minor",
    "technical fee": "tech_fee_minor",
    "special fee": "special_fee_minor",
}


def replay() -> Iterator[Finding]:
    """All lines, from the first to the last."""
    after: int | None = 0
    while after is not None:
        findings, after = replay_some(after=after)
        yield from findings


def replay_some(
    *, after: int, limit: int = LINES_AT_ONCE
) -> tuple[list[Finding], int | None]:
    """The lines after this key; the last one's comes back if there may be more."""
    with patient_snapshot():
        rows = OrderLine.objects.filter(pk__gt=after).order_by("pk")
        lines = list(
            rows.select_related("programme", "network", "product", "commission")[:limit]
        )
        reports = _reports_of(lines)
        current = Attribution.objects.filter(line__in=lines, is_current=True)
        decided = {row.line_id: row for row in current.select_related("click")}
        findings: list[Finding] = []
        for line in lines:
            findings += _of_line(line, reports[line.network_id, line.line_id])
            findings += _of_commission(line, decided.get(line.pk))
    return findings, lines[-1].pk if len(lines) == limit else None


def _reports_of(
    lines: Sequence[OrderLine],
) -> defaultdict[tuple[int, str], list[Report]]:
    networks = {line.network_id: line.network for line in lines}
    rows = Observation.objects.filter(
        network__in=networks, line_id__in=[line.line_id for line in lines]
    )
    reports: defaultdict[tuple[int, str], list[Report]] = defaultdict(list)
    for row in rows.exclude(outcome=Observation.Outcome.REJECTED).order_by("pk"):
        try:
            report = read_report(networks[row.network_id], row.payload)
        except MalformedNotice:
            continue  # it was read once; without it the line is off, and is named
        reports[row.network_id, row.line_id].append(report)
    return reports


def _of_line(line: OrderLine, reports: Sequence[Report]) -> Iterator[Finding]:
    projection = project(reports)
    fields = projection.fields if projection else {}
    for name, column in _OF_LINE.items():
        expected, found = fields.get(column) or 0, getattr(line, column) or 0
        yield from _differing(f"{name} of order line", line, expected, found)
    status = fields.get("status", line.status)
    named = f"status of order line ({line.status}, reported {status})"
    yield from _differing(named, line, rank(status), rank(line.status))


def _of_commission(
    line: OrderLine, attribution: Attribution | None
) -> Iterator[Finding]:
    try:
        commission = line.commission
    except Commission.DoesNotExist:
        yield from _differing("commissions of order line", line, 1, 0)
        return
    if attribution is None:
        yield from _differing("decisions about order line", line, 1, 0)
        return
    rejection = commission.return_reason if commission.rejected_at else ""
    figures = figures_of(line, attribution, rejection=rejection)
    for name, expected, found in [
        ("base", line.paid_minor, commission.base_minor),
        ("whole", figures.full_gross, commission.full_gross_minor),
        ("gross", figures.gross, commission.gross_minor),
        ("net", figures.net, commission.net_minor),
    ]:
        named = f"{name} of commission {commission.pk}, order line"
        yield from _differing(named, line, expected, found)


def _differing(
    named: str, line: OrderLine, expected: int, found: int
) -> Iterator[Finding]:
    if expected != found:
        yield Finding(CHECK, f"{named} {line.line_id}", line.currency, expected, found)
