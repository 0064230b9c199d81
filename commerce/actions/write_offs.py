"""The end of a debt that nothing will net: asked for by one reviewer, booked by
another, seen by the person. No debt disappears in any other way."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.debts import Debt, debts
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import accounts, post
from commerce.ledger.booking import payable_name
from commerce.models import Account, JournalKind, WriteOff
from commerce.money import money_shown
from users.models import User

LOSS = "site"  # the key of the one account of losses


@transaction.atomic
def request_write_off(*, user: User, currency: str, by: User, reason: str) -> WriteOff:
    """All that the person owes in this currency. Raises ApprovalRefused with the first
    condition that does not hold."""
    if not by.has_perm("commerce.add_writeoff"):
        raise ApprovalRefused(_("Only reviewers ask to write off a debt."))
    if not reason.strip():
        raise ApprovalRefused(_("Give a reason. The other reviewer will read it."))
    debt = _debt_of(user, currency)
    if debt is None:
        raise ApprovalRefused(_("Nothing is owed here."))
    if refusal := why_not_write_off(debt, by=by):
        raise ApprovalRefused(refusal)
    try:
        with transaction.atomic():
            return WriteOff.objects.create(
                user=user,
                currency=currency,
                amount_minor=debt.amount_minor,
                reason=reason.strip()[:300],
                created_by=by,
            )
    except IntegrityError as error:
        raise ApprovalRefused(_("Somebody has asked for it already.")) from error


@transaction.atomic
def approve_write_off(*, write_off: WriteOff, by: User) -> WriteOff:
    """The second pair of eyes: the loss is the site's. Locks the row, then accounts."""
    row = _locked(write_off)
    if refusal := why_not_approve_write_off(row, by=by):
        raise ApprovalRefused(refusal)
    loss, payable = accounts(
        [(Account.Kind.CLAWBACK_LOSS, LOSS, None), payable_name(row.user)],
        row.currency,
    )
    now = timezone.now()
    post(
        kind=JournalKind.WRITE_OFF,
        key=f"{JournalKind.WRITE_OFF}:{row.pk}:1",
        entries=[(loss, row.amount_minor), (payable, -row.amount_minor)],
        event_at=now,
        by=by,
        note=row.reason,
    )
    payable.refresh_from_db()  # `post` holds it: a payout that came back was faster
    if payable.balance_minor < 0:
        raise ApprovalRefused(_("The debt is smaller by now. Refuse this, ask anew."))
    row.state, row.approved_by, row.decided_at = WriteOff.State.BOOKED, by, now
    row.save(update_fields=["state", "approved_by", "decided_at"])
    return row


@transaction.atomic
def refuse_write_off(*, write_off: WriteOff, by: User) -> WriteOff:
    """By another reviewer, or by who asked: it stays a debt."""
    row = _locked(write_off)
    if not by.has_perm("commerce.approve_writeoff") and by.pk != row.created_by_id:
        raise ApprovalRefused(_("Only reviewers decide about write-offs."))
    row.state, row.decided_at = WriteOff.State.REFUSED, timezone.now()
    row.save(update_fields=["state", "decided_at"])
    return row


def why_not_write_off(debt: Debt, *, by: User) -> str:
    """The first condition that does not hold; empty if one may ask for it."""
    if debt.user.pk == by.pk:
        return _("It is your own debt. Another reviewer must ask.")
    if not debt.is_old:
        return _("Debts are written off after %(n)d days, this one from %(day)s.") % {
            "n": settings.WRITE_OFF_AFTER_DAYS,
            "day": f"{timezone.localtime(debt.writable_from):%Y-%m-%d}",
        }
    if debt.on_its_way_minor > 0:
        amount = money_shown(debt.on_its_way_minor, debt.currency, exact=True)
        return _("%(amount)s is on its way to them and will be netted.") % {
            "amount": amount
        }
    if debt.has_open_payout:
        return _("A payout of theirs is open: should it come back, it is netted.")
    return ""


def why_not_approve_write_off(write_off: WriteOff, *, by: User) -> str:
    if not by.has_perm("commerce.approve_writeoff"):
        return _("Only reviewers decide about write-offs.")
    if write_off.created_by_id == by.pk:
        return _("You asked for it. Another reviewer must approve it.")
    debt = _debt_of(write_off.user, write_off.currency)
    if debt is None or debt.amount_minor < write_off.amount_minor:
        return _("The debt is smaller by now. Refuse this, ask anew.")
    return why_not_write_off(debt, by=by)


def _debt_of(user: User, currency: str) -> Debt | None:
    found = (debt for debt in debts(user=user) if debt.currency == currency)
    return next(found, None)


def _locked(write_off: WriteOff) -> WriteOff:
    rows = WriteOff.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.get(pk=write_off.pk)
    if row.state != WriteOff.State.REQUESTED:
        raise TransitionRefused
    return row
