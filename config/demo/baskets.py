"""Exchange rates of the last weeks, and two baskets that somebody already filled."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from config.demo.stage import Stage
from pinboard.actions.baskets import fill_basket, set_budget
from pinboard.models import Board, ExchangeRate, Pin
from pinboard.models.basket import Budget, Choice

# What one unit is worth in yuan; about those of the time.
IN_YUAN = {
    "USD": "7.1243",
    "EUR": "8.2571",
    "GBP": "9.3862",
    "HKD": "0.9151",
    "JPY": "0.04572",
    "KRW": "0.00487",
}
CHOICES = [Choice(2), Choice(1, is_bought=True), Choice(1), Choice(3), Choice(0)]


def make_baskets(stage: Stage) -> None:
    _make_rates()
    for owner, board, yuan in (
        ("alice", "Flat number four", 8000),
        ("bob", "Things that grow", 500),
    ):
        _fill(stage, stage.boards[board], owner)
        set_budget(
            board=stage.boards[board],
            budget=Budget(yuan * 100, "CNY"),
            by=stage.people[owner],
        )


def _make_rates() -> None:
    today = timezone.localdate()
    for number, (code, rate) in enumerate(IN_YUAN.items()):
        for days in (28, 14, 0):
            # A little up and down, as rates go.
            drift = Decimal((days * (number % 3 - 1)) % 17) / 2000
            ExchangeRate.objects.create(
                base=code,
                quote="CNY",
                rate=(Decimal(rate) * (1 + drift)).quantize(Decimal("1.00000000")),
                day=today - timedelta(days=days),
                source="demo figures",
            )


def _fill(stage: Stage, board: Board, owner: str) -> None:
    by = stage.people[owner]
    pins = Pin.objects.visible_to(by).filter(board=board, product__isnull=False)
    chosen = dict(zip(pins.values_list("pk", flat=True), CHOICES, strict=False))
    fill_basket(choices=chosen, by=by)
