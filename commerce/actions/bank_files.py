"""The bank's file of answers: looked at first, then applied, a payout at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.payouts import mark_failed, mark_paid
from commerce.bank_answers import Answer, Does, Judged, judge, read_answers
from commerce.exceptions import ApprovalRefused, CommerceError, TransitionRefused
from commerce.models import BankFile, Payout, PayoutBatch
from users.models import User

ANSWERED = (PayoutBatch.State.EXPORTED, PayoutBatch.State.CLOSED)


@transaction.atomic
def keep_bank_file(*, batch: PayoutBatch, content: bytes, by: User) -> BankFile:
    """Read it and keep it; no payout moves. The same file again is the first one.
    Raises FileUnreadable with what to do about the file."""
    if not by.has_perm("commerce.change_payoutbatch"):
        raise ApprovalRefused(_("Only reviewers decide about payouts."))
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in ANSWERED:
        raise TransitionRefused
    answers = read_answers(content)
    return BankFile.objects.get_or_create(
        batch=row,
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={"rows": [astuple(answer) for answer in answers], "uploaded_by": by},
    )[0]


def answers_of(bank_file: BankFile) -> list[Judged]:
    """What each row does as things stand now; of a file that was applied, nothing."""
    answers = [Answer(*row) for row in bank_file.rows]
    payouts = Payout.objects.filter(batch=bank_file.batch_id).select_related("user")
    by_id = {str(payout.public_id): payout for payout in payouts}
    references = {answer.reference for answer in answers if answer.reference}
    used = Payout.objects.filter(external_ref__in=references)
    keys = {(row.method, row.external_ref): row.pk for row in used}
    return judge(answers, by_id, keys)


def apply_bank_file(*, bank_file: BankFile, by: User) -> list[Judged]:
    """Each fitting answer in a transaction of its own: one that is refused says why and
    stops no other, and what a crash leaves is done by applying the file again. What was
    unknown stays with the bank. Returns what became of the rows."""
    if not by.has_perm("commerce.change_payoutbatch"):
        raise ApprovalRefused(_("Only reviewers decide about payouts."))
    outcome = [_apply(row, by=by) for row in answers_of(bank_file)]
    BankFile.objects.filter(pk=bank_file.pk, applied_at=None).update(
        applied_by=by, applied_at=timezone.now()
    )
    return outcome


def counts_of(rows: Sequence[Judged]) -> Counter[Does]:
    return Counter(row.does for row in rows)


def _apply(row: Judged, *, by: User) -> Judged:
    if row.payout is None or row.does not in (Does.PAYS, Does.RETURNS):
        return row
    try:
        if row.does == Does.PAYS:
            mark_paid(payout=row.payout, by=by, external_ref=row.answer.reference)
        else:
            note = row.answer.reference or _("The bank's file says so.")
            mark_failed(payout=row.payout, by=by, note=note)
    except CommerceError as error:
        return Judged(row.answer, row.payout, Does.UNFIT, str(error.for_user))
    return row
