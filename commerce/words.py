"""What people call the states of their money and the reasons why it came back."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from commerce.models import Commission, CommissionShare, PayoutAccount
from commerce.money import money_shown, percent_shown, share_of

ON_ITS_WAY, APPROVED, PAID, RETURNED = "on_its_way", "approved", "paid", "returned"

WORDS: dict[str, Promise | str] = {
    ON_ITS_WAY: _("On its way"),
    APPROVED: _("Approved"),
    PAID: _("Paid"),
    RETURNED: _("Returned"),
    "": _("Nobody's yet"),
}
REASONS: dict[str, Promise | str] = {
    "refunded": _("the buyer sent it back"),
    "invalid": _("the shop says that the order is not valid"),
    "self_purchase": _("buyer and pinner are the same"),
    "no_commission": _("the shop paid no commission for it"),
}


def own_word(commission: Commission, shares: Iterable[CommissionShare]) -> str:
    """What is true of these shares of it (read `with_payment`): who is paid is paid,
    though another payee of the same commission still waits."""
    owed = [share for share in shares if share.amount_minor > 0]
    if commission.word == APPROVED and owed and all(share.is_paid for share in owed):
        return PAID
    return commission.word


def word_shown(word: str) -> str:
    return str(WORDS[word])


def reason_shown(commission: Commission) -> str:
    """Why it came back; a reviewer's own words as they are."""
    reason = commission.return_reason
    return str(REASONS.get(reason, reason))


def account_shown(account: PayoutAccount) -> str:
    """Enough to know it by, too little to pay to: "Alipay ending 4471"."""
    method, number = account.get_method_display(), account.number
    name, at, domain = number.partition("@")
    if at:
        return f"{method} {name[:1]}…@{domain}"
    return gettext("%(method)s ending %(digits)s") % {
        "method": method,
        "digits": number[-4:],
    }


def why_owed(commission: Commission) -> str:
    """How its amount comes about, for the shop that pays it."""
    currency, base = commission.currency, commission.base_minor
    full = commission.full_gross_minor
    said = {
        "rate": percent_shown(commission.rate_bp),
        "base": money_shown(base, currency),
        "full": money_shown(full, currency, exact=True),
    }
    is_less = commission.gross_minor != full and commission.word != RETURNED
    if full != share_of(base, rate_bp=commission.rate_bp):
        if is_less:
            return gettext("%(full)s as reported, less returns") % said
        return gettext("%(full)s as reported") % said
    if is_less:
        return gettext("%(rate)s of %(base)s, less returns") % said
    return gettext("%(rate)s of %(base)s") % said
