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
    Role,
)
from users.models import User

Name = tuple[str, str, int | None]  # kind, key, user
# Commission, number of its journals; of an account: kind, key, user, sum.
BookedRow = tuple[int, int, str | None, str | None, int | None, int | None]

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
    accrued = [row.pk for row in commissions if row.is_accrued]
    if not accrued:
        return defaultdict(Booked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM commerce_booked(%s)", [accrued])
        return booked_in(cursor.fetchall())


def booked_in(rows: Iterable[BookedRow]) -> defaultdict[int, Booked]:
    """The rows of `commerce_booked`, by commission."""
    booked: defaultdict[int, Booked] = defaultdict(Booked)
    for commission, journals, kind, key, user, minor in rows:
        booked[commission].journals = journals
        if kind is not None and key is not None and minor is not None:
            booked[commission].amounts[kind, key, user] += minor
    return booked


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
