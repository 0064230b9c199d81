from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import Q

MOST_OF_ONE = 999


@dataclass(frozen=True)
class Choice:
    """How many of something, and whether it is bought already."""

    quantity: int = 1
    is_bought: bool = False


@dataclass(frozen=True)
class Budget:
    """What somebody wants to spend, in the currency they wrote it in."""

    amount_minor: int
    currency: str


class BasketLine(models.Model):
    """How many of a pin's product one would buy. Without a row it is one of each, so
    that a board is a basket before anybody touches it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="basket_lines"
    )
    pin = models.ForeignKey("pinboard.Pin", models.CASCADE, related_name="basket_lines")
    quantity = models.PositiveSmallIntegerField(default=1)
    is_bought = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "pin"], name="one_basket_line_per_pin"
            ),
            models.CheckConstraint(
                condition=Q(quantity__lte=MOST_OF_ONE),
                name="basket_quantity_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of pin {self.pin_id}"


class BasketBudget(models.Model):
    """What somebody wants to spend on a board, in the currency they wrote it in."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="basket_budgets"
    )
    board = models.ForeignKey(
        "pinboard.Board", models.CASCADE, related_name="basket_budgets"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "board"], name="one_budget_per_board"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, currency__regex=r"^[A-Z]{3}$"),
                name="budget_has_a_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"
