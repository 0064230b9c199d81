"""What one commission should have put into each account, and the journal that brings
the ledger there. Posting the difference makes every correction the same code."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Sum

from commerce.ledger.posting import AccountName, accounts, post
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    Entry,
    Journal,
    JournalKind,
    Role,
)
from users.models import User

Name = tuple[str, str, int | None]  # kind, key, user

SITE = "site"
NOBODY = "unattributed"


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
    if not commission.is_accrued:  # and never was: it is in no journal
        return None
    missing = _expected(commission)
    for row in _posted(commission):
        missing[row[0], row[1], row[2]] -= row[3]
    names = sorted((name for name, amount in missing.items() if amount), key=_by_name)
    if not names:
        return None
    users = User.objects.in_bulk({user for _, _, user in names if user})
    rows = accounts(
        [(kind_, key, users.get(user) if user else None) for kind_, key, user in names],
        commission.currency,
    )
    return post(
        kind=kind,
        key=f"{kind}:{commission.pk}:{commission.journals.count() + 1}",
        entries=[(row, missing[name]) for row, name in zip(rows, names, strict=True)],
        event_at=event_at,
        commission=commission,
        by=by,
        note=note,
    )


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


def _by_name(name: Name) -> tuple[str, str]:
    return name[0], name[1]


def _expected(commission: Commission) -> defaultdict[Name, int]:
    expected: defaultdict[Name, int] = defaultdict(int)
    network = commission.line.network.code
    expected[Account.Kind.RECEIVABLE, network, None] += commission.net_minor
    for share in commission.shares.all():
        name = name_of(share, is_approved=commission.approved_at is not None)
        expected[name] -= share.amount_minor
    return expected


def _posted(commission: Commission) -> list[tuple[str, str, int | None, int]]:
    return list(
        Entry.objects.filter(journal__commission=commission)
        .exclude(journal__kind=JournalKind.RECEIPT)
        .order_by()
        .values_list("account__kind", "account__key", "account__user_id")
        .annotate(Sum("amount_minor"))
    )
