"""What was ever told of one order line, and the line that follows from it. In memory:
the page it belongs to reads and writes it (commerce.actions.orders)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from commerce.actions.consequences import sync
from commerce.actions.dossiers import Dossier
from commerce.actions.evidence import Clue, Evidence, named_by
from commerce.actions.observations import History, Notice
from commerce.click_refs import BadClickTag
from commerce.figures import TermsAtOrder
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
from commerce.networks.base import LineReport, Report
from commerce.networks.projection import Projection, project
from commerce.verdicts import Verdict, judge

Outcome = Observation.Outcome
Kind = Discrepancy.Kind


@dataclass
class Known:
    """What all lines of a page have in common."""

    network: Network
    programmes: dict[int, Programme] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    terms: TermsAtOrder = field(default_factory=lambda: TermsAtOrder([]))

    def programme_of(self, report: Report) -> Programme | None:
        """That of the link the order names, else the network's oldest."""
        if isinstance(report, LineReport) and report.sub_id in self._named:
            return self.programmes[self._named[report.sub_id]]
        return self.programmes[min(self.programmes)] if self.programmes else None

    @cached_property
    def _named(self) -> dict[str, int]:
        """The programme of each sub-id; of several the oldest."""
        return {
            sub_id: key for key, sub_id in sorted(self.evidence.links, reverse=True)
        }


