from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from commerce.ledger import report


class Command(BaseCommand):
    help = "Accounts with balances, journals, commissions and shares, from their rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own
        found = report()
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        for name, rows in found.items():
            self.stdout.write(name)
            for row in rows:
                self.stdout.write(
                    "  " + "  ".join(str(value) for value in row.values())
                )
