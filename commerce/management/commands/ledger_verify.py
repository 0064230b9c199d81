from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from commerce.ledger import replay, verify
from commerce.money import amount_text


class Command(BaseCommand):
    help = "Prove the ledger: exit 0 and a table of totals, or 1 and what is off."

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own
        outcome = verify()
        outcome.findings += replay()
        for total in outcome.totals:
            amount = amount_text(total.balance_minor, total.currency)
            self.stdout.write(
                f"{total.kind:<22} {total.currency} {total.accounts:>7} {amount:>18}"
            )
        self.stdout.write(
            f"{outcome.journals} journals, {outcome.commissions} commissions"
        )
        for finding in outcome.findings:
            self.stderr.write(str(finding))
        if not outcome.is_green:
            self.stderr.write(f"{len(outcome.findings)} sums are off")
            sys.exit(1)
        self.stdout.write("The ledger is right to the last minor unit.")
