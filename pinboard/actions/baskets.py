"""What somebody with an account would buy of a board. A visitor's basket is in their
session (pinboard.views.basket_keeping)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from django.db import transaction

from pinboard.models import BasketBudget, BasketLine, Board, Pin
from pinboard.models.basket import Budget, Choice
from users.models import User


@transaction.atomic
def fill_basket(*, choices: Mapping[int, Choice], by: User) -> None:
    """Keep what was chosen of these pins, by their keys. The caller looked at who may
    see them; a pin that is gone meanwhile is passed over, and none goes while its line
    is written. All of it in one order, so that two tabs never block each other."""
    pins = Pin.objects.filter(pk__in=choices).order_by("pk")
    there = pins.select_for_update(no_key=True).values_list("pk", flat=True)
    lines = [
        BasketLine(
            owner=by,
            pin_id=pin,
            quantity=choices[pin].quantity,
            is_bought=choices[pin].is_bought,
        )
        for pin in there
    ]
    BasketLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["owner", "pin"],
        update_fields=["quantity", "is_bought"],
    )


@transaction.atomic
def set_budget(*, board: Board, budget: Budget, by: User) -> None:
    """What `by` wants to spend on the board; 0 for no budget any more."""
    if not budget.amount_minor:
        BasketBudget.objects.filter(owner=by, board=board).delete()
        return
    BasketBudget.objects.update_or_create(
        owner=by, board=board, defaults=asdict(budget)
    )


@transaction.atomic
def adopt_basket(
    *, choices: Mapping[int, Choice], budgets: Mapping[int, Budget], by: User
) -> None:
    """Take over what somebody chose before they signed in: it is newer than what their
    account says."""
    fill_basket(choices=choices, by=by)
    for board in Board.objects.filter(pk__in=budgets):
        set_budget(board=board, budget=budgets[board.pk], by=by)


def forget_baskets_of(user: User) -> None:
    BasketLine.objects.filter(owner=user).delete()
    BasketBudget.objects.filter(owner=user).delete()
