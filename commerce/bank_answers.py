"""What a bank answered about a batch: our own list of payouts with two columns more.

Pure reading, and what each row would do. Nothing is written here.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.exceptions import FileUnreadable, MalformedAmount
from commerce.models import Payout
from commerce.money import minor_units
from commerce.networks.tables import read_table

MOST_BYTES = 2 * 1024 * 1024
MOST_ROWS = 5000
LONGEST_CELL = 200
COLUMNS = ("payout", "amount", "currency", "result", "reference")
OK, FAILED, UNKNOWN = "ok", "failed", "unknown"


class Does(enum.StrEnum):
    """What a row does when the file is applied."""

    PAYS = "paid"
    RETURNS = "failed"
    STAYS = "submitted"  # unknown: in clearing until the bank knows, and not sent again
    DONE = "closed"  # it was answered just so before
    UNFIT = "invalid"


DOES_SHOWN: dict[Does, Promise | str] = {
    Does.PAYS: gettext_lazy("will be marked as paid"),
    Does.RETURNS: gettext_lazy("came back: will be owed again"),
    Does.STAYS: gettext_lazy("unknown: stays with the bank"),
    Does.DONE: gettext_lazy("answered before"),
    Does.UNFIT: gettext_lazy("does not fit"),
}


@dataclass(frozen=True)
class Answer:
    """A row as it came, as texts."""

    payout: str
    amount: str
    currency: str
    result: str
    reference: str


@dataclass(frozen=True)
class Judged:
    answer: Answer
    payout: Payout | None
    does: Does
    why: str = ""

    @property
    def does_shown(self) -> Promise | str:
        return DOES_SHOWN[self.does]


def read_answers(content: bytes) -> list[Answer]:
    """Raises FileUnreadable with what to do about it."""
    if len(content) > MOST_BYTES:
        raise FileUnreadable(_("The file is larger than 2 MB. Send it in parts."))
    table = read_table(content, known=COLUMNS, named=lambda name: name.strip().lower())
    if table.row_count > MOST_ROWS:
        raise FileUnreadable(_("More than 5000 rows. Send the file in parts."))
    places = [table.header.index(name) for name in COLUMNS]
    return [_answer(row, places) for _number, row in table.rows]


def judge(
    answers: Sequence[Answer],
    payouts: Mapping[str, Payout],
    used: Mapping[tuple[str, str], int],
) -> list[Judged]:
    """Each row by itself. `payouts` are those of the batch by their public ids, `used`
    the payouts that have a (method, reference) already."""
    named = Counter(answer.payout for answer in answers)
    references = Counter(
        (payouts[answer.payout].method, answer.reference)
        for answer in answers
        if answer.payout in payouts and answer.result == OK
    )
    judged = []
    for answer in answers:
        payout = payouts.get(answer.payout)
        if payout is None:
            why = _("No payout of this batch has this id.")
        elif named[answer.payout] > 1:
            why = _("The file names this payout twice.")
        else:
            why = _why_unfit(answer, payout)
            key = (payout.method, answer.reference)
            if not why and answer.result == OK:
                if references[key] > 1:
                    why = _("The file gives this reference to two payouts.")
                elif used.get(key, payout.pk) != payout.pk:
                    why = _("Another payout has this reference.")
        if payout is None or why:
            judged.append(Judged(answer, payout, Does.UNFIT, why))
        else:
            judged.append(_fitting(answer, payout))
    return judged


def _why_unfit(answer: Answer, payout: Payout) -> str:
    try:
        minor = minor_units(answer.amount, payout.currency)
    except MalformedAmount as error:
        return str(error.for_user)
    if answer.currency != payout.currency or minor != payout.amount_minor:
        return _("Amount or currency differ from what was sent.")
    if answer.result not in (OK, FAILED, UNKNOWN):
        return _("The result must be ok, failed or unknown.")
    if answer.result == OK and not 0 < len(answer.reference) <= 60:
        return _("Give the bank's reference, 60 characters at most.")
    return ""


def _fitting(answer: Answer, payout: Payout) -> Judged:
    """By what is known of the payout already: an answer counts once."""
    state, says = payout.state, answer.result
    if says == UNKNOWN:
        done = state in (Payout.State.PAID, Payout.State.FAILED)
        return Judged(answer, payout, Does.DONE if done else Does.STAYS)
    if state == Payout.State.SUBMITTED:
        return Judged(answer, payout, Does.PAYS if says == OK else Does.RETURNS)
    is_same = (
        state == Payout.State.PAID and payout.external_ref == answer.reference
        if says == OK
        else state == Payout.State.FAILED
    )
    if is_same:
        return Judged(answer, payout, Does.DONE)
    why = _("It was answered before, and otherwise. Ask the bank.")
    return Judged(answer, payout, Does.UNFIT, why)


def _answer(row: Sequence[str], places: Sequence[int]) -> Answer:
    cells = [row[n].strip()[:LONGEST_CELL] if n < len(row) else "" for n in places]
    payout, amount, currency, result, reference = cells
    return Answer(
        payout.lower(), amount, currency.upper(), result.lower() or UNKNOWN, reference
    )
