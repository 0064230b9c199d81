"""Celery's way into commerce: primary keys in, nothing out."""

from __future__ import annotations

from celery import shared_task

from commerce.actions import clicks, links, orders
from commerce.models import Programme


@shared_task
def link_pins(programme_pk: int) -> None:
    """Make the tracking links that a programme newly allows."""
    programme = Programme.objects.active().filter(pk=programme_pk).first()
    if programme:
        links.link_pins(programme=programme)


@shared_task
def resolve_parked() -> None:
    orders.resolve_parked()


@shared_task
def purge_clicks() -> None:
    clicks.purge_clicks()
