"""What people owe the site: returns that came after their payout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from commerce.models import Account, Payout
from users.models import User

# Since when each balance has been a debt without a break.
_SINCE = """
WITH running AS (
    SELECT e.id, e.account_id, j.posted_at,
           sum(e.amount_minor) OVER (PARTITION BY e.account_id ORDER BY e.id) AS minor
    FROM commerce_entry e JOIN commerce_journal j ON j.id = e.journal_id
    WHERE e.account_id = ANY(%s)
), settled AS (
    SELECT account_id, max(id) FILTER (WHERE minor <= 0) AS id
    FROM running GROUP BY account_id
)
SELECT r.account_id, min(r.posted_at)
FROM running r JOIN settled s ON s.account_id = r.account_id
WHERE r.id > coalesce(s.id, 0) GROUP BY r.account_id
"""


@dataclass(frozen=True)
class Debt:
    user: User
    currency: str
    amount_minor: int
    since: datetime
    on_its_way_minor: int  # earned and not approved yet: it will be netted
    has_open_payout: bool  # which may come back, and is netted then

    @property
    def is_old(self) -> bool:
        return self.since <= timezone.now() - write_off_after()

    @property
    def writable_from(self) -> datetime:
        return self.since + write_off_after()


def write_off_after() -> timedelta:
    return timedelta(days=settings.WRITE_OFF_AFTER_DAYS)


def debts(*, user: User | None = None) -> list[Debt]:
    """The oldest first."""
    owed = Account.objects.filter(kind=Account.Kind.PAYABLE, balance_minor__gt=0)
    if user is not None:
        owed = owed.filter(user=user)
    rows = list(owed.exclude(user=None).select_related("user"))
    since = _since(row.pk for row in rows)
    people = [row.user_id for row in rows]
    pending = {
        (row.user_id, row.currency): -row.balance_minor
        for row in Account.objects.filter(kind=Account.Kind.PENDING, user__in=people)
    }
    is_open = {"state__in": [Payout.State.PREPARED, Payout.State.SUBMITTED]}
    payouts = Payout.objects.filter(user__in=people, **is_open)
    waiting = set(payouts.values_list("user", "currency"))
    found = [
        Debt(
            user=row.user,
            currency=row.currency,
            amount_minor=row.balance_minor,
            since=since[row.pk],
            on_its_way_minor=pending.get((row.user_id, row.currency), 0),
            has_open_payout=(row.user_id, row.currency) in waiting,
        )
        for row in rows
        if row.user
    ]
    return sorted(found, key=lambda debt: debt.since)


def _since(accounts: Iterable[int]) -> dict[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, [list(accounts)])
        return dict(cursor.fetchall())
