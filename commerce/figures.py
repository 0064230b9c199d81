"""What an order line earns, as its network reports it and its click promised it."""

from __future__ import annotations

from dataclasses import dataclass

from commerce.models import (
    Attribution,
    Network,
    OrderLine,
    OrderStatus,
    RateCard,
    SplitRule,
)
from commerce.money import BASIS, share_of
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


def figures_of(
    line: OrderLine, attribution: Attribution, *, rejection: str = ""
) -> Figures:
    """A network's report wins; of a direct programme the larger of its report and the
    rate at the click. Fees count as the network reports them."""
    rate_bp, promised, full_gross = _gross_of(line, attribution)
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


def split_rule_of(line: OrderLine) -> SplitRule:
    """The rule at the order; the first one for orders from before there were rules."""
    rules = SplitRule.objects.order_by("version")
    return rules.filter(valid__contains=line.created_at).first() or rules[0]


def _gross_of(line: OrderLine, attribution: Attribution) -> tuple[int, int, int]:
    rate_bp = attribution.click.rate_bp if attribution.click else _rate_at_order(line)
    promised = share_of(line.paid_minor, rate_bp=rate_bp)
    reported = line.gross_fee_minor
    gross = promised if reported is None else max(reported, 0)
    if line.network.adapter == Network.Adapter.DIRECT:
        gross = max(gross, promised)
    if gross != promised and line.paid_minor:
        rate_bp = min(gross * BASIS // line.paid_minor, BASIS)
    return rate_bp, promised, gross


def _rate_at_order(line: OrderLine) -> int:
    keys = [RateCard.WHOLE_PROGRAMME]
    if line.product:
        keys.append(RateCard.key_of(line.product))
    cards = RateCard.objects.valid_at(line.created_at).filter(
        programme=line.programme, scope_key__in=keys
    )
    found = {card.scope_key: card.rate_bp for card in cards}
    return next((found[key] for key in reversed(keys) if key in found), 0)
