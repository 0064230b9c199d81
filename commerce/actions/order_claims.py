"""Orders that name nobody, claimed by the pinners they came by (找回订单).

What is somebody else's is answered like what nobody knows: the claim is open, and runs
out with the time in which an order can be claimed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from commerce.actions.claims import CLAIMABLE, attribute_by_hand
from commerce.actions.rights import REVIEW, without_reason
from commerce.claim_evidence import best_level, candidates_of
from commerce.exceptions import ApprovalRefused, ClaimRefused, TransitionRefused
from commerce.models import (
    Click,
    CommissionShare,
    CommissionState,
    OrderClaim,
    OrderLine,
    Programme,
)
from pinboard.actions.notifications import notify
from pinboard.models import Notification
from users.models import User

State, Evidence = OrderClaim.State, OrderClaim.Evidence
MOST_OPEN = 20  # of one person
WEIGHED_AT_ONCE = 200  # each time; the rest an hour later

GRANTED = gettext_noop("Your claim of order %(order)s was granted: it is yours.")
REFUSED = gettext_noop("Your claim of order %(order)s was refused: “%(reason)s”")
# Whatever the reason: it must not tell whose the order is.
RAN_OUT = gettext_noop(
    "Your claim of order %(order)s ran out: in 60 days we found no order of this "
    "number that is nobody's."
)


@transaction.atomic
def claim_order(
    *, user: User, programme: Programme, order_no: str, note: str = ""
) -> OrderClaim:
    """Say that an order came by one's pin; it need not be known yet. Raises
    ClaimRefused. One that was withdrawn is opened again."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # counted one by one
    if refusal := _why_not_claim(user, programme, order_no):
        raise ClaimRefused(refusal)
    known = {"network": programme.network, "order_no": order_no, "user": user}
    told = {"programme": programme, "note": note, "state": State.OPEN}
    claim, is_new = OrderClaim.objects.get_or_create(**known, defaults=told)
    if not is_new:
        if claim.state != State.WITHDRAWN:
            raise ClaimRefused(_standing_of(claim))
        claim.programme, claim.note, claim.state = programme, note, State.OPEN
        claim.decided_at, claim.weighed_at = None, None
        claim.save()
    _weigh(claim)
    return claim


@transaction.atomic
def withdraw_claim(*, claim: OrderClaim, user: User) -> OrderClaim:
    """One's own, as long as it is open. Raises TransitionRefused."""
    row = _open(claim)
    if row.user_id != user.pk:
        raise TransitionRefused
    _decide(row, State.WITHDRAWN)
    return row


