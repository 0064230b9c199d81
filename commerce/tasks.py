"""Celery's way into commerce: primary keys in, nothing out."""

from __future__ import annotations

import logging
from typing import Any  # what a message may hold

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

from commerce.actions import (
    claims,
    clicks,
    conversions,
    imports,
    links,
    order_claims,
    orders,
    report_imports,
    risk,
    statement_approvals,
    statement_lines,
    statement_pulls,
)
from commerce.exceptions import NetworkError
from commerce.ledger import replay_some, verify
from commerce.models import Network, Programme, ReportImport, Statement

log = logging.getLogger(__name__)

# Below the soft time limit of a task; what is left is read the next time.
BUDGET_S = 25
CONVERTED_EVERY_S = 30  # as the schedule says
CONVERSIONS_S = 10  # of those; the rest is for pictures
CONVERSIONS_REST_S = 600
# A night's or month's reading waits out what passes; never longer than a message may.
MOST_TRIES, RETRY_S, LONGEST_PAUSE_S = 10, 60, 100


@shared_task
def link_pins(programme_pk: int, after: int = 0) -> None:
    """Make the tracking links that a programme newly allows, some at a time."""
    programme = Programme.objects.filter(pk=programme_pk).first()
    if programme and (last := links.link_pins(programme=programme, after=after)):
        link_pins.delay(programme_pk, last)


@shared_task
def link_saved(pin_pks: list[int]) -> None:
    links.link_saved(pin_pks)


@shared_task
def import_orders() -> None:
    """Poll every network that has to be asked, each by a message of its own: one that
    is down keeps none waiting."""
    for network in imports.polled_networks():
        import_network.apply_async((network.pk,), expires=settings.ORDER_POLL_S)


@shared_task
def import_network(network_pk: int) -> None:
    network = Network.objects.get(pk=network_pk)
    try:
        imports.import_orders(network=network, budget_s=BUDGET_S)
    except NetworkError as error:
        log.error("orders of %s were not read: %s", network.code, error)


@shared_task
def sweep_orders() -> None:
    for network in imports.polled_networks():
        read_past.delay(network.pk, imports.nightly_windows())


@shared_task
def read_settled() -> None:
    """Once a month, when networks have settled the last one."""
    for network in imports.polled_networks():
        read_past.delay(network.pk, [imports.last_month()])


@shared_task
def read_past(network_pk: int, windows: list[list[Any]], tries: int = 0) -> None:
    """Read the first window again, as far as a task's time reaches, and send on what is
    left, behind whatever else waits meanwhile."""
    network = Network.objects.get(pk=network_pk)
    window, rest = imports.Window(*windows[0]), windows[1:]
    try:
        left = imports.read_past(network=network, window=window, budget_s=BUDGET_S)
    except NetworkError as error:
        if error.retry and tries < MOST_TRIES:
            pause = min(error.retry_after_s or RETRY_S, LONGEST_PAUSE_S)
            read_past.apply_async((network_pk, windows, tries + 1), countdown=pause)
            return
        log.error("a time past of %s was not read: %s", network.code, error)
        left = None
    if rest := [list(left), *rest] if left else rest:
        read_past.delay(network_pk, rest)


@shared_task
def convert_links() -> None:
    """Have the newest links, and those whose code ends, converted by their network."""
    for network in conversions.converting_networks():
        if cache.get(f"conversions-rest:{network.pk}"):
            continue
        convert_links_of.apply_async((network.pk,), expires=CONVERTED_EVERY_S)


@shared_task
def convert_links_of(network_pk: int) -> None:
    network = Network.objects.get(pk=network_pk)
    try:
        conversions.convert_due(network=network, budget_s=CONVERSIONS_S)
    except NetworkError as error:
        log.error("links of %s were not converted: %s", network.code, error)
        # What is no single link's trouble is every link's, for a while.
        pause = error.retry_after_s or CONVERSIONS_REST_S
        cache.set(f"conversions-rest:{network_pk}", True, pause)


@shared_task
def read_report(report_pk: int) -> None:
    """Read on in a report's file, as far as a task's time reaches, and come again."""
    report = ReportImport.objects.filter(pk=report_pk).first()
    if report and not report_imports.advance(report=report, budget_s=BUDGET_S):
        read_report.delay(report_pk)


@shared_task
def read_reports() -> None:
    """Whose message was lost on the way."""
    for report_pk in report_imports.unfinished():
        read_report.delay(report_pk)


@shared_task
def read_statement(statement_pk: int) -> None:
    """Read and compare its lines, as far as a task's time reaches, and come again."""
    statement = Statement.objects.select_related("network").get(pk=statement_pk)
    advance = statement_pulls.advance_pull
    if statement.pulled_until is None:
        advance = statement_lines.advance
    try:
        is_done = advance(statement=statement, budget_s=BUDGET_S)
    except NetworkError as error:  # it is asked again when the next sweep finds it
        log.error("statement %s is not told: %s", statement_pk, error)
        return
    if not is_done:
        read_statement.delay(statement_pk)


@shared_task
def read_statements() -> None:
    """Whose message was lost on the way."""
    for statement_pk in statement_lines.unfinished():
        read_statement.delay(statement_pk)
    for statement_pk in statement_approvals.unfinished():
        approve_lines.delay(statement_pk)


@shared_task
def approve_lines(statement_pk: int, after: int = 0) -> None:
    """Approve what an approved statement pays for, in the name of its approver."""
    statement = Statement.objects.filter(pk=statement_pk).first()
    if statement is None or statement.approved_by is None:
        return
    last = statement_approvals.approve_matched(
        statement=statement, by=statement.approved_by, after=after, budget_s=BUDGET_S
    )
    if last is not None:
        approve_lines.delay(statement_pk, last)


@shared_task
def resolve_parked() -> None:
    orders.resolve_parked()


@shared_task
def weigh_claims() -> None:
    order_claims.weigh_claims()
    order_claims.close_old_claims()


@shared_task
def purge_clicks() -> None:
    """And what came to accounts after they were closed."""
    clicks.purge_clicks()
    claims.give_up_leftovers()


@shared_task
def look_for_risk() -> None:
    risk.look_for_risk()


@shared_task
def verify_ledger() -> None:
    """A ledger that is off is an alarm for whoever reads the log."""
    for finding in verify().findings:
        log.error("the ledger is off: %s", finding)
    replay_lines.delay()


@shared_task
def replay_lines(after: int = 0) -> None:
    """Some at a time: all of them would not fit into a task's time."""
    findings, last = replay_some(after=after)
    for finding in findings:
        log.error("the ledger is off: %s", finding)
    if last:
        replay_lines.delay(last)
