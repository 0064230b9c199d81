"""The reviewers' side: queues and stories. State is read-only here; what changes it
are the actions of commerce.actions, which say why they refuse."""

from commerce.admin import (
    cases,
    claims,
    facts,
    payouts,
    periods,
    report_imports,
    review,
    statements,
    terms,
    write_offs,
)

__all__ = [
    "cases",
    "claims",
    "facts",
    "payouts",
    "periods",
    "report_imports",
    "review",
    "statements",
    "terms",
    "write_offs",
]
