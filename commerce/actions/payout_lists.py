"""The list of a batch: who is owed how much, and where it goes, from when it is frozen
until the bank has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Sum

from commerce.models import (
    Account,
    CommissionShare,
    CommissionState,
    Payout,
    PayoutBatch,
    PayoutLine,
)
from users.models import User

UNPAID = (CommissionState.PAYABLE, CommissionState.IN_PAYOUT)


def ready_shares(currency: str) -> QuerySet[CommissionShare]:
    """Approved shares of people who can be paid, in no other payout."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("party"), verified=True)
    waiting = Payout.objects.filter(
        user=OuterRef("party"), state=Payout.State.PREPARED, currency=currency
    )
    return _unpaid_shares(currency).filter(
        Exists(confirmed),
        ~Exists(waiting),
        party__payout_account__isnull=False,
        party__is_active=True,
        party__closed_at=None,
        commission__hold_reasons=[],
    )


def _unpaid_shares(currency: str) -> QuerySet[CommissionShare]:
    live = PayoutLine.objects.filter(share=OuterRef("pk"), is_live=True)
    return CommissionShare.objects.filter(
        ~Exists(live),
        party__isnull=False,
        amount_minor__gt=0,
        commission__state__in=UNPAID,
        commission__currency=currency,
    ).order_by("pk")


def payables_of(people: Iterable[int | None], currency: str) -> list[Account]:
    """Locked in the order in which postings lock them."""
    accounts_of_people = Account.objects.filter(
        kind=Account.Kind.PAYABLE, user__in=people, currency=currency
    )
    return list(accounts_of_people.order_by("pk").select_for_update(no_key=True))


def add_payout(
    batch: PayoutBatch, payable: Account, shares: list[CommissionShare]
) -> None:
    """One payout, with a line for what is netted: the difference between what the
    ledger owes and the shares that still wait, be they in this batch or held."""
    people = User.objects.select_related("payout_account")
    person = people.get(accounts=payable)
    waiting = _unpaid_shares(batch.currency).filter(party=person)
    owed_by_shares = waiting.aggregate(total=Sum("amount_minor"))["total"] or 0
    netted = -payable.balance_minor - owed_by_shares
    amount = sum(share.amount_minor for share in shares) + netted
    if amount < max(settings.PAYOUT_MINIMUM_MINOR, 1):
        return
    place = person.payout_account  # of now: what it becomes later is for later batches
    payout = Payout.objects.create(
        batch=batch,
        user=person,
        currency=batch.currency,
        amount_minor=amount,
        method=place.method,
        holder=place.holder,
        number=place.number,
    )
    lines = [
        PayoutLine(payout=payout, share=share, amount_minor=share.amount_minor)
        for share in shares
    ]
    if netted:
        lines.append(PayoutLine(payout=payout, share=None, amount_minor=netted))
    PayoutLine.objects.bulk_create(lines)


def digest_of_lines(batch: PayoutBatch) -> str:
    rows = PayoutLine.objects.filter(payout__batch=batch).order_by("pk")
    frozen = rows.values_list(
        *("pk", "payout__user", "payout__amount_minor", "share", "amount_minor"),
        *("payout__method", "payout__holder", "payout__number"),
    )
    text = "\n".join(" ".join(str(value) for value in row) for row in frozen)
    return hashlib.sha256(text.encode()).hexdigest()
