"""Celery's way into commerce: primary keys in, nothing out."""

from __future__ import annotations

import logging

from celery import shared_task

from commerce.actions import clicks, imports, links, orders
from commerce.exceptions import NetworkError
from commerce.ledger import replay_some, verify
from commerce.models import Network, Programme

log = logging.getLogger(__name__)

# Below the soft time limit of a task; what is left is read the next time.
BUDGET_S = 30


@shared_task
def link_pins(programme_pk: int, after: int = 0) -> None:
    """Make the tracking links that a programme newly allows, some at a time."""
    programme = Programme.objects.filter(pk=programme_pk).first()
    if programme and (last := links.link_pins(programme=programme, after=after)):
        link_pins.delay(programme_pk, last)


@shared_task
def import_orders() -> None:
    """Poll every network that has to be asked. One that is down keeps none waiting."""
    for network in imports.polled_networks():
        try:
            imports.import_orders(network=network, budget_s=BUDGET_S)
        except NetworkError as error:
            log.error("orders of %s were not read: %s", network.code, error)


@shared_task
def sweep_orders() -> None:
    for network in imports.polled_networks():
        for days_ago in imports.SWEPT_DAYS:
            sweep_day.delay(network.pk, days_ago)


@shared_task
def sweep_day(network_pk: int, days_ago: int) -> None:
    network = Network.objects.get(pk=network_pk)
    try:
        imports.sweep_day(network=network, days_ago=days_ago)
    except NetworkError as error:
        log.error("a day of %s was not swept: %s", network.code, error)


@shared_task
def resolve_parked() -> None:
    orders.resolve_parked()


@shared_task
def purge_clicks() -> None:
    clicks.purge_clicks()


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
