"""What a person earned and what a shop owes, read from shares, clicks and commissions.

The words are those of `Commission.WORDS`: on its way, approved, paid, returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from allauth.account.models import EmailAddress
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    When,
)
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
from commerce.money import BASIS, part_shown
from commerce.words import APPROVED, PAID
from pinboard.models import Pin
from users.models import User

USUAL_CURRENCY = "CNY"  # of the zeros shown where nothing was earned yet
MONTHS = 6
MOST_PINS = 20


def totals_of(user: User) -> list[dict[str, str | int]]:
    """The sums of one's own shares by currency and word; zeros where there is none.

    Nothing is left of a returned share, so what was returned is the share that would
    have been: of the full net, rounded down as every share is.
    """
    full_net = F("commission__full_gross_minor") - F("commission__full_fee_minor")
    would_have_been = ExpressionWrapper(full_net * F("bp") / BASIS, BigIntegerField())
    returned = Q(commission__state__in=Commission.WORDS["returned"])
    rows = (
        CommissionShare.objects.filter(party=user)
        .with_payment()
        .values_list(  # type: ignore[misc]  # the stubs miss what with_payment adds
            "commission__currency", "commission__state", "is_paid"
        )
        .annotate(
            total=Sum(
                Case(
                    When(returned, then=would_have_been),
                    default="amount_minor",
                )
            )
        )
        .order_by("commission__currency")
    )
    words = {s: word for word, states in Commission.WORDS.items() for s in states}
    totals: dict[str, dict[str, str | int]] = {}
    for currency, state, is_paid, amount in rows:
        if word := words.get(state):
            word = PAID if is_paid and word == APPROVED else word
            total = totals.setdefault(currency, _nothing_in(currency))
            total[word] = int(total[word]) + amount
    return list(totals.values()) or [_nothing_in(USUAL_CURRENCY)]


def clicks_of(user: User) -> dict[str, int]:
    """How many of the clicks on one's links count. Machines and repetitions do not."""
    is_counted = Q(is_qualified=True) & ~Q(marks__contains=["dup"])
    counts: dict[str, int] = Click.objects.filter(beneficiary=user).aggregate(
        counted=Count("pk", filter=is_counted),
        not_counted=Count("pk", filter=~is_counted),
    )
    return counts


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


def orders_of(user: User) -> QuerySet[CommissionShare]:
    """One's own shares with all that a row of the orders table says."""
    current = Attribution.objects.filter(is_current=True).select_related(
        "click__link__pin__board"
    )
    return (
        CommissionShare.objects.filter(party=user)
        .with_payment()
        .exclude(commission__state=CommissionState.UNATTRIBUTED)
        .select_related("commission__line__product__picture")
        .prefetch_related(Prefetch("commission__line__attributions", queryset=current))
    )


def clicks_that_buy(user: User, counted: int) -> str:
    """Orders by one's own pins in per cent of the clicks that count."""
    own = CommissionShare.objects.filter(party=user, role=Role.PINNER)
    orders = own.exclude(commission__state=CommissionState.UNATTRIBUTED).count()
    return part_shown(orders, counted)


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
class Month:
    starts_on: date
    amount_minor: int = 0
    percent: int = 0  # of the best month, for the height of its bar
    is_now: bool = False


def months_of(user: User, currency: str) -> list[Month]:
    """The last six months, by the day of the order, without what was returned."""
    months = _last_months(timezone.localdate())
    since = timezone.make_aware(
        datetime.combine(months[0].starts_on, datetime.min.time())
    )
    sums = dict(
        CommissionShare.objects.filter(
            party=user,
            commission__currency=currency,
            commission__line__created_at__gte=since,
        )
        .exclude(commission__state__in=Commission.WORDS["returned"])
        .annotate(month=TruncMonth("commission__line__created_at"))
        .values_list("month")
        .annotate(Sum("amount_minor"))
    )
    by_day = {moment.date(): amount for moment, amount in sums.items()}
    best = max([*by_day.values(), 1])
    for month in months:
        month.amount_minor = by_day.get(month.starts_on, 0)
        month.percent = month.amount_minor * 100 // best
    months[-1].is_now = True
    return months


def _last_months(today: date) -> list[Month]:
    counts = [today.year * 12 + today.month - 1 - age for age in range(MONTHS)]
    return [Month(date(n // 12, n % 12 + 1, 1)) for n in reversed(counts)]


def paid_this_year(user: User, currency: str) -> int:
    january = timezone.localtime().replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    paid = user.payouts.filter(state="paid", currency=currency, paid_at__gte=january)
    return paid.aggregate(total=Sum("amount_minor"))["total"] or 0


@dataclass
class PinFigures:
    """What one pin brought its pinner."""

    pin: Pin | None = None
    clicks: int = 0
    orders: int = 0
    amounts: dict[str, int] = field(default_factory=dict)  # by currency


def figures_by_pin(user: User) -> list[PinFigures]:
    """The pins that brought most, the best first; three queries, however many pins."""
    figures: dict[int, PinFigures] = {}
    for pin_pk, currency, orders, amount in _earned_by_pin(user):
        row = figures.setdefault(pin_pk, PinFigures())
        row.orders += orders
        row.amounts[currency] = amount
    clicks = (
        Click.objects.filter(
            beneficiary=user, is_qualified=True, link__pin__isnull=False
        )
        .exclude(marks__contains=["dup"])
        .values_list("link__pin")
        .annotate(count=Count("pk"))
        .order_by("-count")
    )
    for pin_pk, count in clicks[: MOST_PINS * 2]:
        figures.setdefault(pin_pk, PinFigures()).clicks = count
    pins = Pin.objects.filter(pk__in=figures).select_related("picture")
    for pin in pins:
        figures[pin.pk].pin = pin
    best = sorted(figures.values(), key=_worth, reverse=True)
    return [row for row in best if row.pin][:MOST_PINS]


def _worth(row: PinFigures) -> tuple[int, int]:
    return max(row.amounts.values(), default=0), row.clicks


def _earned_by_pin(user: User) -> Iterable[tuple[int, str, int, int]]:
    shares = CommissionShare.objects.filter(
        party=user,
        role=Role.PINNER,
        commission__line__attributions__is_current=True,
        commission__line__attributions__click__link__pin__isnull=False,
    ).exclude(commission__state=CommissionState.UNATTRIBUTED)
    return (
        shares.values_list(
            "commission__line__attributions__click__link__pin", "commission__currency"
        )
        .annotate(orders=Count("pk"), amount=Sum("amount_minor"))
        .order_by("-amount")[: MOST_PINS * 2]
    )


def _nothing_in(currency: str) -> dict[str, str | int]:
    return {"currency": currency} | dict.fromkeys(Commission.WORDS, 0)


def _shares() -> Prefetch[str]:
    ordered = CommissionShare.objects.select_related("party").order_by("pk")
    return Prefetch("shares", queryset=ordered.with_payment())
