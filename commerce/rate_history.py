"""Which rate a product paid when: what was promised at a click can be looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.utils import timezone

from commerce.models import Programme, RateCard
from pinboard.models import Product

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RateSpan:
    rate_bp: int
    since: datetime | None  # null: as long as anybody knows
    until: datetime | None = None  # null: still


def rate_history(programme: Programme, product: Product) -> list[RateSpan]:
    """The latest first, up to now; what is planned is not promised yet."""
    cards = RateCard.objects.filter(
        programme=programme,
        scope_key__in=[RateCard.WHOLE_PROGRAMME, RateCard.key_of(product)],
    )
    return spans_of(list(cards), until=timezone.now())


def spans_of(cards: Sequence[RateCard], *, until: datetime) -> list[RateSpan]:
    """A card of the product goes before the programme's, for as long as it holds."""
    edges = {edge for card in cards for edge in _edges(card) if edge <= until}
    spans: list[RateSpan] = []
    for since in sorted(edges - {_NEVER}):
        rate_bp = _rate_at(cards, since)
        if spans and spans[-1].until is None:
            if rate_bp == spans[-1].rate_bp:
                continue
            spans[-1] = replace(spans[-1], until=since)
        if rate_bp is not None:
            spans.append(RateSpan(rate_bp, None if since == _EVER else since))
    return spans[::-1]


def _edges(card: RateCard) -> tuple[datetime, datetime]:
    return card.valid.lower or _EVER, card.valid.upper or _NEVER


def _rate_at(cards: Sequence[RateCard], moment: datetime) -> int | None:
    there = [card for card in cards if _edges(card)[0] <= moment < _edges(card)[1]]
    there.sort(key=lambda card: card.scope_key != RateCard.WHOLE_PROGRAMME)
    return there[-1].rate_bp if there else None
