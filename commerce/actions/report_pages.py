"""A page of a report's rows: what it would change, and the change itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any  # cells that are shown

from django.db import transaction
from django.utils import timezone

from commerce.actions.amazon_returns import with_sales
from commerce.actions.observations import History, Notice
from commerce.actions.orders import observe_many
from commerce.exceptions import CommerceError
from commerce.models import Network, Observation, Programme
from commerce.money import amount_text
from commerce.networks.base import LineReport, RefundReport, Report
from commerce.networks.reports import Row
from commerce.refusals import EVENT_REUSED

REFUND = "refund"  # beside the statuses of lines
DUPLICATE = Observation.Outcome.DUPLICATE

Refused = list[tuple[int, str]]


@dataclass
class Seen:
    """What a page would do."""

    new: int = 0
    changed: int = 0
    known: int = 0
    foreign: int = 0
    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    refused: Refused = field(default_factory=list)
    first: list[list[Any]] = field(default_factory=list)


class Look:
    """Goes through all pages of a file and remembers what stood on those before."""

    def __init__(self, network: Network, currency: str) -> None:
        self.network, self.currency = network, currency
        currencies = Programme.objects.filter(network=network).values_list("currency")
        self.currencies = {found for (found,) in currencies}
        # Hashes, so that a file of 200,000 rows costs some megabytes.
        self.rows: set[int] = set()
        self.lines: set[int] = set()
        self.events: dict[str, int] = {}

    def remember(self, row: Row) -> str:
        """Of a row that can be read: whether the file had it before (`known`), its line
        (`changed`), or an event of its id that was another (`reused`)."""
        if row.report is None:
            return ""
        notice = _notice(row, row.report)
        said = hash((notice.report.line_id, notice.digest))
        event = notice.event_id
        if event and self.events.setdefault(event, said) != said:
            return EVENT_REUSED
        line = hash(notice.report.line_id)
        answer = "known" if said in self.rows else "changed" * (line in self.lines)
        self.rows.add(said)
        self.lines.add(line)
        return answer

    def at(self, page: Sequence[Row]) -> Seen:
        seen = Seen()
        page = with_sales(self.network, page)
        histories, events = self._told_before(page)
        for row in page:
            seen.first.append(shown(row))
            if row.report is None:
                seen.refused.append((row.number, row.refusal))
                continue
            notice = _notice(row, row.report)
            history = histories.get(row.report.line_id, History())
            digest = history.digest_of(notice)
            in_file = self.remember(row)
            event = events.get(notice.event_id)
            if in_file == EVENT_REUSED or (
                event and event != (row.report.line_id, digest)
            ):
                seen.refused.append((row.number, EVENT_REUSED))
                continue
            self._sum(seen, row.report)
            if in_file == "known" or history.seen(digest):
                seen.known += 1
            elif in_file or history.rows:
                seen.changed += 1
            else:
                seen.new += 1
        return seen

    def _sum(self, seen: Seen, report: Report) -> None:
        amount, commission = figures_of(report)
        before = seen.sums.get(report.currency, (0, 0))
        seen.sums[report.currency] = before[0] + amount, before[1] + commission
        seen.foreign += report.currency not in self.currencies

    def _told_before(
        self, page: Sequence[Row]
    ) -> tuple[dict[str, History], dict[str, tuple[str, str]]]:
        """Unlike those who write, it locks nothing."""
        reports = [row.report for row in page if row.report]
        rows = Observation.objects.filter(
            network=self.network, line_id__in={report.line_id for report in reports}
        )
        histories: dict[str, History] = {}
        for told in rows.only("line_id", "sha256", "payload").order_by("pk"):
            histories.setdefault(told.line_id, History()).rows.append(told)
        ids = {_event_id(row) for row in page} - {""}
        events = Observation.objects.filter(network=self.network, event_id__in=ids)
        found = events.values_list("event_id", "line_id", "sha256") if ids else ()
        return histories, {event: (line, digest) for event, line, digest in found}


def book(network: Network, page: Sequence[Row], outcomes: dict[str, int]) -> Refused:
    """Observe what can be read, and count what became of it; the rows that were not
    taken. Lines before refunds, for these may look for one of them."""
    refused = [(row.number, row.refusal) for row in page if row.report is None]
    lines = [row for row in page if isinstance(row.report, LineReport)]
    refunds = [row for row in page if isinstance(row.report, RefundReport)]
    refused += _observe(network, lines, outcomes)
    refused += _observe(network, with_sales(network, refunds), outcomes)
    return sorted(refused)


def _observe(
    network: Network, rows: Sequence[Row], outcomes: dict[str, int]
) -> Refused:
    """All at once; where that is refused one by one, to find whose fault it was."""
    started = timezone.now()
    notices = [_notice(row, row.report) for row in rows if row.report]
    try:
        with transaction.atomic():
            kept = observe_many(network=network, notices=notices)
    except CommerceError as error:
        if len(rows) == 1:
            return [(rows[0].number, error.code)]
        return [told for row in rows for told in _observe(network, [row], outcomes)]
    counted: set[int] = set()
    for observation in kept:
        is_old = observation.received_at < started or observation.pk in counted
        outcome = DUPLICATE if is_old else observation.outcome
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        counted.add(observation.pk)
    return []


def shown(row: Row) -> list[Any]:
    """A row of the preview's table: its number, line, order, status, amount, commission
    and click, and what is wrong with it."""
    report = row.report
    if report is None:
        return [row.number, "", "", "", "", "", "", row.refusal]
    amount, commission = figures_of(report)
    if isinstance(report, LineReport):
        status = report.status or report.raw_status[:40]
        told, click = report.order_id, report.click_ref or report.sub_id
        fee = report.gross_fee_minor
    else:
        status, told, click, fee = REFUND, "", "", report.fee_minor
    currency = report.currency
    shown_fee = "" if fee is None else amount_text(commission, currency)
    amounts = [f"{amount_text(amount, currency)} {currency}", shown_fee]
    return [row.number, report.line_id, told, status, *amounts, click, ""]


def figures_of(report: Report) -> tuple[int, int]:
    """What was paid and what it earns; both less for what was given back."""
    if isinstance(report, LineReport):
        return report.paid_minor, report.gross_fee_minor or 0
    return -report.refunded_minor, -(report.fee_minor or 0)


def _notice(row: Row, report: Report) -> Notice:
    source = Observation.Source.CSV
    return Notice(source, report, row.payload, _event_id(row))


def _event_id(row: Row) -> str:
    """Of a shop's own notices: the same ones that come by postback."""
    told = row.payload.get("event_id", "")
    return told if isinstance(told, str) and len(told) <= 64 else ""