@dataclass
class Story:
    """Expects its line locked."""

    line_id: str
    history: History
    known: Known
    dossier: Dossier | None = None
    # What came of it since it was read.
    changed: set[str] = field(default_factory=set)  # columns of the line
    is_awaited: bool = False  # by reports that were parked
    observations: list[Observation] = field(default_factory=list)
    parked: list[ParkedObservation] = field(default_factory=list)
    orphans: list[Discrepancy] = field(default_factory=list)
    changed_refunds: dict[str, OrderRefund] = field(default_factory=dict)

    @property
    def line(self) -> OrderLine | None:
        return self.dossier.line if self.dossier else None

    @cached_property
    def reports(self) -> list[Report]:
        """All but the refused ones, as they came."""
        network = self.known.network
        return [read_report(network, row.payload) for row in self._believed()]

    def clues(self, notices: Iterable[Notice]) -> list[Clue]:
        """All that a line may be attributed by that follows from these notices."""
        reports = [*self.reports, *(notice.report for notice in notices)]
        lines = [report for report in reports if isinstance(report, LineReport)]
        programmes = {
            programme.pk: programme
            for notice in notices
            if (programme := notice.programme or self.known.programme_of(notice.report))
        }
        return [
            Clue(programme, created_at, click_ref, sub_id)
            for programme in programmes.values()
            for created_at in {report.created_at for report in lines}
            for click_ref, sub_id in {(r.click_ref, r.sub_id) for r in lines}
        ]

    def take(self, notice: Notice, digest: str) -> Observation:
        """Keep the report, and bring the line and our money to what it says."""
        programme = (
            self.line.programme
            if self.line
            else notice.programme or self.known.programme_of(notice.report)
        )
        verdict = judge(
            notice.report,
            self.line,
            programme,
            refunds=self.dossier.refunds if self.dossier else {},
            click_named=lambda ref: self._evidence.click_named(ref, self.known.network),
        )
        observation = self._keep(notice, digest, verdict)
        if verdict.discrepancy:
            self._open(verdict, observation)
        if verdict.outcome == Outcome.APPLIED and programme:
            self.apply(programme, notice.report, observation)
        elif self.dossier and verdict.discrepancy:
            self._sync()  # which holds it until somebody has looked
        return observation

    def apply(
        self,
        programme: Programme,
        report: Report | None = None,
        observation: Observation | None = None,
    ) -> None:
        """Without a report it is others that have waited long enough."""
        projection = project(self.reports)
        if projection is None:
            return
        is_new = self.line is None
        line = self._write(programme, projection)
        if is_new and projection.excess_minor:  # of refunds that waited for it
            self._open_excess(projection.excess_minor, Kind.REFUND_EXCEEDS, observation)
        above = (line.settled_minor or 0) - line.paid_minor
        if above > 0 and getattr(report, "settled_minor", None) is not None:
            self._open_excess(above, Kind.SETTLED_ABOVE, observation)
        if any(row.outcome == Outcome.PARKED for row in self._believed()):
            self.is_awaited = True
        self._sync(report)

    @property
    def _evidence(self) -> Evidence:
        return self.known.evidence

    def _believed(self) -> list[Observation]:
        return [row for row in self.history.rows if row.outcome != Outcome.REJECTED]

    def _keep(self, notice: Notice, digest: str, verdict: Verdict) -> Observation:
        report = notice.report
        _ = self.reports  # read before it is one of them
        observation = Observation(
            network=self.known.network,
            source=notice.source,
            line_id=self.line_id,
            event_id=notice.event_id,
            payload=notice.payload,
            sha256=digest,
            source_modified_at=report.modified_at,
            outcome=verdict.outcome,
            code=verdict.code,
        )
        self.observations.append(observation)
        self.history.rows.append(observation)
        if verdict.outcome != Outcome.REJECTED:
            self.reports.append(report)
        if verdict.outcome == Outcome.PARKED:
            ref = report.click_ref if isinstance(report, LineReport) else ""
            self.parked.append(
                ParkedObservation(
                    observation=observation,
                    network=self.known.network,
                    line_id=self.line_id,
                    click_ref=ref,
                )
            )
        return observation

    def _write(self, programme: Programme, projection: Projection) -> OrderLine:
        if self.dossier is None:
            self.dossier = Dossier(self._new_line(programme, projection.fields))
            self.known.terms.add(self.dossier.line)
        else:
            self._change(self.dossier.line, projection.fields)
        self._write_refunds(self.dossier, projection)
        return self.dossier.line

    def _new_line(self, programme: Programme, fields: dict[str, Any]) -> OrderLine:
        link = self._link(programme, fields)
        return OrderLine(
            network=self.known.network,
            programme=programme,
            line_id=self.line_id,
            product=link.product if link else None,
            **fields,
        )

    def _change(self, line: OrderLine, fields: dict[str, Any]) -> None:
        changed = {
            name: value
            for name, value in fields.items()
            if getattr(line, name) != value
        }
        for name, value in changed.items():
            setattr(line, name, value)
        if changed:
            line.version += 1
            self.changed |= {*changed, "version"}

    def _write_refunds(self, dossier: Dossier, projection: Projection) -> None:
        for refund_id, report in projection.refunds.items():
            said: dict[str, Any] = {  # Any: values of three types
                "refunded_minor": report.refunded_minor,
                "is_successful": report.is_successful,
                "modified_at": report.modified_at,
            }
            refund = dossier.refunds.get(refund_id)
            if refund is None:
                refund = OrderRefund(line=dossier.line, refund_id=refund_id, **said)
            elif all(getattr(refund, name) == value for name, value in said.items()):
                continue
            for name, value in said.items():
                setattr(refund, name, value)
            dossier.refunds[refund_id] = self.changed_refunds[refund_id] = refund

    def _link(
        self, programme: Programme, fields: dict[str, Any]
    ) -> TrackingLink | None:
        """The link that led to the sale: it knows which product was sold."""
        network, ref = self.known.network, fields["click_ref"]
        try:
            is_named = named_by(ref, network) is not None
            click = self._evidence.click_named(ref, network)
        except BadClickTag:
            return None
        if is_named:
            is_ours = click is not None and click.link.programme_id == programme.pk
            return click.link if click and is_ours else None
        return self._evidence.links.get((programme.pk, fields["sub_id"]))

    def _open_excess(
        self, excess_minor: int, kind: str, observation: Observation | None
    ) -> None:
        self._open(Verdict("", "", kind, excess_minor), observation)

    def _open(self, verdict: Verdict, observation: Observation | None) -> None:
        """Once for the same thing: a report read again is no second discrepancy."""
        row = Discrepancy(
            line=self.line,
            observation=observation,
            kind=verdict.discrepancy,
            delta_minor=verdict.delta_minor,
        )
        if self.dossier is None:
            self.orphans.append(row)
            return
        what = (row.kind, row.delta_minor)
        opened = [d for d in self.dossier.discrepancies if d.resolved_at is None]
        if what not in [(d.kind, d.delta_minor) for d in opened]:
            self.dossier.discrepancies.append(row)

    def _sync(self, report: Report | None = None) -> None:
        if self.dossier:
            sync(
                self.dossier,
                terms=self.known.terms,
                evidence=self._evidence,
                event_at=report.modified_at if report else None,
            )
