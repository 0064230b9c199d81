from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from commerce.actions.imports import import_orders, polled_networks
from commerce.exceptions import NetworkError


class Command(BaseCommand):
    help = "Poll affiliate networks once for orders and refunds that changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--network", help="the code of one network; else all")
        parser.add_argument(
            "--since", help="a day or a moment, such as 2026-11-22T15:00+08:00"
        )

    def handle(self, *, network: str | None, since: str | None, **_: Any) -> None:
        networks = list(polled_networks())
        if network:
            networks = [row for row in networks if row.code == network]
            if not networks:
                raise CommandError(f"No active network {network} is polled.")
        start = _moment(since) if since else None
        failed = []
        for row in networks:
            try:
                read = import_orders(network=row, since=start)
            except NetworkError as error:
                failed.append(f"{row.code}: {error}")
            else:
                self.stdout.write(f"{row.code}: {read} rows read")
        if failed:
            raise CommandError("\n".join(failed))


def _moment(text: str) -> datetime:
    """In the site's time zone where the text names none."""
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  zone below
    except ValueError as error:
        raise CommandError(f"No such day: {text}") from error
    if moment is None:
        raise CommandError(f"Not a day or a moment: {text}")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
