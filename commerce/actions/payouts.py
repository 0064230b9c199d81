"""From what is owed to what is paid, under four eyes.

One reviewer freezes a list, another approves it: then the money leaves `payable` for
the batch's clearing account. The bank's answer empties that, this way or back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.commissions import stage_of
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import accounts, post, reverse
from commerce.ledger.booking import payable_name
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    CommissionState,
    JournalKind,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutLine,
)
from commerce.money import amount_text
from commerce.sheets import sheet
from users.models import User

COLUMNS = ("payout", "method", "holder", "account", "amount", "currency", "state")
BANK = "bank"  # the key of the one cash account
UNPAID = (CommissionState.PAYABLE, CommissionState.IN_PAYOUT)


@transaction.atomic
def prepare_batch(*, currency: str, by: User) -> PayoutBatch:
    """Freeze who gets how much: approved shares that no other payout has, less debts,
    for whom that is enough, who confirmed their e-mail and said where to pay.

    Locks the currency's payouts, then commissions, then accounts. Raises
    ApprovalRefused when there is nobody to pay.
    """
    _require(by, "commerce.add_payoutbatch")
    _lock_currency(currency)
    shares = list(_ready_shares(currency))
    commissions = _lock_commissions({share.commission_id for share in shares})
    by_person: dict[int | None, list[CommissionShare]] = {}
    for share in _ready_shares(currency):  # again, now that nobody moves them
        if share.commission_id in commissions:
            by_person.setdefault(share.party_id, []).append(share)
    batch = PayoutBatch.objects.create(currency=currency, created_by=by)
    for payable in _payables_of(by_person, currency):
        _prepare_payout(batch, payable, by_person[payable.user_id])
    if not batch.payouts.exists():
        raise ApprovalRefused(_("Nobody is owed enough yet."))
    batch.lines_sha256 = digest_of_lines(batch)
    batch.save(update_fields=["lines_sha256"])
    included = PayoutLine.objects.filter(payout__batch=batch, share__isnull=False)
    for pk in set(included.values_list("share__commission", flat=True)):
        if commissions[pk].state == CommissionState.PAYABLE:
            commissions[pk].move_to(CommissionState.IN_PAYOUT, by=by)
    return batch


@transaction.atomic
def approve_batch(*, batch: PayoutBatch, by: User) -> PayoutBatch:
    """The second pair of eyes: exactly the frozen list leaves `payable`. A refund that
    came meanwhile makes a debt, which the next batch nets."""
    row = _locked_batch(batch, PayoutBatch.State.DRAFT)
    _require(by, "commerce.approve_payoutbatch")
    if refusal := why_not_approve_batch(row, by=by):
        raise ApprovalRefused(refusal)
    row.state, row.approved_by = PayoutBatch.State.APPROVED, by
    row.approved_at = timezone.now()
    row.save()
    payouts = list(row.payouts.select_for_update(of=("self",)).select_related("user"))
    names = [payable_name(payout.user) for payout in payouts]
    clearing_name = (Account.Kind.CLEARING, str(row.pk), None)
    clearing, *payables = accounts([clearing_name, *names], row.currency)
    in_order = sorted(zip(payables, payouts, strict=True), key=lambda pair: pair[0].pk)
    for payable, payout in in_order:
        post(
            kind=JournalKind.PAYOUT_SUBMIT,
            key=f"{JournalKind.PAYOUT_SUBMIT}:{payout.pk}:1",
            entries=[(payable, payout.amount_minor), (clearing, -payout.amount_minor)],
            event_at=row.approved_at,
            payout=payout,
            by=by,
        )
    row.payouts.update(state=Payout.State.SUBMITTED)
    return row


@transaction.atomic
def export_batch(*, batch: PayoutBatch, by: User) -> str:
    """The bank's file. From now on only its answers move this batch."""
    _require(by, "commerce.change_payoutbatch")
    row = _locked_batch(batch, PayoutBatch.State.APPROVED, PayoutBatch.State.EXPORTED)
    if row.state == PayoutBatch.State.APPROVED:
        row.state = PayoutBatch.State.EXPORTED
        row.save(update_fields=["state"])
    return export_csv(row)


