"""What a person earned and what a shop owes, read from shares, clicks and commissions.

The words are those of `Commission.WORDS`: on its way, approved, paid, returned.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from commerce.models import (
    Account,
    Attribution,
    Click,
    Commission,
    CommissionShare,
    CommissionState,
    Role,
    WriteOff,
)
from commerce.models.commission import ShareQuerySet
from commerce.money import part_shown
from commerce.months import CalendarMonth, last_months
from users.models import User

USUAL_CURRENCY = "CNY"  # of the zeros shown where nothing was earned yet
MONTHS = 6


def totals_of(user: User) -> list[dict[str, str | int]]:
    """The sums of one's own shares by currency and word; zeros where there is none."""
    rows = (
        shares_of(user)
        .with_word()
        .values_list(  # type: ignore[misc]  # the stubs miss what with_word adds
            "commission__currency", "word"
        )
        .annotate(Sum("worth_minor"))
        .order_by("commission__currency")
    )
    totals: dict[str, dict[str, str | int]] = {}
    for currency, word, amount in rows:
        totals.setdefault(currency, _nothing_in(currency))[word] = amount
    return list(totals.values()) or [_nothing_in(USUAL_CURRENCY)]


def clicks_of(user: User) -> dict[str, int]:
    """How many of the clicks on one's links count. Machines and repetitions do not."""
    is_counted = Q(is_qualified=True) & ~Q(marks__contains=["dup"])
    counts: dict[str, int] = Click.objects.filter(beneficiary=user).aggregate(
        counted=Count("pk", filter=is_counted),
        not_counted=Count("pk", filter=~is_counted),
    )
    return counts


def counted_clicks(user: User, month: CalendarMonth | None = None) -> QuerySet[Click]:
    clicks = Click.objects.filter(beneficiary=user, is_qualified=True).exclude(
        marks__contains=["dup"]
    )
    if month is None:
        return clicks
    return clicks.filter(occurred_at__gte=month.begins, occurred_at__lt=month.ends)


def commissions_of(user: User) -> QuerySet[Commission]:
    """One's own as pinner or original pinner, and those that one's own shops owe."""
    mine = CommissionShare.objects.filter(commission=OuterRef("pk"), party=user)
    return (
        Commission.objects.filter(
            Q(Exists(mine)) | Q(line__programme__shop__owner=user)
        )
        .exclude(state=CommissionState.UNATTRIBUTED)
        .select_related("line__programme__shop", "line__product")
        .prefetch_related(_shares())
    )


def commissions_seen_by(user: User) -> QuerySet[Commission]:
    """The same, and all of them for a reviewer."""
    if user.has_perm("commerce.review_commission"):
        everything = Commission.objects.select_related(
            "line__programme__shop", "line__product"
        )
        return everything.prefetch_related(_shares())
    return commissions_of(user)


def shares_shown(
    commission: Commission, reader: User
) -> list[tuple[CommissionShare, str | None]]:
    """The shares with the names this reader may know: one's own, the pinner's for the
    shop that pays, everybody's for a reviewer. The site's has none."""
    shop = commission.line.programme.shop
    pays = shop is not None and shop.owner_id == reader.pk
    reviews = reader.has_perm("commerce.review_commission")
    shown = []
    for share in commission.shares.all():
        known = (
            reviews
            or share.party_id == reader.pk
            or (pays and share.role == Role.PINNER)
        )
        shown.append((share, share.party.username if known and share.party else None))
    return shown


def shares_of(user: User, month: CalendarMonth | None = None) -> ShareQuerySet:
    """One's own, of all orders or of those of one month."""
    mine = CommissionShare.objects.filter(party=user).exclude(
        commission__state=CommissionState.UNATTRIBUTED
    )
    if month is None:
        return mine
    return mine.filter(
        commission__line__created_at__gte=month.begins,
        commission__line__created_at__lt=month.ends,
    )


def orders_of(user: User, month: CalendarMonth | None = None) -> ShareQuerySet:
    """One's own shares with all that a row of the orders table says."""
    current = Attribution.objects.filter(is_current=True).select_related(
        "click__link__pin__board"
    )
    return (
        shares_of(user, month)
        .with_payment()
        .select_related("commission__line__product__picture")
        .prefetch_related(Prefetch("commission__line__attributions", queryset=current))
    )


def clicks_that_buy(user: User, counted: int) -> str:
    """Orders by one's own pins in per cent of the clicks that count."""
    return part_shown(shares_of(user).filter(role=Role.PINNER).count(), counted)


def waits_for_address(user: User) -> bool:
    """A payout needs an e-mail address that was confirmed."""
    return not EmailAddress.objects.filter(user=user, verified=True).exists()


def debts_of(user: User) -> list[tuple[str, int]]:
    """Currency and amount of what a return after the payout left to be netted."""
    owed = Account.objects.filter(
        kind=Account.Kind.PAYABLE, user=user, balance_minor__gt=0
    )
    return list(owed.order_by("currency").values_list("currency", "balance_minor"))


def written_off_of(user: User) -> QuerySet[WriteOff]:
    """Debts of theirs that the site gave up, the latest first."""
    booked = WriteOff.objects.filter(user=user, state=WriteOff.State.BOOKED)
    return booked.order_by("-decided_at")


@dataclass
class Bar:
    """A month in the chart."""

    month: CalendarMonth
    amount_minor: int = 0
    percent: int = 0  # of the best month, for its height


def bars_of(user: User, currency: str) -> list[Bar]:
    """The last six months, by the day of the order, without what was returned."""
    months = last_months(MONTHS)
    sums = dict(
        CommissionShare.objects.filter(
            party=user,
            commission__currency=currency,
            commission__line__created_at__gte=months[0].begins,
        )
        .exclude(commission__state__in=Commission.WORDS["returned"])
        .annotate(month=TruncMonth("commission__line__created_at"))
        .values_list("month")
        .annotate(Sum("amount_minor"))
    )
    amounts = {CalendarMonth.of(moment.date()): sums[moment] for moment in sums}
    best = max([*amounts.values(), 1])
    return [
        Bar(month, amount, amount * 100 // best)
        for month in months
        for amount in [amounts.get(month, 0)]
    ]


def paid_this_year(user: User, currency: str) -> int:
    january = timezone.localtime().replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    paid = user.payouts.filter(state="paid", currency=currency, paid_at__gte=january)
    return paid.aggregate(total=Sum("amount_minor"))["total"] or 0


def _nothing_in(currency: str) -> dict[str, str | int]:
    return {"currency": currency} | dict.fromkeys(Commission.WORDS, 0)


def _shares() -> Prefetch[str]:
    ordered = CommissionShare.objects.select_related("party").order_by("pk")
    return Prefetch("shares", queryset=ordered.with_payment())
