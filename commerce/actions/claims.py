"""Whose money nobody knew: given to somebody, kept by the site, or given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.attributions import record
from commerce.actions.commissions import bring, lock_all, locked
from commerce.actions.rights import why_not_decide, without_reason
from commerce.actions.shares import assign_parts
from commerce.attribution import Decision, Owner
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger.booking import book, booked_of, booking_of, post_bookings
from commerce.models import (
    Attribution,
    Basis,
    Click,
    Commission,
    CommissionShare,
    CommissionState,
    JournalKind,
    Payout,
    PayoutAccount,
    PayoutLine,
    Role,
)
from users.models import User

# So long may an order that names nobody be claimed; then the site may keep it.
CLAIMABLE = timedelta(days=60)
CLOSED_AT_ONCE = 50  # each night


@transaction.atomic
def attribute_by_hand(
    *,
    commission: Commission,
    beneficiary: User,
    by: User,
    reason: str,
    originator: User | None = None,
    click: Click | None = None,
) -> Commission:
    """Give it to somebody else than was decided, with a reason; `click` is what it came
    by, where that is known now. What was booked for the old one moves to the new one in
    one journal; what is in a payout stays."""
    row, attribution = locked(commission)
    parties = {beneficiary, originator}
    if refusal := _why_not_attribute(row, by=by, reason=reason, parties=parties):
        raise ApprovalRefused(refusal)
    decision = Decision(
        Basis.MANUAL,
        click_id=click.pk if click else attribution.click_id,
        owner=Owner(beneficiary.pk, originator.pk if originator else None),
        candidates=attribution.candidates,
    )
    attribution = record(row.line, decision, by=by)
    assign_parts(row, row.line, attribution)
    bring(row, attribution, event_at=timezone.now(), by=by, note=reason.strip())
    return row


@transaction.atomic
def sweep(*, commission: Commission, by: User) -> Commission:
    """Nobody claimed it in time, or who was owed it closed the account so long ago: it
    is the site's, by an explicit journal."""
    row, attribution = locked(commission)
    if refusal := why_not_decide(row, by=by):
        raise ApprovalRefused(refusal)
    if not row.is_accrued or not row.has_nobodys_part:
        raise TransitionRefused
    if timezone.now() - _nobodys_since(row, attribution) < CLAIMABLE:
        raise ApprovalRefused(_("It can still be claimed."))
    if row.state == CommissionState.UNATTRIBUTED:
        _sweep_all(row, attribution, by=by)
    else:
        _sweep_given_up(row, by=by)
    return row


@transaction.atomic
def give_up_shares(*, user: User) -> int:
    """An account is closed: what it was owed and nobody pays waits in suspense. What is
    in a payout or paid stays as it is; of how many commissions a share moved."""
    PayoutAccount.objects.filter(user=user).delete()
    is_over = {"state__in": [Payout.State.PAID, Payout.State.FAILED]}
    Payout.objects.filter(user=user, **is_over).update(holder="", number="")
    commissions = lock_all(unpaid_shares(user).values("commission"))
    # Asked again: until the rows were locked a payout may have taken some.
    moved = unpaid_shares(user).filter(commission__in=commissions)
    moved.update(party=None)
    prefetch_related_objects(commissions, "shares")
    booked, now = booked_of(commissions), timezone.now()
    bookings = [
        booking_of(
            row,
            list(row.shares.all()),
            booked[row.pk],
            kind=JournalKind.ADJUST,
            event_at=now,
        )
        for row in commissions
    ]
    post_bookings([booking for booking in bookings if booking])
    return len(commissions)


def give_up_leftovers() -> int:
    """What came to accounts after they were closed: an order that was being read at
    that moment, a payout that the bank sent back. How many people it was of."""
    closed = User.objects.exclude(closed_at=None).order_by("pk")
    is_over = Exists(
        Payout.objects.filter(
            user=OuterRef("pk"), state__in=[Payout.State.PAID, Payout.State.FAILED]
        ).exclude(holder="", number="")
    )
    owed = Exists(_unpaid().filter(party=OuterRef("pk")))
    people = list(closed.filter(is_over | owed)[:CLOSED_AT_ONCE])
    for user in people:
        give_up_shares(user=user)
    return len(people)


def unpaid_shares(user: User) -> QuerySet[CommissionShare]:
    """What closing the account gives up: shares that no payout has, whatever became of
    their orders."""
    return _unpaid().filter(party=user)


def _unpaid() -> QuerySet[CommissionShare]:
    live = PayoutLine.objects.filter(share=OuterRef("pk"), is_live=True)
    return CommissionShare.objects.filter(~Exists(live))


def _nobodys_since(row: Commission, attribution: Attribution) -> datetime:
    """Since the order, or since the last of its people left."""
    people = [p for p in (attribution.beneficiary, attribution.originator) if p]
    left = [person.closed_at for person in people if person.closed_at]
    return max([row.line.created_at, *left])


def _sweep_all(row: Commission, attribution: Attribution, *, by: User) -> None:
    attribution = record(
        row.line,
        Decision(Basis.MANUAL, owner=Owner(None), candidates=attribution.candidates),
        by=by,
    )
    assign_parts(row, row.line, attribution)
    CommissionShare.objects.filter(commission=row, role=Role.PLATFORM).update(
        amount_minor=row.net_minor
    )
    book(row, kind=JournalKind.SWEEP, event_at=timezone.now(), by=by)
    bring(row, attribution, event_at=timezone.now(), by=by)


def _sweep_given_up(row: Commission, *, by: User) -> None:
    """The site's part grows by those of closed accounts; all others stay."""
    site = row.shares.get(role=Role.PLATFORM)
    for share in row.shares.filter(party=None).exclude(pk=site.pk):
        site.bp += share.bp
        site.amount_minor += share.amount_minor
        share.bp = share.amount_minor = 0
        share.save(update_fields=["bp", "amount_minor"])
    site.save(update_fields=["bp", "amount_minor"])
    book(row, kind=JournalKind.SWEEP, event_at=timezone.now(), by=by)
    row.events.create(state=row.state, by=by, note=_("Kept by the site."))


def _why_not_attribute(
    commission: Commission, *, by: User, reason: str, parties: set[User | None]
) -> str:
    if refusal := why_not_decide(commission, by=by) or without_reason(reason):
        return refusal
    if by in parties:
        return _("You would have a share in it. Another reviewer must decide.")
    if PayoutLine.objects.filter(share__commission=commission, is_live=True).exists():
        return _("A share of it is in a payout.")
    return ""