def export_csv(batch: PayoutBatch) -> str:
    places = {
        place.user_id: place
        for place in PayoutAccount.objects.filter(user__payouts__batch=batch)
    }
    rows: list[list[str]] = [list(COLUMNS)]
    for payout in batch.payouts.order_by("pk"):
        place = places.get(payout.user_id)
        rows.append(
            [
                str(payout.public_id),
                payout.method,
                place.holder if place else "",
                place.number if place else "",
                amount_text(payout.amount_minor, payout.currency),
                payout.currency,
                payout.state,
            ]
        )
    return sheet(rows)


@transaction.atomic
def mark_paid(*, payout: Payout, by: User, external_ref: str) -> Payout:
    """The bank says it is out. Its reference can name one payout only."""
    _require(by, "commerce.change_payoutbatch")
    row = _locked_payout(payout)
    commissions = _commissions_of(row)
    external_ref = external_ref.strip()
    if not external_ref or len(external_ref) > 60:
        raise ApprovalRefused(_("Give the bank's reference, 60 characters at most."))
    now = timezone.now()
    row.state, row.external_ref, row.paid_at = Payout.State.PAID, external_ref, now
    try:
        with transaction.atomic():
            row.save(update_fields=["state", "external_ref", "paid_at"])
    except IntegrityError as error:
        raise ApprovalRefused(_("Another payout has this reference.")) from error
    clearing, cash = accounts(
        [
            (Account.Kind.CLEARING, str(row.batch_id), None),
            (Account.Kind.CASH, BANK, None),
        ],
        row.currency,
    )
    post(
        kind=JournalKind.PAYOUT_OK,
        key=f"{JournalKind.PAYOUT_OK}:{row.pk}:1",
        entries=[(clearing, row.amount_minor), (cash, -row.amount_minor)],
        event_at=now,
        payout=row,
        by=by,
        note=external_ref,
    )
    _follow(commissions, by=by)
    _close_if_done(row.batch)
    return row


@transaction.atomic
def mark_failed(*, payout: Payout, by: User, note: str) -> Payout:
    """It came back: owed again, to be paid by another batch."""
    _require(by, "commerce.change_payoutbatch")
    row = _locked_payout(payout)
    _take_back(row, by=by, note=note)
    _close_if_done(row.batch)
    return row


@transaction.atomic
def cancel_batch(*, batch: PayoutBatch, by: User) -> PayoutBatch:
    """Before the bank has the list, nobody is paid by it."""
    _require(by, "commerce.change_payoutbatch")
    row = _locked_batch(batch, PayoutBatch.State.DRAFT, PayoutBatch.State.APPROVED)
    for payout in row.payouts.select_for_update().order_by("pk"):
        _take_back(payout, by=by, note=_("The batch was cancelled."))
    row.state = PayoutBatch.State.CANCELLED
    row.save(update_fields=["state"])
    return row


def why_not_approve_batch(batch: PayoutBatch, *, by: User) -> str:
    """The first condition that does not hold; empty if it may be approved."""
    if batch.created_by_id == by.pk:
        return _("You prepared this batch. Another reviewer must approve it.")
    if batch.payouts.filter(user=by).exists():
        return _("You are paid by this batch. Another reviewer must approve it.")
    if digest_of_lines(batch) != batch.lines_sha256:
        return _("The list is no longer what was prepared. Cancel it.")
    held = Commission.objects.filter(shares__lines__payout__batch=batch)
    if held.exclude(hold_reasons=[]).exists():
        return _("A commission in it is on hold now. Cancel the batch, prepare anew.")
    return ""


def digest_of_lines(batch: PayoutBatch) -> str:
    rows = PayoutLine.objects.filter(payout__batch=batch).order_by("pk")
    frozen = rows.values_list(
        "pk", "payout__user", "payout__amount_minor", "share", "amount_minor"
    )
    text = "\n".join(" ".join(str(value) for value in row) for row in frozen)
    return hashlib.sha256(text.encode()).hexdigest()


