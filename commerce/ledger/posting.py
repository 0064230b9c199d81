"""Journals are written here and nowhere else.

PostgreSQL refuses what is wrong (migration 0004); here it is written so that two who
write at once neither book twice nor block each other for ever.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from commerce.exceptions import LedgerRefused
from commerce.models import (
    Account,
    Commission,
    Entry,
    Journal,
    JournalKind,
    Payout,
    Period,
)
from users.models import User

# (kind, key, user)
AccountName = tuple[str, str, User | None]
Lines = Sequence[tuple[Account, int]]


def account(kind: str, key: str, currency: str, *, user: User | None = None) -> Account:
    """The account of this name, made when it is new."""
    return accounts([(kind, key, user)], currency)[0]


def accounts(names: Iterable[AccountName], currency: str) -> list[Account]:
    """As many accounts, in the order asked for.

    New ones are made in the order of their names: two who need the same new ones then
    wait for each other in one direction only.
    """
    wanted = list(names)
    found = {
        name: Account.objects.get_or_create(
            kind=name[0], key=name[1], currency=currency, defaults={"user": user}
        )[0]
        for name, user in sorted(
            {(kind, key): user for kind, key, user in wanted}.items()
        )
    }
    return [found[kind, key] for kind, key, _ in wanted]


@transaction.atomic
def post(
    *,
    kind: str,
    key: str,
    entries: Lines,
    event_at: datetime,
    commission: Commission | None = None,
    payout: Payout | None = None,
    by: User | None = None,
    note: str = "",
    reverses: Journal | None = None,
) -> Journal:
    """Write a journal, once per key: the second call returns what the first wrote.

    The same key with other entries is a defect of the caller and raises LedgerRefused,
    as do sums other than zero. Locks the accounts, lowest id first.
    """
    if sum(amount for _, amount in entries) or len(entries) < 2:
        raise LedgerRefused(f"{key} does not balance")
    ids = sorted(row.pk for row, _ in entries)
    list(
        Account.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    )
    period = period_of(timezone.localdate())
    if period.closed_at:
        raise LedgerRefused(f"{period} is closed")
    journal = Journal(
        key=key,
        kind=kind,
        commission=commission,
        payout=payout,
        period=period,
        entry_count=len(entries),
        reverses=reverses,
        event_at=event_at,
        by=by,
        note=note[:300],
    )
    if not _insert(journal):
        return _written_before(key, entries)
    Entry.objects.bulk_create(
        Entry(journal=journal, account=row, currency=row.currency, amount_minor=amount)
        for row, amount in entries
    )
    return journal


def reverse(
    journal: Journal,
    *,
    event_at: datetime,
    kind: str = JournalKind.REVERSE,
    by: User | None = None,
    note: str = "",
) -> Journal:
    """Undo a journal to the last minor unit; a second time is the first."""
    return post(
        kind=kind,
        key=f"{kind}:{journal.key}",
        entries=[
            (entry.account, -entry.amount_minor)
            for entry in journal.entries.select_related("account").order_by("pk")
        ],
        event_at=event_at,
        commission=journal.commission,
        payout=journal.payout,
        by=by,
        note=note,
        reverses=journal,
    )


def period_of(day: date) -> Period:
    """The month of the site's calendar in which `day` lies, made on demand."""
    last = calendar.monthrange(day.year, day.month)[1]
    return Period.objects.get_or_create(
        starts_on=day.replace(day=1), defaults={"ends_on": day.replace(day=last)}
    )[0]


def _insert(journal: Journal) -> bool:
    """Whether the key was new. Waits for somebody who is writing the same key."""
    fields = [f for f in Journal._meta.concrete_fields if not f.primary_key]
    values = [f.get_db_prep_save(f.pre_save(journal, True), connection) for f in fields]
    names = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Journal._meta.db_table} ({names}) VALUES ({places})"  # noqa: S608  names of our own columns
            " ON CONFLICT (key) DO NOTHING RETURNING id",
            values,
        )
        row = cursor.fetchone()
    if row is None:
        return False
    journal.pk = row[0]
    journal._state.adding = False
    return True


def _written_before(key: str, entries: Lines) -> Journal:
    journal = Journal.objects.get(key=key)
    before = sorted(journal.entries.values_list("account_id", "amount_minor"))
    if before != sorted((row.pk, amount) for row, amount in entries):
        raise LedgerRefused(f"{key} was posted with other entries")
    return journal
