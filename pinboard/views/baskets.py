"""A board as a basket: what of it one would buy, what that costs, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from pinboard.basket_forms import PAGE, BasketForm, BudgetForm, pins_named
from pinboard.basket_rows import heading, row_of
from pinboard.basket_totals import budget_bar, totals_of
from pinboard.cells import sheet
from pinboard.currencies import currency_of
from pinboard.discovery.basket import (
    Sums,
    by_shop,
    in_shops,
    products_on,
    sums_of,
    wanted,
)
from pinboard.exchange import Rates
from pinboard.models import Board, Visibility
from pinboard.models.basket import Budget
from pinboard.models.pin import PinQuerySet
from pinboard.prices import decimal_of
from pinboard.views.access import board_key
from pinboard.views.basket_keeping import Keeping, basket_of
from pinboard.views.paging import page_or_404

MOST_ROWS = 5000  # of a list to take along


@dataclass
class _Opened:
    """A board that the reader may see, and their basket of it."""

    board: Board
    key: str  # that opens the board, for the addresses of its pins
    basket: Keeping
    pins: PinQuerySet  # all its products, with what was chosen

    def address(self, name: str = "board-basket") -> str:
        address = reverse(f"pinboard:{name}", args=[self.board.pk])
        return f"{address}?key={self.key}" if self.key else address


def _open(request: HttpRequest, pk: int) -> _Opened:
    key = board_key(request)
    seen = Board.objects.visible_to(request.user, key=key).select_related("owner")
    board = get_object_or_404(seen, pk=pk)
    basket = basket_of(request, board)
    pins = basket.with_choices(products_on(board, request.user, key=key))
    opens = key if board.visibility == Visibility.LINK else ""
    return _Opened(board, opens, basket, pins)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def board_basket(request: HttpRequest, pk: int) -> HttpResponse:
    opened = _open(request, pk)
    if request.method != "POST":
        return _page(request, opened)
    named = opened.pins.filter(pk__in=pins_named(request.POST))
    form = BasketForm(request.POST, pins=by_shop(named))
    if not form.is_valid():
        return _page(request, opened, form=form)
    opened.basket.choose(form.changes())
    # To the same page of the list, so that a reload asks nothing.
    return HttpResponseRedirect(request.get_full_path())


@require_POST
def basket_budget(request: HttpRequest, pk: int) -> HttpResponse:
    opened = _open(request, pk)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, opened, budget_form=form)
    opened.basket.set_budget(form.budget())
    return HttpResponseRedirect(opened.address())


@never_cache
@require_safe
def basket_text(request: HttpRequest, pk: int) -> HttpResponse:
    """The list as words, to send to somebody."""
    opened = _open(request, pk)
    shown = _figures(request, opened) | {
        "shops": in_shops(by_shop(wanted(opened.pins))[:MOST_ROWS]),
        "site": request.build_absolute_uri("/")[:-1],
    }
    kind = "text/plain; charset=utf-8"
    return render(request, "pinboard/basket.txt", shown, content_type=kind)


@never_cache
@require_safe
def basket_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    opened = _open(request, pk)
    site = request.build_absolute_uri("/")[:-1]
    query = f"?key={opened.key}" if opened.key else ""
    rows = [
        row_of(pin, site=site, query=query) for pin in by_shop(opened.pins)[:MOST_ROWS]
    ]
    name = f"basket-{opened.board.pk}.csv"
    return HttpResponse(
        sheet([heading(), *rows]),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(
    request: HttpRequest,
    opened: _Opened,
    *,
    form: BasketForm | None = None,
    budget_form: BudgetForm | None = None,
) -> HttpResponse:
    """The basket; with a form that was refused, where there is one."""
    is_refused = form is not None or budget_form is not None
    page = page_or_404(
        request, by_shop(opened.pins), size=PAGE, key="spot", newest_first=False
    )
    shown = _figures(request, opened)
    budget: Budget | None = shown["budget"]
    shown |= {
        "pins": page.items,
        "form": form or BasketForm(pins=page.items),
        "shops": in_shops(page.items),
        "next_cursor": page.next_cursor,
        "budget_form": budget_form or BudgetForm(initial=_written(budget, request)),
        "basket_url": opened.address(),
        "budget_url": opened.address("basket-budget"),
        "text_url": opened.address("basket-text"),
        "sheet_url": opened.address("basket-sheet"),
    }
    status = 422 if is_refused else 200
    answer = render(request, "pinboard/board_basket.html", shown, status=status)
    answer["X-Robots-Tag"] = "noindex"  # it is the reader's own
    return answer


def _figures(request: HttpRequest, opened: _Opened) -> dict[str, Any]:
    """The sums over the whole board, in the reader's currency."""
    sums: Sums = sums_of(opened.pins)
    rates, currency = Rates(), currency_of(request)
    totals = totals_of(sums, currency=currency, rates=rates)
    budget = opened.basket.budget()
    bar = budget_bar(budget, totals, rates)
    return {
        "board": opened.board,
        "key": opened.key,
        "sums": sums,
        "totals": totals,
        "currency": currency,
        "budget": budget,
        "bar": bar,
        # All that anything shown was converted by, each once.
        "rates": list(dict.fromkeys(totals.rates + (bar.rates if bar else ()))),
    }


def _written(budget: Budget | None, request: HttpRequest) -> dict[str, str]:
    """The budget as it stands in its field."""
    if budget is None:
        return {"currency": currency_of(request)}
    amount = decimal_of(budget.amount_minor, budget.currency)
    whole, _, rest = amount.partition(".")
    amount = amount if rest.strip("0") else whole
    return {"currency": budget.currency, "amount": amount}
