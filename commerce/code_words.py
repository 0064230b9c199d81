"""Short words for what is kept as a code: why an order is whose it is, what became of a
report, and the accounts of the ledger."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commerce.models import Account, Discrepancy

_CODES: dict[str, Promise] = {
    # commerce.attribution, and what a reviewer is asked to look at
    "no_evidence": _("it names neither a click nor a link"),
    "bad_ref": _("the click that it names is forged"),
    "unknown_ref": _("the click that it names is not known"),
    "no_click": _("no click of its link counts"),
    "expired": _("the click was too old"),
    "unqualified": _("the click does not count"),
    "other_programme": _("the click led to another shop's programme"),
    "link_disabled": _("the link was switched off"),
    "needs_review": _("clicks for two people are too close to tell"),
    "self_purchase": _("buyer and pinner are the same"),
    # commerce.verdicts
    "unknown_order": _("waits for its order"),
    "unknown_click": _("waits for its click"),
    "no_programme": _("no programme is for it"),
}


def code_shown(code: str) -> str:
    """A code that nobody has words for is shown as it is."""
    if word := _CODES.get(code):
        return str(word)
    return str(dict(Discrepancy.Kind.choices).get(code, code))


def account_name(account: Account) -> str:
    """What is in it, and whose."""
    kind = account.get_kind_display()
    if account.user:
        return f"{kind}: {account.user.username}"
    if account.kind == Account.Kind.RECEIVABLE:
        return f"{kind}: {account.key}"
    if account.kind == Account.Kind.CLEARING:
        return f"{kind}: #{account.key}"
    return str(kind)
