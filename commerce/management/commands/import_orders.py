from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from commerce.actions.imports import import_orders, polled_networks
from commerce.actions.report_imports import (
    ReportKnown,
    advance,
    confirm_report,
    discard_report,
    try_report_again,
    upload_report,
)
from commerce.exceptions import CommerceError, NetworkError
from commerce.models import Network, ReportImport
from commerce.money import amount_text
from commerce.refusals import refusal_shown
from users.models import User

State = ReportImport.State


class Command(BaseCommand):
    help = "Poll affiliate networks once, or import a network's report from a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--network", help="the code of one network; else all")
        parser.add_argument(
            "--since", help="a day or a moment, such as 2026-11-22T15:00+08:00"
        )
        parser.add_argument(
            "--file", help="a report of the network, CSV or JSON, instead of polling it"
        )
        parser.add_argument(
            "--by", metavar="USER", help="of a file: the reviewer who brings it"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="of a file: say what it would do"
        )

    def handle(
        self,
        *,
        network: str | None,
        since: str | None,
        file: str | None = None,
        dry_run: bool = False,
        by: str | None = None,
        **_: Any,
    ) -> None:
        if file:
            if not network or since:
                raise CommandError(
                    "A file belongs to one --network and has no --since."
                )
            self._import_file(network, Path(file), dry_run=dry_run, by=_reviewer(by))
        elif dry_run:
            raise CommandError("Only a --file can be looked at with --dry-run.")
        elif by:
            raise CommandError("Only a --file is brought --by somebody.")
        else:
            self._poll(network, since)

    def _poll(self, code: str | None, since: str | None) -> None:
        networks = list(polled_networks())
        if code:
            networks = [row for row in networks if row.code == code]
            if not networks:
                raise CommandError(f"No active network {code} is polled.")
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

    def _import_file(
        self, code: str, path: Path, *, dry_run: bool, by: User | None
    ) -> None:
        network = Network.objects.filter(code=code).first()
        if network is None:
            raise CommandError(f"No network {code}.")
        report, is_new = self._uploaded(network, path, by)
        if report.state == State.DONE:
            self.stdout.write(f"{path.name} was imported before: nothing is done.")
            return
        if dry_run and report.confirmed_at:
            # To go on with it would book what was confirmed before.
            self.stdout.write(f"{path.name} is {report.state}: nothing is done.")
            return
        if report.state == State.FAILED:
            try_report_again(report=report, by=by)
        advance(report=report)
        report.refresh_from_db()
        self._tell_look(report)
        if not dry_run:
            if report.state == State.CHECKED:
                confirm_report(report=report, by=by)
            advance(report=report)
            report.refresh_from_db()
            self._tell_outcome(report)
        refused = report.refused_count
        if dry_run and is_new:
            discard_report(report=report, by=by)
        if refused:
            raise CommandError(f"{refused} rows were refused.")

    def _uploaded(
        self, network: Network, path: Path, by: User | None
    ) -> tuple[ReportImport, bool]:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from error
        try:
            report = upload_report(
                network=network, name=path.name, content=content, by=by
            )
        except ReportKnown as error:
            return error.report, False
        except CommerceError as error:
            raise CommandError(str(error.for_user)) from error
        return report, True

    def _tell_look(self, report: ReportImport) -> None:
        self.stdout.write(
            f"{report.row_count} rows: {report.new_count} new,"
            f" {report.changed_count} changed, {report.known_count} known,"
            f" {report.foreign_count} in another currency,"
            f" {report.refused_count} refused"
        )
        for currency, (amount, commission) in sorted(report.sums.items()):
            self.stdout.write(
                f"{currency}: sales {amount_text(amount, currency)},"
                f" commissions {amount_text(commission, currency)}"
            )
        for number, reason in report.refused:
            self.stderr.write(f"row {number}: {refusal_shown(reason)}")

    def _tell_outcome(self, report: ReportImport) -> None:
        told = [f"{outcome} {n}" for outcome, n in sorted(report.outcomes.items())]
        self.stdout.write(f"{report.state}: {', '.join(told) or 'no row was taken'}")


def _reviewer(name: str | None) -> User | None:
    """Whom the file's page names; nobody is the command."""
    if name is None:
        return None
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None or not found.has_perm("commerce.add_reportimport"):
        raise CommandError(f"{name} is no reviewer who may bring files.")
    return found


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
