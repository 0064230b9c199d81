"""A person's statement: each order with what is one's own of it, as rows of a sheet."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.earnings import orders_of
from commerce.models import CommissionShare
from commerce.money import amount_text, percent_shown
from commerce.months import CalendarMonth
from commerce.words import own_word, reason_shown, word_shown
from users.models import User

CHUNK = 500


def statement_of(user: User, month: CalendarMonth | None = None) -> Iterator[list[str]]:
    """The head, then one's orders, of all time or of a month, the newest first."""
    yield [
        *(_("Ordered"), _("Order"), _("Product"), _("Currency"), _("Price")),
        *(_("Rate"), _("Commission"), _("Fee"), _("Your part"), _("Yours")),
        *(_("Status"), _("Reason")),
    ]
    for share in orders_of(user, month).order_by("-pk").iterator(chunk_size=CHUNK):
        yield _row(share)


def _row(share: CommissionShare) -> list[str]:
    commission = share.commission
    line, currency = commission.line, commission.currency
    return [
        f"{timezone.localtime(line.created_at):%Y-%m-%d}",
        line.order_id,
        line.product.title if line.product else line.item_title,
        currency,
        amount_text(commission.base_minor, currency),
        percent_shown(commission.rate_bp),
        amount_text(commission.gross_minor, currency),
        amount_text(commission.fee_minor, currency),
        percent_shown(share.bp),
        amount_text(share.amount_minor, currency),
        word_shown(own_word(commission, [share])),
        reason_shown(commission),
    ]
