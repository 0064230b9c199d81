"""The one door to accounts, journals and entries."""

from commerce.ledger.posting import account, accounts, post, reverse
from commerce.ledger.replay import replay, replay_some
from commerce.ledger.report import report
from commerce.ledger.verify import verify

__all__ = [
    "account",
    "accounts",
    "post",
    "replay",
    "replay_some",
    "report",
    "reverse",
    "verify",
]
