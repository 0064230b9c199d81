"""The terms of the site in figures, for the page that explains them. Read from the rows
and settings that decide, so that the page cannot say anything else."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from commerce.actions.claims import CLAIMABLE
from commerce.models import Programme, Role, SplitRule
from commerce.money import BASIS, share_of
from commerce.splits import Part, amounts_of

EXAMPLE_PRICE_MINOR = 20_000
EXAMPLE_RATE_BP = 800
CURRENCY = "CNY"


@dataclass(frozen=True)
class Range:
    least: int
    most: int


@dataclass(frozen=True)
class SplitPart:
    """Of a commission: who has how much of it, and of the example."""

    role: str
    bp: int
    amount_minor: int


@dataclass(frozen=True)
class SiteTerms:
    rates: Range
    window_days: Range
    hold_days: Range
    split: list[SplitPart]
    # Whoever pinned it first has both parts.
    first_pinner_bp: int
    example_minor: int  # the commission of the example
    claim_days: int = CLAIMABLE.days
    price_minor: int = EXAMPLE_PRICE_MINOR
    rate_bp: int = EXAMPLE_RATE_BP
    currency: str = CURRENCY

    @property
    def minimum_minor(self) -> int:
        least: int = settings.PAYOUT_MINIMUM_MINOR
        return least


def site_terms() -> SiteTerms:
    of_programmes = Programme.objects.active().aggregate(
        min_rate_bp=Min("min_rate_bp"),
        max_rate_bp=Max("max_rate_bp"),
        least_window=Min("window_days"),
        most_window=Max("window_days"),
        least_hold=Min("hold_days"),
        most_hold=Max("hold_days"),
    )
    # Where no programme runs yet: what a new one has.
    new = Programme(hold_days=settings.HOLD_DAYS)
    known = {name: value for name, value in of_programmes.items() if value is not None}
    rule = SplitRule.objects.valid_at(timezone.now())
    commission = share_of(EXAMPLE_PRICE_MINOR, rate_bp=EXAMPLE_RATE_BP)
    return SiteTerms(
        rates=Range(
            known.get("min_rate_bp", new.min_rate_bp),
            known.get("max_rate_bp", new.max_rate_bp),
        ),
        window_days=Range(
            known.get("least_window", new.window_days),
            known.get("most_window", new.window_days),
        ),
        hold_days=Range(
            known.get("least_hold", new.hold_days),
            known.get("most_hold", new.hold_days),
        ),
        split=_split(rule, commission),
        first_pinner_bp=rule.pinner_bp + rule.originator_bp,
        example_minor=commission,
    )


def _split(rule: SplitRule, commission_minor: int) -> list[SplitPart]:
    payees = [
        Part(Role.PINNER, None, rule.pinner_bp),
        Part(Role.ORIGINATOR, None, rule.originator_bp),
    ]
    rest = Part(Role.PLATFORM, None, BASIS - sum(part.bp for part in payees))
    parts = [*payees, rest]
    amounts = amounts_of(commission_minor, parts)
    return [
        SplitPart(part.role, part.bp, amount)
        for part, amount in zip(parts, amounts, strict=True)
    ]
