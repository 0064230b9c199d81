"""A person's account with the site, month by month, read from the entries themselves.

What is owed to a person stands in two accounts of theirs, before and after approval; a
move between the two changes nothing here. What is only expected is in no journal yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from commerce.models import Account, Entry, JournalKind
from commerce.money import amount_text
from commerce.months import CalendarMonth
from users.models import User

OWED = (Account.Kind.PENDING, Account.Kind.PAYABLE)
PAYOUTS = (JournalKind.PAYOUT_SUBMIT, JournalKind.PAYOUT_FAIL)
CHUNK = 500


@dataclass(frozen=True)
class Balance:
    """What the site owed the person and what became of it, in one currency. A negative
    balance is a debt."""

    currency: str
    opening: int
    earned: int
    adjusted: int
    paid: int

    @property
    def left(self) -> int:
        """By payouts, as a movement: what left the account is negative."""
        return -self.paid

    @property
    def closing(self) -> int:
        return self.opening + self.earned + self.adjusted - self.paid


def balances_of(user: User, month: CalendarMonth) -> list[Balance]:
    """Of the periods of the books: a late fact of a closed month is in the next."""
    before = Q(journal__period__starts_on__lt=month.starts_on)
    during = Q(journal__period__starts_on=month.starts_on)
    earned, paid = Q(journal__kind=JournalKind.ACCRUE), Q(journal__kind__in=PAYOUTS)
    sums = (
        _entries_of(user)
        .filter(before | during)
        .values("currency")
        .annotate(
            opening=_sum(before),
            earned=_sum(during & earned),
            paid=_sum(during & paid),
            adjusted=_sum(during & ~earned & ~paid),
        )
        .order_by("currency")
    )
    return [
        Balance(
            currency=row["currency"],
            # A credit is negative in the books and good for the person.
            opening=-row["opening"],
            earned=-row["earned"],
            adjusted=-row["adjusted"],
            paid=row["paid"],
        )
        for row in sums
    ]


def account_sheet(user: User, month: CalendarMonth) -> Iterator[list[str]]:
    """The month as rows: what was open, each movement, what is left."""
    yield [
        *(_("Booked"), _("What"), _("Order"), _("Product")),
        *(_("Currency"), _("Amount"), _("Balance")),
    ]
    balances = balances_of(user, month)
    left = {row.currency: row.opening for row in balances}
    for row in balances:
        yield _edge(_("Opening balance"), row.currency, row.opening)
    for move in _moves_of(user, month).iterator(chunk_size=CHUNK):
        currency, amount = move["currency"], -move["amount"]
        left[currency] += amount
        yield [
            f"{timezone.localtime(move['journal__posted_at']):%Y-%m-%d}",
            capfirst(str(JournalKind(move["journal__kind"]).label)),
            move["order_id"] or "",
            move["title"] or move["item_title"] or "",
            currency,
            amount_text(amount, currency),
            amount_text(left[currency], currency),
        ]
    for row in balances:
        yield _edge(_("Closing balance"), row.currency, row.closing)


def _edge(what: str, currency: str, balance: int) -> list[str]:
    return ["", what, "", "", currency, "", amount_text(balance, currency)]


def _entries_of(user: User) -> QuerySet[Entry]:
    return Entry.objects.filter(account__user=user, account__kind__in=OWED)


def _moves_of(user: User, month: CalendarMonth) -> QuerySet[Entry, dict[str, Any]]:
    """One a journal; an approval, which only moves between the two, is none. Any: the
    columns."""
    line = "journal__commission__line"
    return (
        _entries_of(user)
        .filter(journal__period__starts_on=month.starts_on)
        .values("journal", "journal__posted_at", "journal__kind", "currency")
        .annotate(
            amount=Sum("amount_minor"),
            order_id=F(f"{line}__order_id"),
            title=F(f"{line}__product__title"),
            item_title=F(f"{line}__item_title"),
        )
        .exclude(amount=0)
        .order_by("journal")
    )


def _sum(condition: Q) -> Coalesce:
    return Coalesce(Sum("amount_minor", filter=condition), 0)
