"""Network facts: every report is kept as it came, and the order line follows from them.

This is the only writer of observations, order lines and refunds. What a line earns is
`sync`'s, in the same transaction: a report is answered once all that follows from it is
durable.

A page of reports is read, thought through and written as a whole, in the same number of
statements for one report as for a thousand (docs/decisions/0024). In memory each report
is taken after the other, so that it does not matter how they were cut into pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from commerce.actions.dossiers import read_dossiers, write_dossiers
from commerce.actions.evidence import gather, links_by_sub_id
from commerce.actions.observations import (
    History,
    Notice,
    read_histories,
    same_event,
    store,
)
from commerce.actions.stories import Known, Story
from commerce.figures import TermsAtOrder
from commerce.models import (
    Discrepancy,
    Network,
    Observation,
    OrderLine,
    ParkedObservation,
    Programme,
)
from commerce.networks.adapters import read_report
from commerce.networks.base import LineReport, Payload, Report
from commerce.rows import insert, update
from commerce.verdicts import BAD_REF, UNKNOWN_CLICK

# So long an order may wait for its click to become known.
CLICK_WAIT = timedelta(hours=24)

Outcome = Observation.Outcome


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
    notice = Notice(source, report, payload, event_id, programme)
    return observe_many(network=network, notices=[notice])[0]


def observe_page(
    *, network: Network, source: str, rows: Sequence[tuple[Report, Payload]]
) -> None:
    """Observe a page of up to a thousand reports, all of them or none."""
    notices = [Notice(source, report, payload) for report, payload in rows]
    observe_many(network=network, notices=notices)


@transaction.atomic
def observe_many(
    *, network: Network, notices: Sequence[Notice], patience_ms: int | None = None
) -> list[Observation]:
    """Observe them all as if one came after the other; their observations. Raises
    EventReused, and then none was observed. No lock is waited for longer than
    `patience_ms`, if that is given: OperationalError."""
    if not notices:
        return []
    if patience_ms is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true)", [f"{patience_ms}ms"]
            )
    line_ids = {notice.report.line_id for notice in notices}
    histories, events = read_histories(network, notices, line_ids)
    seen = [_seen(notice, histories, events) for notice in notices]
    if all(seen):  # pages overlap, and shops repeat what was answered late
        return [row for row in seen if row]
    news = {
        notice.report.line_id
        for notice, row in zip(notices, seen, strict=True)
        if row is None
    }
    stories = _read_stories(network, notices, {key: histories[key] for key in news})
    outcome = []
    for notice in notices:
        row = _seen(notice, histories, events)
        if row is None:
            history = histories[notice.report.line_id]
            story = stories[notice.report.line_id]
            row = story.take(notice, history.digest_of(notice))
            if notice.event_id:
                events[notice.event_id] = row
        outcome.append(row)
    _write_stories(stories.values())
    return outcome


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
    first = ParkedObservation.objects.filter(
        network=network, line_id=line_id, observation__code=UNKNOWN_CLICK
    ).earliest("pk")
    row = first.observation
    notice = Notice(row.source, read_report(network, row.payload), row.payload)
    histories, _events = read_histories(network, [], [line_id])
    story = _read_stories(network, [notice], histories)[line_id]
    programme = (
        story.line.programme if story.line else story.known.programme_of(notice.report)
    )
    if programme:
        story.apply(programme)
        _write_stories([story])


def _seen(
    notice: Notice, histories: dict[str, History], events: dict[str, Observation]
) -> Observation | None:
    """The same report from before. Raises EventReused for its id on another one."""
    history = histories[notice.report.line_id]
    digest = history.digest_of(notice)
    if not notice.event_id:
        return history.seen(digest)
    known = events.get(notice.event_id)
    return same_event(known, notice, digest) if known else None


# Reading and writing a page -----------------------------------------------------------


def _read_stories(
    network: Network, notices: Sequence[Notice], histories: dict[str, History]
) -> dict[str, Story]:
    known = Known(network)
    stories = {
        line_id: Story(line_id, history, known)
        for line_id, history in histories.items()
    }
    # No line without a report: what nobody told of before is new.
    old = [line_id for line_id, history in histories.items() if history.rows]
    dossiers = read_dossiers(network.pk, old) if old else {}
    lines = [dossier.line for dossier in dossiers.values()]
    news = [notice for notice in notices if notice.report.line_id in stories]
    known.programmes = _programmes(network, news, lines)
    known.terms = TermsAtOrder(lines)
    for line_id, dossier in dossiers.items():
        line = dossier.line
        line.network, line.programme = network, known.programmes[line.programme_id]
        stories[line_id].dossier = dossier
    _read_evidence(stories, news)
    return stories


def _programmes(
    network: Network, notices: Sequence[Notice], lines: Sequence[OrderLine]
) -> dict[int, Programme]:
    """Those of the network, or the one for which all notices came."""
    given = {
        notice.programme.pk: notice.programme for notice in notices if notice.programme
    }
    is_given = all(notice.programme for notice in notices)
    if is_given and all(line.programme_id in given for line in lines):
        return given
    rows = Programme.objects.filter(network=network).select_related("shop")
    found = {row.pk: row for row in rows}
    for row in found.values():
        row.network = network
    return found


def _read_evidence(stories: dict[str, Story], notices: Sequence[Notice]) -> None:
    """For the lines that are still to be attributed."""
    by_line: dict[str, list[Notice]] = {}
    for notice in notices:
        story = stories[notice.report.line_id]
        if story.dossier is None or story.dossier.attribution is None:
            by_line.setdefault(story.line_id, []).append(notice)
    if not by_line:
        return
    known = next(iter(stories.values())).known
    sub_ids = {
        report.sub_id
        for line_id in by_line
        for report in [
            *stories[line_id].reports,
            *(notice.report for notice in by_line[line_id]),
        ]
        if isinstance(report, LineReport) and report.sub_id
    }
    if sub_ids:
        names = {(key, sub_id) for key in known.programmes for sub_id in sub_ids}
        known.evidence.links = links_by_sub_id(names)
    clues = [
        clue
        for line_id, told in by_line.items()
        for clue in stories[line_id].clues(told)
    ]
    known.evidence = gather(clues, known.network, links=known.evidence.links)


def _write_stories(stories: Iterable[Story]) -> None:
    told = list(stories)
    store([row for story in told for row in story.observations])
    insert([row for story in told for row in story.parked])
    lines = [story.line for story in told if story.line]
    new = [line for line in lines if line.pk is None]
    changed = {name for story in told for name in story.changed}
    old = [s.line for s in told if s.line and s.line.pk and s.changed]
    update(old, tuple(sorted(changed)))
    insert(new)
    refunds = [row for story in told for row in story.changed_refunds.values()]
    update([row for row in refunds if row.pk], _OF_REFUND)
    insert([row for row in refunds if row.pk is None])
    insert([row for story in told for row in story.orphans])
    write_dossiers([story.dossier for story in told if story.dossier])
    _unpark([story for story in told if story.is_awaited])


_OF_REFUND = ("refunded_minor", "is_successful", "modified_at")


def _unpark(stories: Sequence[Story]) -> None:
    if not stories:
        return
    waiting = ParkedObservation.objects.filter(
        network=stories[0].known.network,
        line_id__in=[story.line_id for story in stories],
        resolved_at=None,
    )
    # An unknown status is no fact of the line yet, whatever came after it.
    known = waiting.exclude(observation__code=Discrepancy.Kind.UNMAPPED_STATUS)
    known.update(resolved_at=timezone.now())
