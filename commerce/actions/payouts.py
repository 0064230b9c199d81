"""From what is owed to what is paid, under four eyes.

One reviewer freezes a list, another approves it: then the money leaves `payable` for
the batch's clearing account. The bank's answer empties that, this way or back.
"""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.consequences import stage_of
from commerce.actions.payout_lists import (
    UNPAID,
    add_payout,
    digest_of_lines,
    payables_of,
    ready_shares,
)
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
    PayoutBatch,
    PayoutLine,
)
from commerce.money import amount_text
from pinboard.cells import sheet
from users.models import User

COLUMNS = (
    *("payout", "method", "holder", "account", "amount", "currency", "state"),
    # For the bank's answer, or whoever fills it in: see commerce.bank_answers.
    *("result", "reference"),
)
BANK = "bank"  # the key of the one cash account


@transaction.atomic
def prepare_batch(*, currency: str, by: User) -> PayoutBatch:
    """Freeze who gets how much: approved shares that no other payout has, less debts,
    for whom that is enough, who confirmed their e-mail and said where to pay.

    Locks the currency's payouts, then commissions, then accounts. Raises
    ApprovalRefused when there is nobody to pay.
    """
    _require(by, "commerce.add_payoutbatch")
    _lock_currency(currency)
    shares = list(ready_shares(currency))
    commissions = _lock_commissions({share.commission_id for share in shares})
    by_person: dict[int | None, list[CommissionShare]] = {}
    for share in ready_shares(currency):  # again, now that nobody moves them
        if share.commission_id in commissions:
            by_person.setdefault(share.party_id, []).append(share)
    batch = PayoutBatch.objects.create(currency=currency, created_by=by)
    for payable in payables_of(by_person, currency):
        add_payout(batch, payable, by_person[payable.user_id])
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
    """What the bank has not answered yet: a file fetched again pays nobody twice."""
    rows: list[list[str]] = [list(COLUMNS)]
    for payout in batch.payouts.filter(state=Payout.State.SUBMITTED).order_by("pk"):
        amount = amount_text(payout.amount_minor, payout.currency)
        rows.append(
            [
                *(str(payout.public_id), payout.method, payout.holder, payout.number),
                *(amount, payout.currency, payout.state, "", ""),
            ]
        )
    return sheet(rows)


@transaction.atomic
def mark_paid(*, payout: Payout, by: User, external_ref: str) -> Payout:
    """The bank says it is out. Its reference can name one payout only."""
    row = _locked_payout(payout, by=by)
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
    row = _locked_payout(payout, by=by)
    _take_back(row, by=by, note=note)
    _close_if_done(row.batch)
    return row


@transaction.atomic
def cancel_batch(*, batch: PayoutBatch, by: User) -> PayoutBatch:
    """Before the bank has the list, nobody is paid by it."""
    _require(by, "commerce.change_payoutbatch")
    row = _locked_batch(batch, PayoutBatch.State.DRAFT, PayoutBatch.State.APPROVED)
    if row.payouts.filter(state=Payout.State.PAID).exists():
        raise ApprovalRefused(_("A part of it is paid. Only the bank's answers count."))
    waiting = row.payouts.exclude(state=Payout.State.FAILED)
    payouts = list(waiting.select_for_update().order_by("pk"))
    # All of them before the first account: a refund waits for these, not they for it.
    lines = PayoutLine.objects.filter(payout__in=payouts, share__isnull=False)
    _lock_commissions(set(lines.values_list("share__commission", flat=True)))
    for payout in payouts:
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
    commissions = Commission.objects.filter(shares__lines__payout__batch=batch)
    if commissions.exclude(hold_reasons=[]).exists():
        return _("A commission in it is on hold now. Cancel the batch, prepare anew.")
    if commissions.exclude(rejected_at=None).exists():
        return _("A commission in it was rejected. Cancel the batch, prepare anew.")
    if batch.payouts.filter(user__is_active=False, user__closed_at=None).exists():
        return _("A person in it is banned now. Cancel the batch, prepare anew.")
    return ""


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


def _locked_payout(payout: Payout, *, by: User) -> Payout:
    """With its batch, whose end depends on all its payouts."""
    _require(by, "commerce.change_payoutbatch")
    PayoutBatch.objects.select_for_update().get(pk=payout.batch_id)
    rows = Payout.objects.select_for_update(of=("self",)).select_related("batch")
    row = rows.get(pk=payout.pk)
    if row.state != Payout.State.SUBMITTED:
        raise TransitionRefused
    if row.user_id == by.pk:  # who says that it came back is paid again
        raise ApprovalRefused(_("It is paid to you. Another reviewer must say so."))
    return row


def _require(by: User, permission: str) -> None:
    if not by.has_perm(permission):
        raise ApprovalRefused(_("Only reviewers decide about payouts."))
