"""What one commission should have put into each account, and the journal that brings
the ledger there. Posting the difference makes every correction the same code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from commerce.ledger.posting import AccountName, Draft, accounts_of, post_all
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    Journal,
    JournalKind,
    Role,
)
from users.models import User

Name = tuple[str, str, int | None]  # kind, key, user

SITE = "site"
NOBODY = "unattributed"


@dataclass
class Booked:
    """What a commission has in each account, and in how many journals."""

    amounts: defaultdict[Name, int] = field(default_factory=lambda: defaultdict(int))
    journals: int = 0


@dataclass(frozen=True)
class Booking:
    """What is missing of a commission in the ledger, and why it is booked."""

    commission: Commission
    kind: str
    number: int  # of the commission's journals
    missing: dict[Name, int]
    event_at: datetime
    by: User | None = None
    note: str = ""


def book(
    commission: Commission,
    *,
    kind: str,
    event_at: datetime,
    by: User | None = None,
    note: str = "",
) -> Journal | None:
    """Post what is missing between the ledger and the commission's shares.

    Expects the commission's row locked. None when nothing is missing: a commission of
    nothing has no journal.
    """
    booked = booked_of([commission])[commission.pk]
    shares = list(commission.shares.all())
    booking = booking_of(
        commission, shares, booked, kind=kind, event_at=event_at, by=by, note=note
    )
    return post_bookings([booking])[0] if booking else None


def booking_of(
    commission: Commission,
    shares: Sequence[CommissionShare],
    booked: Booked,
    *,
    kind: str,
    event_at: datetime,
    by: User | None = None,
    note: str = "",
) -> Booking | None:
    """What is missing; from here on it counts as booked."""
    if not commission.is_accrued:  # and never was: it is in no journal
        return None
    missing = _expected(commission, shares)
    for name, amount in booked.amounts.items():
        missing[name] -= amount
    missing = defaultdict(int, {name: m for name, m in missing.items() if m})
    if not missing:
        return None
    for name, amount in missing.items():
        booked.amounts[name] += amount
    booked.journals += 1
    return Booking(
        commission, kind, booked.journals, missing, event_at, by=by, note=note
    )


def post_bookings(bookings: Sequence[Booking]) -> list[Journal]:
    """Write them all, in the order given."""
    if not bookings:
        return []
    found = accounts_of(
        {
            (*name, booking.commission.currency)
            for booking in bookings
            for name in booking.missing
        }
    )
    return post_all([_draft(booking, found) for booking in bookings])


def booked_of(commissions: Iterable[Commission]) -> defaultdict[int, Booked]:
    """Of those that are in the ledger; nothing of all others."""
    booked: defaultdict[int, Booked] = defaultdict(Booked)
    accrued = [row.pk for row in commissions if row.is_accrued]
    if accrued:
        with connection.cursor() as cursor:
            cursor.execute(POSTED, [str(JournalKind.RECEIPT), accrued])
            for key, journals, kind, name, user, amount in cursor.fetchall():
                booked[key].journals = journals
                if kind is not None:
                    booked[key].amounts[kind, name, user] += int(amount)
    return booked


# Receipts concern networks, not shares; the numbers of journals count them all.
POSTED = """
SELECT j.commission_id,
       (SELECT count(*) FROM commerce_journal x
        WHERE x.commission_id = j.commission_id),
       a.kind, a.key, a.user_id, sum(e.amount_minor)
FROM commerce_journal j
LEFT JOIN commerce_entry e ON e.journal_id = j.id AND j.kind <> %s
LEFT JOIN commerce_account a ON a.id = e.account_id
WHERE j.commission_id = ANY(%s)
GROUP BY j.commission_id, a.kind, a.key, a.user_id
"""


def name_of(share: CommissionShare, *, is_approved: bool) -> Name:
    """The account from which a share is owed."""
    if share.party_id is not None:
        kind = Account.Kind.PAYABLE if is_approved else Account.Kind.PENDING
        return kind, str(share.party_id), share.party_id
    if share.role == Role.PLATFORM:
        return Account.Kind.PLATFORM, SITE, None
    return Account.Kind.SUSPENSE, NOBODY, None


def payable_name(user: User) -> AccountName:
    return Account.Kind.PAYABLE, str(user.pk), user


def _by_name(entry: tuple[Name, int]) -> tuple[str, str]:
    (kind, key, _), _amount = entry
    return kind, key


def _draft(booking: Booking, found: dict[tuple[str, str, str], Account]) -> Draft:
    commission = booking.commission
    return Draft(
        kind=booking.kind,
        key=f"{booking.kind}:{commission.pk}:{booking.number}",
        entries=[
            (found[kind, key, commission.currency], amount)
            for (kind, key, _), amount in sorted(booking.missing.items(), key=_by_name)
        ],
        event_at=booking.event_at,
        commission=commission,
        by=booking.by,
        note=booking.note,
    )


def _expected(
    commission: Commission, shares: Iterable[CommissionShare]
) -> defaultdict[Name, int]:
    expected: defaultdict[Name, int] = defaultdict(int)
    network = commission.line.network.code
    expected[Account.Kind.RECEIVABLE, network, None] += commission.net_minor
    for share in shares:
        name = name_of(share, is_approved=commission.approved_at is not None)
        expected[name] -= share.amount_minor
    return expected
