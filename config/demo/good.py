"""One thing that a demo shop sells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# What one unit of a catalogue's currency costs in the currency of a demo shop. Rough
# on purpose: the prices are invented either way.
RATES = {("USD", "CNY"): Decimal("7.1")}


@dataclass(frozen=True)
class Good:
    title: str
    description: str
    price: Decimal
    currency: str
    category: str
    brand: str
    photo: bytes

    def minor_in(self, currency: str) -> int:
        """The price in minor units of a currency, whole units where converted."""
        if self.currency == currency:
            return int(self.price * 100)
        rate = RATES.get((self.currency, currency), Decimal(1))
        return int((self.price * rate).quantize(Decimal(1))) * 100
