"""What our own clicks say of a claim: who claims an order says that it came by a pin of
theirs, so a click on a link of theirs must have come before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Case, Q, Value, When

from commerce.actions.attributions import facts_of_click, facts_of_line, terms_of
from commerce.actions.evidence import Clue
from commerce.attribution import ClickFacts, LineFacts, Terms, refusal_of
from commerce.models import Click, OrderClaim, OrderLine
from users.models import User

Level = OrderClaim.Evidence
MOST_CLICKS = 20  # of one line; the best come first

_RANK = {Level.STRONG: 0, Level.WEAK: 1, Level.NONE: 2}


@dataclass(frozen=True)
class Candidate:
    """A click that may have led to the order."""

    click: Click
    level: Level
    is_own: bool  # the claimant clicked it, signed in


def weigh(click: ClickFacts, line: LineFacts, terms: Terms) -> Level:
    """A click on the same product or shop is strong, unless the claimant made it."""
    if refusal_of(click, line, terms):
        return Level.NONE
    fits_product = click.product_id is not None and click.product_id == line.product_id
    fits_shop = click.shop_id is not None and click.shop_id == line.shop_id
    is_own = click.user_id is not None and click.user_id == click.beneficiary_id
    return Level.STRONG if (fits_product or fits_shop) and not is_own else Level.WEAK


def candidates_of(user: User, line: OrderLine) -> list[Candidate]:
    """The clicks on this person's links in the line's window, the best ones first."""
    facts = facts_of_line(line)
    if facts.shop_id is None:
        facts = replace(facts, shop_id=line.programme.shop_id)
    found = []
    for click in _clicks_in_window(user, line, facts):
        level = weigh(facts_of_click(click), facts, terms_of(line))
        if level != Level.NONE:
            found.append(Candidate(click, level, click.user_id == user.pk))
    return sorted(found, key=lambda candidate: _RANK[candidate.level])


def best_level(levels: Iterable[Level]) -> Level:
    return min(levels, key=_RANK.__getitem__, default=Level.NONE)


def _clicks_in_window(user: User, line: OrderLine, facts: LineFacts) -> list[Click]:
    since, until = Clue(line.programme, line.created_at).window
    fits = Q(link__product=facts.product_id or 0)
    if facts.shop_id is not None:
        fits |= Q(link__product__shop=facts.shop_id)
    clicks = Click.objects.filter(
        beneficiary=user,
        programme=line.programme,
        is_qualified=True,
        occurred_at__gt=since,
        occurred_at__lte=until,
    )
    ordered = clicks.order_by(
        Case(When(fits, then=Value(0)), default=Value(1)), "-occurred_at"
    )
    rows = ordered.select_related("link__product", "link__pin", "originator")
    return list(rows[:MOST_CLICKS])
