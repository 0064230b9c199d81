"""What pictures show, in the words of people who are not their pinners.

The pinner agrees to each, or once and for all in the settings; then words are there at
once, and the pinner takes off with one press what does not fit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from pinboard.actions.indexing import index_pin
from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify, take_back
from pinboard.exceptions import (
    DescribedAlready,
    DescribedMeanwhile,
    HeardEnough,
    TakesNoDescriptions,
    TooLateToWithdraw,
    TooManyDescriptions,
)
from pinboard.models import AltProposal, Notification, Pin, PinState
from pinboard.models.proposal import ProposalState
from users.models import Descriptions

if TYPE_CHECKING:
    from users.models import User

WAITING, TAKEN = ProposalState.WAITING, ProposalState.TAKEN
DECLINED, WITHDRAWN = ProposalState.DECLINED, ProposalState.WITHDRAWN
Kind = Notification.Kind

DAY = timedelta(days=1)
MOST_OF_PIN = 5  # waiting for one answer
MOST_NOT_TAKEN = 2  # of one person on one picture, who is not heard again then
MOST_A_DAY = 50  # of one person


def may_describe(pin: Pin, by: User) -> bool:
    """Where words are missing, by others than those who can write them there."""
    takes = pin.pinner.descriptions != Descriptions.NOBODY and pin.pinner.is_active
    if pin.alt or not takes or pin.state != PinState.READY:
        return False
    return not Pin.objects.editable_by(by).filter(pk=pin.pk).exists()


@transaction.atomic
def describe(*, pin: Pin, by: User, text: str) -> AltProposal:
    """Propose words; said again, they are one's new ones. Whether `by` sees the pin is
    the caller's to know. Raises TakesNoDescriptions, DescribedAlready and
    TooManyDescriptions (or its kind)."""
    mine = _locked_pin(pin)
    if not may_describe(mine, by):
        raise TakesNoDescriptions
    text = _tidy(text)
    said = AltProposal.objects.filter(pin=mine)
    if said.filter(text__iexact=text).exclude(state=WITHDRAWN).exists():
        raise DescribedAlready
    own = said.filter(by=by, state=WAITING).first()
    if own:
        own.text = text
        own.save(update_fields=["text"])
        return own
    _check_room(mine, by)
    made = AltProposal.objects.create(pin=mine, by=by, text=text)
    if _needs_no_answer(mine, by):
        made.state = TAKEN
        made.save(update_fields=["state"])
        _write(mine, text, by)
    notify(recipient=_who_decides(mine), kind=Kind.DESCRIBED, actor=by, pin=mine)
    return made


@transaction.atomic
def withdraw_alt(*, proposal: AltProposal, by: User) -> None:
    """While it waits, or within a day where it was there at once. Raises NoLongerThere
    and TooLateToWithdraw."""
    pin = _locked_pin(proposal.pin)
    own = AltProposal.objects.filter(by=by).exclude(state=WITHDRAWN)
    mine = locked(own.select_for_update(of=["self"]), proposal)
    recent = mine.created_at > timezone.now() - DAY
    if not (mine.is_waiting or (mine.came_straight_in and recent)):
        raise TooLateToWithdraw
    _wipe(pin, mine)
    mine.state, mine.state_before = WITHDRAWN, mine.state
    mine.save(update_fields=["state", "state_before"])
    take_back(kind=Kind.DESCRIBED, actor=by, pin=pin)


@transaction.atomic
def take_alt(*, proposal: AltProposal, by: User, text: str = "") -> AltProposal:
    """The picture has these words from now on, or `text`, which is the same put better;
    its author is named. Raises DescribedMeanwhile where there are words by now."""
    mine = _to_decide(proposal, by, WAITING, DECLINED)
    if mine.pin.alt:
        raise DescribedMeanwhile
    _write(mine.pin, _tidy(text) or mine.text, mine.by)
    _decide(mine, TAKEN, by)
    if mine.by:
        notify(recipient=mine.by, kind=Kind.ALT_TAKEN, actor=by, pin=mine.pin)
    return mine


@transaction.atomic
def decline_alt(*, proposal: AltProposal, by: User) -> AltProposal:
    """Quietly: its author is not told, but finds it among their own. Words that were
    taken are taken off the picture."""
    mine = _to_decide(proposal, by, WAITING, TAKEN)
    _wipe(mine.pin, mine)
    _decide(mine, DECLINED, by)
    return mine


@transaction.atomic
def undo_alt(*, proposal: AltProposal, by: User) -> AltProposal:
    """The decision. Words that were changed since then stay. Raises DescribedMeanwhile
    where the old ones cannot come back."""
    mine = _to_decide(proposal, by, TAKEN, DECLINED)
    before = ProposalState(mine.state_before or WAITING)
    _wipe(mine.pin, mine)
    if before == TAKEN:
        if mine.pin.alt:
            raise DescribedMeanwhile
        _write(mine.pin, mine.text, mine.by)
    mine.state, mine.decided_by = before, None
    # What was on the picture before was decided on; only what waits was not.
    mine.state_before = "" if before == WAITING else WAITING
    mine.save(update_fields=["state", "state_before", "decided_by"])
    return mine


def _tidy(text: str) -> str:
    return " ".join(text.split())[:500]


def _to_decide(proposal: AltProposal, by: User, *states: str) -> AltProposal:
    pin = _locked_pin(proposal.pin)
    mine = AltProposal.objects.decidable_by(by).filter(state__in=states)
    found = locked(mine.select_related("by").select_for_update(of=["self"]), proposal)
    found.pin = pin
    return found


def _locked_pin(pin: Pin) -> Pin:
    """First, so that of two descriptions only one becomes the picture's."""
    rows = Pin.objects.filter(deleted_at=None, board__deleted_at=None)
    related = rows.select_related("pinner", "board__owner", "product__shop")
    return locked(related.select_for_update(of=["self"]), pin)