def _ready_shares(currency: str) -> QuerySet[CommissionShare]:
    """Approved shares of people who can be paid, in no other payout."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("party"), verified=True)
    waiting = Payout.objects.filter(
        user=OuterRef("party"), state=Payout.State.PREPARED, currency=currency
    )
    return _unpaid_shares(currency).filter(
        Exists(confirmed),
        ~Exists(waiting),
        party__payout_account__isnull=False,
        party__is_active=True,
        party__closed_at=None,
        commission__hold_reasons=[],
    )


def _unpaid_shares(currency: str) -> QuerySet[CommissionShare]:
    live = PayoutLine.objects.filter(share=OuterRef("pk"), is_live=True)
    return CommissionShare.objects.filter(
        ~Exists(live),
        party__isnull=False,
        amount_minor__gt=0,
        commission__state__in=UNPAID,
        commission__currency=currency,
    ).order_by("pk")


def _payables_of(people: Iterable[int | None], currency: str) -> list[Account]:
    """Locked in the order in which postings lock them."""
    accounts_of_people = Account.objects.filter(
        kind=Account.Kind.PAYABLE, user__in=people, currency=currency
    )
    return list(accounts_of_people.order_by("pk").select_for_update(no_key=True))


def _prepare_payout(
    batch: PayoutBatch, payable: Account, shares: list[CommissionShare]
) -> None:
    """One payout, with a line for what is netted: the difference between what the
    ledger owes and the shares that still wait, be they in this batch or held."""
    people = User.objects.select_related("payout_account")
    person = people.get(accounts=payable)
    waiting = _unpaid_shares(batch.currency).filter(party=person)
    owed_by_shares = waiting.aggregate(total=Sum("amount_minor"))["total"] or 0
    netted = -payable.balance_minor - owed_by_shares
    amount = sum(share.amount_minor for share in shares) + netted
    if amount < max(settings.PAYOUT_MINIMUM_MINOR, 1):
        return
    payout = Payout.objects.create(
        batch=batch,
        user=person,
        currency=batch.currency,
        amount_minor=amount,
        method=person.payout_account.method,
    )
    lines = [
        PayoutLine(payout=payout, share=share, amount_minor=share.amount_minor)
        for share in shares
    ]
    if netted:
        lines.append(PayoutLine(payout=payout, share=None, amount_minor=netted))
    PayoutLine.objects.bulk_create(lines)


def _take_back(payout: Payout, *, by: User, note: str) -> None:
    commissions = _commissions_of(payout)
    submitted = payout.journals.filter(kind=JournalKind.PAYOUT_SUBMIT).first()
    if submitted:
        reverse(
            submitted,
            kind=JournalKind.PAYOUT_FAIL,
            event_at=timezone.now(),
            by=by,
            note=note,
        )
    payout.state = Payout.State.FAILED
    payout.save(update_fields=["state"])
    payout.lines.update(is_live=False)
    _follow(commissions, by=by, note=note)


def _commissions_of(payout: Payout) -> list[Commission]:
    """Locked, before any account is: that is the order of everybody."""
    pks = payout.lines.exclude(share=None).values_list("share__commission", flat=True)
    return list(_lock_commissions(set(pks)).values())


def _follow(commissions: list[Commission], *, by: User, note: str = "") -> None:
    """Bring the commissions of a payout to how far all their shares have come."""
    for commission in commissions:
        stage = stage_of(commission)
        if commission.state in UNPAID and commission.state != stage:
            commission.move_to(stage, by=by, note=note[:300])


def _close_if_done(batch: PayoutBatch) -> None:
    if not batch.payouts.filter(state=Payout.State.SUBMITTED).exists():
        PayoutBatch.objects.filter(pk=batch.pk).update(state=PayoutBatch.State.CLOSED)


def _lock_currency(currency: str) -> None:
    """Two batches of one currency are prepared one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"payouts:{currency}"],
        )


def _lock_commissions(pks: set[int]) -> dict[int, Commission]:
    rows = Commission.objects.filter(pk__in=pks).order_by("pk")
    return {row.pk: row for row in rows.select_for_update()}


def _locked_batch(batch: PayoutBatch, *states: str) -> PayoutBatch:
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in states:
        raise TransitionRefused
    return row


def _locked_payout(payout: Payout) -> Payout:
    """With its batch, whose end depends on all its payouts."""
    PayoutBatch.objects.select_for_update().get(pk=payout.batch_id)
    rows = Payout.objects.select_for_update(of=("self",)).select_related("batch")
    row = rows.get(pk=payout.pk)
    if row.state != Payout.State.SUBMITTED:
        raise TransitionRefused
    return row


def _require(by: User, permission: str) -> None:
    if not by.has_perm(permission):
        raise ApprovalRefused(_("Only reviewers decide about payouts."))
