"""What an order line earns, as its network reports it and its click promised it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from commerce.models import (
    Attribution,
    Network,
    OrderLine,
    OrderStatus,
    RateCard,
    SplitRule,
)
from commerce.money import BASIS, share_of
from commerce.rows import select_one
from commerce.splits import left_after_refund

RECEIVED = (OrderStatus.RECEIVED, OrderStatus.SETTLED)
# Why an attribution earns nothing by the programme's terms.
SELF_PURCHASE = "self_purchase"


@dataclass(frozen=True)
class Figures:
    """Before refunds, and now. `returned` says why there is nothing (left) of it."""

    rate_bp: int
    full_gross: int
    full_fee: int
    gross: int
    net: int
    returned: str
    promised: int  # by the rate at the click; networks report, they do not promise
    reported_fee: int


class TermsAtOrder:
    """The rates and the splits that held when lines were ordered: read once, and only
    when one is asked about, however many lines there are."""

    def __init__(self, lines: Iterable[OrderLine]) -> None:
        self._lines = list(lines)
        self._sold = {(line.programme_id, line.product_id) for line in self._lines}

    def add(self, line: OrderLine) -> None:
        """One more that may be asked about. What was read before is read again only
        where it sells what no line before it did."""
        self._lines.append(line)
        if (sold := (line.programme_id, line.product_id)) not in self._sold:
            self._sold.add(sold)
            self.__dict__.pop("_cards", None)

    def rate_of(self, line: OrderLine) -> int:
        card = self.card_of(line)
        return card.rate_bp if card else 0

    def card_of(self, line: OrderLine) -> RateCard | None:
        """A card for the product goes before the programme's."""
        keys = [RateCard.WHOLE_PROGRAMME]
        if line.product_id:
            keys.append(RateCard.key_of_id(line.product_id))
        found = {
            card.scope_key: card
            for card in self._cards
            if card.programme_id == line.programme_id
            and card.scope_key in keys
            and line.created_at in card.valid
        }
        return next((found[key] for key in reversed(keys) if key in found), None)

    def split_of(self, line: OrderLine) -> SplitRule:
        """The rule at the order; the first one for those from before all rules."""
        at_order = (rule for rule in self._rules if line.created_at in rule.valid)
        return next(at_order, self._rules[0])

    @cached_property
    def _cards(self) -> list[RateCard]:
        products = {line.product_id for line in self._lines if line.product_id}
        keys = [RateCard.WHOLE_PROGRAMME, *map(RateCard.key_of_id, products)]
        return select_one(
            RateCard,
            "FROM commerce_ratecard x WHERE x.programme_id = ANY(%s)"
            " AND x.scope_key = ANY(%s)",
            [list({line.programme_id for line in self._lines}), keys],
        )

    @cached_property
    def _rules(self) -> list[SplitRule]:
        return select_one(SplitRule, "FROM commerce_splitrule x ORDER BY x.version", [])


def figures_of(
    line: OrderLine,
    attribution: Attribution,
    *,
    rejection: str = "",
    terms: TermsAtOrder | None = None,
) -> Figures:
    """A network's report wins; of a direct programme the larger of its report and the
    rate at the click. Fees count as the network reports them."""
    terms = terms or TermsAtOrder([line])
    rate_bp, promised, full_gross = _gross_of(line, attribution, terms)
    reported_fee = line.tech_fee_minor + line.special_fee_minor
    full_fee = min(reported_fee, full_gross)
    full_net = full_gross - full_fee
    base, left = base_and_left(line)
    refunded = base - left
    gross = left_after_refund(full_gross, paid=base, refunded=refunded)
    net = left_after_refund(full_net, paid=base, refunded=refunded)
    returned = rejection
    if not returned and line.status == OrderStatus.INVALID:
        returned = "invalid"
    if not returned and attribution.reason == SELF_PURCHASE:
        returned = SELF_PURCHASE
    if not returned and net == 0 and line.refunded_minor:
        returned = "refunded"
    if not returned and net == 0 and line.status in RECEIVED:
        returned = "no_commission"
    if returned:
        gross = net = 0
    return Figures(
        rate_bp, full_gross, full_fee, gross, net, returned, promised, reported_fee
    )


def base_and_left(line: OrderLine) -> tuple[int, int]:
    """What a refund is measured against, and how much of it stands.

    A settlement may leave out refunds that came before it: its price is then the base,
    and only what was refunded beyond that lessens it.
    """
    paid, settled = line.paid_minor, line.settled_minor
    is_settled = line.status == OrderStatus.SETTLED or line.settled_at is not None
    base = min(settled, paid) if is_settled and settled is not None else paid
    return base, max(min(base, paid - line.refunded_minor), 0)


def _gross_of(
    line: OrderLine, attribution: Attribution, terms: TermsAtOrder
) -> tuple[int, int, int]:
    click = attribution.click
    rate_bp = click.rate_bp if click else terms.rate_of(line)
    promised = share_of(line.paid_minor, rate_bp=rate_bp)
    reported = line.gross_fee_minor
    gross = promised if reported is None else max(reported, 0)
    if line.network.adapter == Network.Adapter.DIRECT:
        gross = max(gross, promised)
    if gross != promised and line.paid_minor:
        rate_bp = min(gross * BASIS // line.paid_minor, BASIS)
    return rate_bp, promised, gross