def _check_room(pin: Pin, by: User) -> None:
    own = AltProposal.objects.filter(by=by)
    if own.filter(pin=pin, state=DECLINED).count() >= MOST_NOT_TAKEN:
        raise HeardEnough
    if own.filter(created_at__gt=timezone.now() - DAY).count() >= MOST_A_DAY:
        raise TooManyDescriptions
    if AltProposal.objects.waiting().filter(pin=pin).count() >= MOST_OF_PIN:
        raise TooManyDescriptions


def _needs_no_answer(pin: Pin, by: User) -> bool:
    """Its pinner agreed once for all, and never had to refuse this person's words."""
    if pin.pinner.descriptions != Descriptions.OPEN or _who_decides(pin) != pin.pinner:
        return False
    refused = AltProposal.objects.filter(by=by, pin__pinner=pin.pinner, state=DECLINED)
    return not refused.exists()


def _who_decides(pin: Pin) -> User:
    """Its pinner; on a board that they left it is the board's owner."""
    theirs = Pin.objects.editable_by(pin.pinner).filter(pk=pin.pk)
    return pin.pinner if theirs.exists() else pin.board.owner


def _write(pin: Pin, text: str, author: User | None) -> None:
    pin.alt, pin.alt_author = text, author
    pin.save(update_fields=["alt", "alt_author"])
    index_pin(pin)


def _wipe(pin: Pin, mine: AltProposal) -> None:
    """What came of it, unless the words are others by now."""
    if mine.state != TAKEN or mine.by_id is None or pin.alt_author_id != mine.by_id:
        return
    _write(pin, "", None)
    told = Notification.objects.filter(kind=Kind.ALT_TAKEN, pin=pin)
    told.filter(recipient=mine.by_id).delete()


def _decide(mine: AltProposal, state: ProposalState, by: User) -> None:
    mine.state_before, mine.state, mine.decided_by = mine.state, state, by
    mine.save(update_fields=["state", "state_before", "decided_by"])
