"""How a currency is divided. Prices are kept as whole minor units everywhere."""

NO_DECIMALS = frozenset({"CLP", "JPY", "KRW", "VND"})


def decimals_of(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 2
