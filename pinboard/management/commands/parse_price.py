"""The amount and the currency in a price string, as JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pinboard.sources.prices import parse_price


class Command(BaseCommand):
    help = "Read a price string, or a CSV with the columns price_raw,currency_hint."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", nargs="?", metavar="TEXT")
        parser.add_argument("--hint", default="", help="a text from beside the price")
        parser.add_argument("--file", type=Path, metavar="CSV")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        if options["file"]:
            self._read_file(options["file"])
        elif options["text"] is not None:
            self._write(options["text"], options["hint"])
        else:
            raise CommandError("Give a TEXT or a --file.")

    def _read_file(self, path: Path) -> None:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    self._write(
                        row.get("price_raw") or "", row.get("currency_hint") or ""
                    )
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error

    def _write(self, text: str, hint: str) -> None:
        amount, currency = parse_price(text, hint)
        answer = {"amount": amount, "currency": currency}
        self.stdout.write(json.dumps(answer, ensure_ascii=False))
