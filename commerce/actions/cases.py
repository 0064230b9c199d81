"""Decide about cases of what looks like fraud, and hear who they are about."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commerce.actions.commissions import lock_all, reject, restore
from commerce.actions.holds import release
from commerce.actions.rights import REVIEW, without_reason
from commerce.actions.risk import UNPAID, hold_owed, note_in
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.models import Commission, HoldReason, RiskCase
from pinboard.actions.notifications import notify
from pinboard.models import Notification
from users.models import User

State = RiskCase.State

CLEARED = gettext_noop("We looked again and gave back what was returned: “%(reason)s”")
UPHELD = gettext_noop("Commissions of yours were returned: “%(reason)s”")
STANDS = gettext_noop("We looked again, and the decision stands: “%(reason)s”")


@transaction.atomic
def clear(*, case: RiskCase, by: User, reason: str) -> RiskCase:
    """Nothing was found: what the case held goes on, and after an appeal what it took
    is given back, but for what the network has taken meanwhile."""
    row = _decidable(case, by=by, reason=reason)
    was_appealed = row.state == State.APPEALED
    for commission in _held_by(row):
        if was_appealed and commission.rejected_at:
            with suppress(ApprovalRefused), transaction.atomic():
                restore(commission=commission, by=by, reason=reason)
        else:
            release(commission=commission, reason=HoldReason.FRAUD, by=by)
    _decide(row, State.CLEARED, by=by, reason=reason)
    if was_appealed:
        _tell(row, CLEARED)
    return row


@transaction.atomic
def uphold(
    *, case: RiskCase, by: User, reason: str, chosen: Collection[int] | None = None
) -> RiskCase:
    """Of what the case holds, the chosen commissions (None: all) are returned, with a
    reason that the person reads; the others go on. What was decided or paid meanwhile
    stays."""
    row = _decidable(case, by=by, reason=reason)
    was_appealed = row.state == State.APPEALED
    returnable = [one for one in _held_by(row) if is_returnable(one)]
    returned = [one for one in returnable if chosen is None or one.pk in chosen]
    if returnable and not returned:
        raise ApprovalRefused(_("Choose the commissions to return, or clear the case."))
    for commission in returnable:
        release(commission=commission, reason=HoldReason.FRAUD, by=by)
    for commission in returned:
        reject(commission=commission, by=by, reason=reason)
    _decide(row, State.UPHELD, by=by, reason=reason)
    _tell(row, STANDS if was_appealed else UPHELD)
    return row


@transaction.atomic
def hold_more(*, case: RiskCase, by: User) -> int:
    """What came since the case was opened; how many commissions."""
    row = RiskCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if refusal := why_not_decide_case(row, by=by):
        raise ApprovalRefused(refusal)
    return hold_owed(case=row, by=by)


@transaction.atomic
def appeal(*, case: RiskCase, by: User, text: str) -> RiskCase:
    """Once: another reviewer looks again."""
    row = RiskCase.objects.select_for_update().get(pk=case.pk)
    if row.person_id != by.pk or row.state != State.UPHELD or row.appealed_at:
        raise TransitionRefused
    if not text.strip():
        raise ApprovalRefused(_("Say why we should look again."))
    row.state, row.appeal = State.APPEALED, text.strip()[:1000]
    row.appealed_at = timezone.now()
    row.save(update_fields=["state", "appeal", "appealed_at"])
    note_in(row, by)  # without the text: an event is never forgotten, the text may be
    return row


def forget_appeals_of(user: User) -> None:
    """Of an account that is closed: no word of theirs stays."""
    RiskCase.objects.filter(person=user).exclude(appeal="").update(appeal="")


def why_not_decide_case(case: RiskCase, *, by: User) -> str:
    """The first condition that does not hold; empty if this reviewer may."""
    if not by.has_perm(REVIEW):
        return _("Only reviewers decide about commissions.")
    if case.person_id == by.pk:
        return _("It is about you. Another reviewer must decide.")
    if not case.is_undecided:
        return _("It is decided.")
    if case.state == State.APPEALED and case.decided_by_id == by.pk:
        return _("You decided it. Another reviewer must hear the appeal.")
    own = Q(commission__shares__party=by)
    if case.held.filter(own | Q(commission__line__programme__shop__owner=by)).exists():
        return _("You have a part in what it holds. Another reviewer must decide.")
    return ""


def is_returnable(commission: Commission) -> bool:
    """Held, and in nobody's hands but ours."""
    return commission.state in UNPAID and HoldReason.FRAUD in commission.hold_reasons


def _held_by(case: RiskCase) -> list[Commission]:
    """Locked, before any account is."""
    return lock_all(case.held.values("commission"))


def _decidable(case: RiskCase, *, by: User, reason: str) -> RiskCase:
    row = RiskCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if refusal := why_not_decide_case(row, by=by) or without_reason(reason):
        raise ApprovalRefused(refusal)
    return row


def _decide(row: RiskCase, state: str, *, by: User, reason: str) -> None:
    if row.state == State.APPEALED:
        row.heard_by = by
    else:
        row.decided_by = by
    row.state, row.reason = state, reason.strip()[:300]
    row.decided_at = timezone.now()
    row.save()
    note_in(row, by, row.reason)


def _tell(case: RiskCase, text: str) -> None:
    notify(
        recipient=case.person,
        kind=Notification.Kind.NEWS,
        text=text,
        facts={"reason": case.reason},
        url=reverse("commerce:case-detail", args=[case.pk]),
    )