@transaction.atomic
def grant_claim(
    *, claim: OrderClaim, by: User, reason: str, lines: Collection[int] | None = None
) -> OrderClaim:
    """Give the order's lines that are nobody's, all or those chosen, to the claimant,
    by the click that is strong evidence, if there is one. Raises ApprovalRefused."""
    row = _open(claim)
    if refusal := why_not_grant(row, by=by):
        raise ApprovalRefused(refusal)
    # Locked before they are looked at: of two claims of one order one is granted.
    list(lines_of(row).select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    given = [
        line
        for line in lines_of(row).order_by("pk")
        if is_claimable(line) and (lines is None or line.pk in lines)
    ]
    if not given:
        raise ApprovalRefused(_("No line of this order is nobody's any more."))
    for line in given:
        click = _click_for(row.user, line)
        attribute_by_hand(
            commission=line.commission,
            beneficiary=row.user,
            originator=_originator_of(row.user, click),
            click=click,
            by=by,
            reason=reason,
        )
    _decide(row, State.GRANTED, by=by, reason=reason)
    _tell(row, GRANTED)
    return row


@transaction.atomic
def refuse_claim(*, claim: OrderClaim, by: User, reason: str) -> OrderClaim:
    """With a reason that the claimant reads. Raises ApprovalRefused."""
    row = _open(claim)
    if refusal := _why_not_decide_claim(row, by=by) or without_reason(reason):
        raise ApprovalRefused(refusal)
    _decide(row, State.REFUSED, by=by, reason=reason)
    _tell(row, REFUSED)
    return row


@transaction.atomic
def forget_claims_of(user: User) -> None:
    """Of an account that is closed: nothing is claimed any more, and no word stays."""
    now, claims = timezone.now(), OrderClaim.objects.filter(user=user)
    claims.open().update(state=State.WITHDRAWN, decided_at=now)
    claims.update(note="")


def weigh_claims() -> int:
    """Look for clicks of those whose order has become known; how many were weighed."""
    claims = OrderClaim.objects.open().filter(weighed_at=None).of_known_orders()
    rows = list(claims.select_related("user").order_by("pk")[:WEIGHED_AT_ONCE])
    for claim in rows:
        _weigh(claim)
    return len(rows)


def close_old_claims(now: datetime | None = None) -> int:
    """Refuse what was open for as long as an order can be claimed, and has no line
    that a reviewer could give; how many."""
    too_old = (now or timezone.now()) - CLAIMABLE
    claimable = OrderLine.objects.filter(
        network=OuterRef("network"),
        order_id=OuterRef("order_no"),
        commission__state=CommissionState.UNATTRIBUTED,
        created_at__gt=too_old,
    )
    old = OrderClaim.objects.open().filter(~Exists(claimable), created_at__lte=too_old)
    pks = list(old.order_by("pk").values_list("pk", flat=True)[:WEIGHED_AT_ONCE])
    for pk in pks:
        _run_out(pk)
    return len(pks)


def lines_of(claim: OrderClaim) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(
        network=claim.network_id, order_id=claim.order_no
    ).select_related("commission", "programme", "product")


def is_claimable(line: OrderLine) -> bool:
    """Nobody's yet, and of less than 60 days ago."""
    commission = getattr(line, "commission", None)
    return (
        commission is not None
        and commission.state == CommissionState.UNATTRIBUTED
        and timezone.now() - line.created_at < CLAIMABLE
    )


def why_not_grant(claim: OrderClaim, *, by: User) -> str:
    """The first condition that does not hold; the rest `attribute_by_hand` asks."""
    if refusal := _why_not_decide_claim(claim, by=by):
        return refusal
    if claim.state != State.OPEN:
        return _("It is decided already.")
    if not claim.user.is_active:
        return _("This account is banned or closed.")
    return ""


def _why_not_claim(user: User, programme: Programme, order_no: str) -> str:
    shop = programme.shop
    if shop and shop.owner_id == user.pk:
        return _("This is your own shop: you earn nothing by its orders.")
    own = CommissionShare.objects.filter(
        party=user,
        commission__line__network=programme.network,
        commission__line__order_id=order_no,
    )
    if own.exists():
        return _("This order is among your earnings already.")
    claims = OrderClaim.objects.open().filter(user=user)
    others = claims.exclude(network=programme.network, order_no=order_no)
    if others.count() >= MOST_OPEN:
        return _(
            "You have %(count)s open claims. Wait until some are decided, or withdraw "
            "one."
        ) % {"count": MOST_OPEN}
    return ""


def _standing_of(claim: OrderClaim) -> str:
    if claim.state == State.REFUSED:
        return _("You claimed this order before, and it was refused.")
    return _("You have claimed this order already.")


def _why_not_decide_claim(claim: OrderClaim, *, by: User) -> str:
    if not by.has_perm(REVIEW):
        return _("Only reviewers decide about commissions.")
    if claim.user_id == by.pk:
        return _("This is your own claim. Another reviewer must decide.")
    return ""


def _open(claim: OrderClaim) -> OrderClaim:
    rows = OrderClaim.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.get(pk=claim.pk)
    if row.state != State.OPEN:
        raise TransitionRefused
    return row


def _decide(
    row: OrderClaim, state: str, *, by: User | None = None, reason: str = ""
) -> None:
    row.state, row.decided_by, row.decided_at = state, by, timezone.now()
    row.reason = reason.strip()[:300]
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])


@transaction.atomic
def _run_out(pk: int) -> None:
    rows = OrderClaim.objects.open().select_for_update(of=("self",))
    for row in rows.select_related("user").filter(pk=pk):
        _decide(row, State.REFUSED)
        _tell(row, RAN_OUT)


def _weigh(claim: OrderClaim) -> None:
    lines = list(lines_of(claim))
    if not lines:
        return
    best = best_level(
        candidate.level
        for line in lines
        for candidate in candidates_of(claim.user, line)
    )
    OrderClaim.objects.filter(pk=claim.pk).update(
        evidence_level=best, weighed_at=timezone.now()
    )
    claim.refresh_from_db(fields=["evidence_level", "weighed_at"])


def _click_for(user: User, line: OrderLine) -> Click | None:
    """What it must have come by, if there is strong evidence: its pin is then the one
    that sold, and its rate the one that was promised."""
    found = candidates_of(user, line)
    return found[0].click if found and found[0].level == Evidence.STRONG else None


def _originator_of(user: User, click: Click | None) -> User | None:
    if click is None:
        return None
    return user if click.beneficiary_is_originator else click.originator


def _tell(row: OrderClaim, text: str) -> None:
    notify(
        recipient=row.user,
        kind=Notification.Kind.NEWS,
        text=text,
        facts={"order": row.order_no, "reason": row.reason},
        url=reverse("commerce:claim-list"),
    )
