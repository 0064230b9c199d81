"""What a person earned by board, by pin and by month: each order in one group, so that
the groups sum to the person's totals to the last minor unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncMonth

from commerce.earnings import counted_clicks, shares_of
from commerce.models import Click, Commission, Role
from commerce.models.commission import ShareQuerySet
from commerce.months import CalendarMonth
from commerce.words import RETURNED
from pinboard.models import Board, Pin
from users.models import User

MOST_PINS = 20
MOST_BOARDS = 30
WORDS = tuple(Commission.WORDS)

_PIN = "commission__line__attributions__click__link__pin"
# Not a key of any row: orders by a copy of one's first pin, on somebody else's board.
BY_COPIES = -1


@dataclass
class Earned:
    """What one board, pin or month brought, by currency and word."""

    clicks: int = 0
    orders: int = 0
    sums: dict[str, dict[str, int]] = field(default_factory=dict)
    board: Board | None = None
    pin: Pin | None = None
    month: CalendarMonth | None = None
    kind: str = ""  # of a group that has none of these: copies, others, nowhere

    def add(self, currency: str, word: str, orders: int, amount_minor: int) -> None:
        words = self.sums.setdefault(currency, dict.fromkeys(WORDS, 0))
        words[word] += amount_minor
        self.orders += orders

    def take(self, other: Earned) -> None:
        self.clicks += other.clicks
        self.orders += other.orders
        for currency, words in other.sums.items():
            for word, amount in words.items():
                self.add(currency, word, 0, amount)

    @property
    def cells(self) -> list[list[tuple[str, int]]]:
        """Of each word, currency and amount of what is not nothing."""
        return [
            [(currency, words[word]) for currency, words in self.sums.items()]
            for word in WORDS
        ]

    @property
    def kept(self) -> list[tuple[str, int]]:
        """All but what was returned, by currency."""
        return [
            (currency, sum(words.values()) - words[RETURNED])
            for currency, words in self.sums.items()
        ]

    @property
    def rank(self) -> tuple[int, int, int]:
        return max((m for _, m in self.kept), default=0), self.orders, self.clicks


def earned_by_board(user: User, month: CalendarMonth | None = None) -> list[Earned]:
    """The boards on which the pins lie now, the best first; what has none is last."""
    groups = _grouped(_placed(shares_of(user, month)), "place")
    for key, clicks in _clicks_by(user, month, "link__pin__board"):
        groups[key].clicks = clicks
    # One who left somebody's secret board is not told how it is called now.
    seen = Board.objects.visible_to(user).filter(pk__in=[k for k in groups if k])
    rows, rest = [], {kind: Earned(kind=kind) for kind in ("others", "copies", "none")}
    boards = {board.pk: board for board in seen}
    for key, group in groups.items():
        if key in boards:
            group.board = boards[key]
            rows.append(group)
        else:
            kind = {None: "none", BY_COPIES: "copies"}.get(key, "others")
            rest[kind].take(group)
    rows.sort(key=lambda row: row.rank, reverse=True)
    for row in rows[MOST_BOARDS:]:
        rest["others"].take(row)
    return rows[:MOST_BOARDS] + [row for row in rest.values() if any(row.rank)]


def earned_by_pin(user: User, month: CalendarMonth | None = None) -> list[Earned]:
    """The pins that brought most, the best first."""
    mine = _attributed(shares_of(user, month)).filter(role=Role.PINNER)
    with_pin = mine.exclude(**{_PIN: None})
    best = (
        with_pin.values_list(_PIN)
        .annotate(Sum("amount_minor"))
        .order_by("-amount_minor__sum")[: MOST_PINS * 2]
    )
    by_pin = _clicks_by(user, month, "link__pin").exclude(link__pin=None)
    clicks = dict(by_pin[: MOST_PINS * 2])
    keys = {pk for pk, _amount in best}
    groups = _grouped(with_pin.filter(**{f"{_PIN}__in": keys}), _PIN)
    for key, count in clicks.items():
        groups[key].clicks = count
    for pin in Pin.objects.filter(pk__in=groups).select_related("picture"):
        groups[pin.pk].pin = pin
    rows = [row for row in groups.values() if row.pin]
    return sorted(rows, key=lambda row: row.rank, reverse=True)[:MOST_PINS]


def earned_by_month(user: User) -> list[Earned]:
    """Orders and clicks by their day, the latest first."""
    shares = shares_of(user).annotate(
        ordered=TruncMonth("commission__line__created_at")
    )
    groups = _grouped(shares, "ordered")
    clicks = counted_clicks(user).annotate(clicked=TruncMonth("occurred_at"))
    for moment, count in clicks.values_list("clicked").annotate(Count("pk")):
        groups[moment].clicks = count
    for moment, group in groups.items():
        group.month = CalendarMonth.of(moment.date())
    return [groups[moment] for moment in sorted(groups, reverse=True)]


def sum_of(rows: Iterable[Earned]) -> Earned:
    whole = Earned()
    for row in rows:
        whole.take(row)
    return whole


def _attributed(shares: ShareQuerySet) -> ShareQuerySet:
    return shares.filter(commission__line__attributions__is_current=True)


def _placed(shares: ShareQuerySet) -> ShareQuerySet:
    """`place`: the board of one's own pin; nothing where no pin is known."""
    return _attributed(shares).annotate(
        place=Case(
            When(role=Role.PINNER, then=F(f"{_PIN}__board")),
            default=Value(BY_COPIES),
            output_field=IntegerField(),
        )
    )


def _grouped(shares: ShareQuerySet, key: str) -> defaultdict[Any, Earned]:
    """Any: keys of rows, or moments."""
    rows = (
        shares.with_word()
        .values_list(key, "commission__currency", "word")
        .annotate(Count("pk"), Sum("worth_minor"))
        .order_by("commission__currency")
    )
    groups: defaultdict[Any, Earned] = defaultdict(Earned)
    for group, currency, word, orders, amount in rows:
        groups[group].add(currency, word, orders, amount)
    return groups


def _clicks_by(
    user: User, month: CalendarMonth | None, key: str
) -> QuerySet[Click, tuple[Any, int]]:
    """How many of each count, the most first. Any: a row's key, or none."""
    clicks = counted_clicks(user, month)
    return clicks.values_list(key).annotate(count=Count("pk")).order_by("-count")
