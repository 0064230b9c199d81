"""Order lines replayed from their reports, and commissions from their lines.

The other checks ask whether the money adds up. Who changes a price and all that follows
from it makes it add up; the reports, which are only appended, still say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db import connection

from commerce.exceptions import MalformedNotice
from commerce.figures import TermsAtOrder, figures_of
from commerce.ledger.verify import Finding, patient_snapshot
from commerce.models import Attribution, Network, OrderLine
from commerce.networks.adapters import read_report
from commerce.networks.base import Report
from commerce.networks.projection import project, rank

CHECK = "replay"
LINES_AT_ONCE = 1000

# A line, whose it is, what it earned and all that was told of it. Making models of them
# takes three times as long as all that is then computed. The lines are chosen first:
# joined as a whole, PostgreSQL would read all tables for each thousand of them.
_LINES = """
SELECT l.id, l.line_id, l.network_id, l.programme_id, l.product_id, l.currency,
       l.status, l.paid_minor, l.settled_minor, l.refunded_minor, l.gross_fee_minor,
       l.tech_fee_minor, l.special_fee_minor, l.created_at, l.settled_at,
       a.id, a.reason, k.rate_bp,
       c.id, c.base_minor, c.full_gross_minor, c.gross_minor, c.net_minor,
       CASE WHEN c.rejected_at IS NOT NULL THEN c.return_reason ELSE '' END,
       (SELECT json_agg(o.payload ORDER BY o.id)::text FROM commerce_observation o
        WHERE o.network_id = l.network_id AND o.line_id = l.line_id
              AND o.outcome <> 'rejected')
FROM (
    SELECT * FROM commerce_orderline WHERE id > %s ORDER BY id LIMIT %s
) AS l
LEFT JOIN commerce_commission c ON c.line_id = l.id
LEFT JOIN commerce_attribution a ON a.line_id = l.id AND a.is_current
LEFT JOIN commerce_click k ON k.id = a.click_id
ORDER BY l.id
"""

# What is compared, as a finding names it.
_OF_LINE = {
    "paid": "paid_minor",
    "settled": "settled_minor",
    "refunded": "refunded_minor",
    "gross fee": "gross_fee_minor",
    "technical fee": "tech_fee_minor",
    "special fee": "special_fee_minor",
}


@dataclass(slots=True)
class Line:
    """What the figures ask of an OrderLine, under the same names."""

    pk: int
    line_id: str
    network_id: int
    programme_id: int
    product_id: int | None
    currency: str
    status: str
    paid_minor: int
    settled_minor: int | None
    refunded_minor: int
    gross_fee_minor: int | None
    tech_fee_minor: int
    special_fee_minor: int
    created_at: datetime
    settled_at: datetime | None
    network: Network


@dataclass(slots=True)
class Click:
    rate_bp: int


@dataclass(slots=True)
class Decided:
    """The same of an Attribution."""

    reason: str
    click: Click | None


@dataclass(slots=True)
class Earned:
    """What is kept of the commission, and the words of who rejected it."""

    pk: int
    base: int
    whole: int
    gross: int
    net: int
    rejection: str


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
    findings: list[Finding] = []
    with patient_snapshot(), connection.cursor() as cursor:
        networks = Network.objects.in_bulk()
        cursor.execute(_LINES, [after, limit])
        rows = cursor.fetchall()
        lines = [Line(*(*row[:15], networks[row[2]])) for row in rows]
        terms = TermsAtOrder(cast("list[OrderLine]", lines))  # by the same names
        for line, row in zip(lines, rows, strict=True):
            decision, reason, rate_bp, *earned, told = row[15:]
            findings += _of_line(line, _reports_of(line.network, told))
            decided = Decided(reason, None if rate_bp is None else Click(rate_bp))
            findings += _of_commission(
                line,
                None if decision is None else decided,
                None if earned[0] is None else Earned(*earned),
                terms,
            )
    return findings, lines[-1].pk if len(lines) == limit else None


def _reports_of(network: Network, told: str | None) -> list[Report]:
    reports: list[Report] = []
    for payload in json.loads(told) if told else ():
        try:
            reports.append(read_report(network, payload))
        except MalformedNotice:
            continue  # it was read once; without it the line is off, and is named
    return reports


def _of_line(line: Line, reports: list[Report]) -> Iterator[Finding]:
    projection = project(reports)
    fields = projection.fields if projection else {}
    for name, column in _OF_LINE.items():
        expected, found = fields.get(column) or 0, getattr(line, column) or 0
        if expected != found:
            yield _off(f"{name} of order line", line, expected, found)
    status = fields.get("status", line.status)
    if status != line.status and rank(status) != rank(line.status):
        named = f"status of order line ({line.status}, reported {status})"
        yield _off(named, line, rank(status), rank(line.status))


def _of_commission(
    line: Line, decided: Decided | None, earned: Earned | None, terms: TermsAtOrder
) -> Iterator[Finding]:
    if earned is None:
        yield _off("commissions of order line", line, 1, 0)
        return
    if decided is None:
        yield _off("decisions about order line", line, 1, 0)
        return
    figures = figures_of(
        cast("OrderLine", line),  # by the same names, both
        cast("Attribution", decided),
        rejection=earned.rejection,
        terms=terms,
    )
    for name, expected, found in (
        ("base", line.paid_minor, earned.base),
        ("whole", figures.full_gross, earned.whole),
        ("gross", figures.gross, earned.gross),
        ("net", figures.net, earned.net),
    ):
        if expected != found:
            named = f"{name} of commission {earned.pk}, order line"
            yield _off(named, line, expected, found)


def _off(named: str, line: Line, expected: int, found: int) -> Finding:
    return Finding(CHECK, f"{named} {line.line_id}", line.currency, expected, found)
