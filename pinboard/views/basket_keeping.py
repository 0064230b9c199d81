"""Where a reader's basket is kept: in rows for those with an account, and for visitors
in their session, which has room for a few boards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from pinboard.actions.baskets import adopt_basket, fill_basket, set_budget
from pinboard.discovery.basket import with_choices, with_choices_of
from pinboard.models import BasketBudget, Board
from pinboard.models.basket import Budget, Choice
from pinboard.models.pin import PinQuerySet
from users.models import User

NAME = "baskets"  # of what is in the session
MOST_BOARDS, MOST_LINES = 8, 200  # of a visitor; what was touched last stays


class Keeping(Protocol):
    def with_choices(self, pins: PinQuerySet) -> PinQuerySet: ...
    def choose(self, choices: Mapping[int, Choice]) -> None: ...
    def budget(self) -> Budget | None: ...
    def set_budget(self, budget: Budget) -> None: ...


def basket_of(request: HttpRequest, board: Board) -> Keeping:
    if request.user.is_authenticated:
        return _InRows(board, request.user)
    return _InSession(board, request)


@dataclass
class _InRows:
    board: Board
    owner: User

    def with_choices(self, pins: PinQuerySet) -> PinQuerySet:
        return with_choices_of(pins, self.owner)

    def choose(self, choices: Mapping[int, Choice]) -> None:
        fill_basket(choices=choices, by=self.owner)

    def budget(self) -> Budget | None:
        row = BasketBudget.objects.filter(owner=self.owner, board=self.board).first()
        return Budget(row.amount_minor, row.currency) if row else None

    def set_budget(self, budget: Budget) -> None:
        set_budget(board=self.board, budget=budget, by=self.owner)


@dataclass
class _InSession:
    board: Board
    request: HttpRequest

    def with_choices(self, pins: PinQuerySet) -> PinQuerySet:
        return with_choices(pins, _choices(self._kept()))

    def choose(self, choices: Mapping[int, Choice]) -> None:
        kept = self._kept()
        lines = kept.get("lines", {})
        for pin, choice in choices.items():
            lines.pop(str(pin), None)  # to the end, as what was touched last
            if choice != Choice():
                lines[str(pin)] = [choice.quantity, choice.is_bought]
        self._keep(kept | {"lines": dict(list(lines.items())[-MOST_LINES:])})

    def budget(self) -> Budget | None:
        kept = self._kept().get("budget")
        return Budget(*kept) if kept else None

    def set_budget(self, budget: Budget) -> None:
        kept = [budget.amount_minor, budget.currency] if budget.amount_minor else None
        self._keep(self._kept() | {"budget": kept})

    def _kept(self) -> dict[str, Any]:
        """As JSON keeps it: of our own writing, so that its shape is sure."""
        baskets = self.request.session.get(NAME, {})
        return dict(baskets.get(str(self.board.pk), {}))

    def _keep(self, kept: dict[str, Any]) -> None:
        baskets = dict(self.request.session.get(NAME, {}))
        baskets.pop(str(self.board.pk), None)
        baskets[str(self.board.pk)] = kept
        self.request.session[NAME] = dict(list(baskets.items())[-MOST_BOARDS:])


def bring_to_account(session: SessionBase, owner: User) -> None:
    """What a visitor chose before they signed in becomes their own."""
    baskets: dict[str, dict[str, Any]] = session.pop(NAME, {})
    if not baskets:
        return
    choices: dict[int, Choice] = {}
    for kept in baskets.values():
        choices |= _choices(kept)
    budgets = {int(board): kept.get("budget") for board, kept in baskets.items()}
    adopt_basket(
        choices=choices,
        budgets={board: Budget(*kept) for board, kept in budgets.items() if kept},
        by=owner,
    )


def _choices(kept: dict[str, Any]) -> dict[int, Choice]:
    lines = kept.get("lines", {})
    return {int(pin): Choice(*choice) for pin, choice in lines.items()}
