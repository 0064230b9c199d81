"""Journals are written here and nowhere else.

PostgreSQL refuses what is wrong (migrations 0004 and later); here it is written so that
two who write at once neither book twice nor block each other for ever.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
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
    Statement,
)
from commerce.rows import insert, insert_values, select_one
from users.models import User

# (kind, key, user)
AccountName = tuple[str, str, User | None]
Lines = Sequence[tuple[Account, int]]


@dataclass(frozen=True)
class Draft:
    """A journal that is still to be written."""

    kind: str
    key: str
    entries: Lines
    event_at: datetime
    commission: Commission | None = None
    payout: Payout | None = None
    by: User | None = None
    note: str = ""
    reverses: Journal | None = None
    statement: Statement | None = None


def account(kind: str, key: str, currency: str, *, user: User | None = None) -> Account:
    """The account of this name, made when it is new."""
    return accounts([(kind, key, user)], currency)[0]


def accounts(names: Iterable[AccountName], currency: str) -> list[Account]:
    """As many accounts, in the order asked for."""
    wanted = [(kind, key, user.pk if user else None) for kind, key, user in names]
    found = accounts_of({(*name, currency) for name in wanted})
    return [found[kind, key, currency] for kind, key, _ in wanted]


def accounts_of(
    names: Iterable[tuple[str, str, int | None, str]],
) -> dict[tuple[str, str, str], Account]:
    """By kind, key and currency; asked for by these and the user's key.

    New ones are made in the order of their names: two who need the same new ones then
    wait for each other in one direction only.
    """
    users = {(kind, key, currency): user for kind, key, user, currency in names}
    found = _found(users)
    if missing := sorted(users.keys() - found.keys()):
        insert(
            [
                Account(kind=kind, key=key, currency=currency, user_id=users[name])
                for name in missing
                for kind, key, currency in [name]
            ],
            new_by=("kind", "key", "currency"),
        )
        found |= _found(missing)
    return found


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
    statement: Statement | None = None,
) -> Journal:
    """Write a journal, once per key: the second call returns what the first wrote.

    The same key with other entries is a defect of the caller and raises LedgerRefused,
    as do sums other than zero.
    """
    beside = (commission, payout, by, note, reverses, statement)
    return post_all([Draft(kind, key, entries, event_at, *beside)])[0]


def post_all(drafts: Sequence[Draft]) -> list[Journal]:
    """Write as many journals, each once per key, in the caller's transaction.

    All entries are one statement, whose trigger locks the accounts, lowest id first.
    """
    for draft in drafts:
        if sum(amount for _, amount in draft.entries) or len(draft.entries) < 2:
            raise LedgerRefused(f"{draft.key} does not balance")
    period = period_of(timezone.localdate())
    if period.closed_at:
        raise LedgerRefused(f"{period} is closed")
    journals = [_journal(draft, period) for draft in drafts]
    insert(journals, new_by=("key",))
    written = list(zip(journals, drafts, strict=True))
    insert_values(
        Entry,
        ("journal_id", "account_id", "currency", "amount_minor"),
        [
            (journal.pk, row.pk, row.currency, amount)
            for journal, draft in written
            if journal.pk is not None
            for row, amount in draft.entries
        ],
    )
    return [
        journal if journal.pk is not None else _written_before(draft)
        for journal, draft in written
    ]


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
        statement=journal.statement,
        by=by,
        note=note,
        reverses=journal,
    )


def period_of(day: date) -> Period:
    """The month of the site's calendar in which `day` lies, made on demand."""
    starts_on = day.replace(day=1)
    known = select_one(
        Period, "FROM commerce_period x WHERE x.starts_on = %s", [starts_on]
    )
    if known:
        return known[0]
    last = calendar.monthrange(day.year, day.month)[1]
    return Period.objects.get_or_create(
        starts_on=starts_on, defaults={"ends_on": day.replace(day=last)}
    )[0]


def _found(
    names: Iterable[tuple[str, str, str]],
) -> dict[tuple[str, str, str], Account]:
    wanted = set(names)
    columns = [list(set(column)) for column in zip(*wanted, strict=True)]
    rows = select_one(
        Account,
        "FROM commerce_account x WHERE x.kind = ANY(%s) AND x.key = ANY(%s)"
        " AND x.currency = ANY(%s)",
        columns,
    )
    found = {(row.kind, row.key, row.currency): row for row in rows}
    return {name: row for name, row in found.items() if name in wanted}


def _journal(draft: Draft, period: Period) -> Journal:
    return Journal(
        key=draft.key,
        kind=draft.kind,
        commission=draft.commission,
        payout=draft.payout,
        statement=draft.statement,
        period=period,
        entry_count=len(draft.entries),
        reverses=draft.reverses,
        event_at=draft.event_at,
        by=draft.by,
        note=draft.note[:300],
    )


def _written_before(draft: Draft) -> Journal:
    journal = Journal.objects.get(key=draft.key)
    before = sorted(journal.entries.values_list("account_id", "amount_minor"))
    if before != sorted((row.pk, amount) for row, amount in draft.entries):
        raise LedgerRefused(f"{draft.key} was posted with other entries")
    return journal
