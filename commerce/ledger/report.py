"""What stands in the ledger, read straight from rows."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Sum

from commerce.ledger.verify import patient_snapshot
from commerce.models import Account, Commission, CommissionShare, Journal

# Any: the report is JSON, rows of several shapes.
Report = dict[str, list[Any]]


def report() -> Report:
    """Accounts with balances in minor units, journals, commissions and shares by
    state. A debit is positive."""
    with patient_snapshot():
        return {
            "accounts": list(
                Account.objects.order_by("kind", "key", "currency").values(
                    "kind", "key", "currency", "balance_minor"
                )
            ),
            "journals": list(
                Journal.objects.order_by()
                .values("kind", currency=F("entries__currency"))
                .annotate(count=Count("pk", distinct=True))
                .order_by("kind", "currency")
            ),
            "commissions": list(
                Commission.objects.values("state", "currency")
                .annotate(
                    count=Count("pk"),
                    gross_minor=Sum("gross_minor"),
                    fee_minor=Sum("fee_minor"),
                    net_minor=Sum("net_minor"),
                )
                .order_by("state", "currency")
            ),
            "shares": list(
                CommissionShare.objects.values(
                    "role",
                    state=F("commission__state"),
                    currency=F("commission__currency"),
                )
                .annotate(count=Count("pk"), amount_minor=Sum("amount_minor"))
                .order_by("state", "role", "currency")
            ),
        }
