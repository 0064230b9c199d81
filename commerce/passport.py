"""The passport of a commission: all that is known of it, for whoever may know it.

The pinner and the original pinner see item, rate, fee and their own share; the shop
that pays sees the order and who pinned; a reviewer sees everything. Nobody here sees
the buyer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from commerce.models import (
    Attribution,
    Commission,
    CommissionEvent,
    CommissionShare,
    HoldReason,
    Journal,
    OrderLine,
    Payout,
    RiskCase,
)
from commerce.whose import Reader, Role, explain, people_in
from commerce.words import (
    APPROVED,
    ON_ITS_WAY,
    PAID,
    WORDS,
    own_word,
    reason_shown,
)
from pinboard.models import Pin
from users.models import User


@dataclass(frozen=True)
class Step:
    """A line of the history, in the reader's words."""

    at: datetime
    text: str
    note: str = ""


@dataclass(frozen=True)
class Passport:
    commission: Commission
    line: OrderLine
    word: str  # of the reader's own shares, where there are any
    reason: str
    attribution: Attribution | None
    why: list[str]  # whose it is, in sentences for the reader
    pin: Pin | None  # where it may be seen by the reader
    pinner: str | None
    shares: list[tuple[CommissionShare, bool]]  # and whether its amount is shown
    steps: list[Step]
    payouts: list[Payout]
    journals: list[Journal]  # for reviewers
    held_because: str  # as much as who earns by it may know; empty if nothing holds it
    case: RiskCase | None  # in which it was decided that it is returned
    is_reviewer: bool
    is_earner: bool
    is_shop: bool


def passport_of(commission: Commission, reader: User) -> Passport:
    shares = list(commission.shares.all())
    shop = commission.line.programme.shop
    is_reviewer = reader.has_perm("commerce.review_commission")
    is_earner = any(share.party_id == reader.pk for share in shares)
    is_shop = shop is not None and shop.owner_id == reader.pk
    attribution = _attribution_of(commission)
    mine = [share for share in shares if share.party_id == reader.pk]
    payouts = _payouts(shares if is_reviewer else mine)
    return Passport(
        commission=commission,
        line=commission.line,
        word=own_word(commission, mine),
        reason=reason_shown(commission),
        attribution=attribution,
        why=_why(attribution, reader, is_reviewer=is_reviewer, is_shop=is_shop),
        pin=_pin_for(attribution, reader),
        pinner=_pinner_for(attribution, reader, knows=is_reviewer or is_shop),
        shares=[
            (share, is_reviewer or share in mine)
            for share in shares
            if is_reviewer or is_earner
        ],
        steps=_steps(commission, is_reviewer=is_reviewer, own=payouts),
        payouts=payouts,
        journals=_journals(commission) if is_reviewer else [],
        held_because=_held_because(commission) if is_earner else "",
        case=_case_about(commission, reader),
        is_reviewer=is_reviewer,
        is_earner=is_earner,
        is_shop=is_shop,
    )


def _attribution_of(commission: Commission) -> Attribution | None:
    current = commission.line.attributions.filter(is_current=True)
    return current.select_related("click__link__pin", "beneficiary", "actor").first()


def why_for_reviewers(attribution: Attribution) -> list[str]:
    """With the names of all whose clicks were looked at."""
    people = User.objects.filter(pk__in=people_in(attribution))
    names = dict(people.values_list("pk", "username"))
    return explain(attribution, Reader(Role.REVIEWER, names=names))


def _why(
    attribution: Attribution | None, reader: User, *, is_reviewer: bool, is_shop: bool
) -> list[str]:
    if attribution is None:
        return []
    if is_reviewer:
        return why_for_reviewers(attribution)
    if is_shop:
        pinner = attribution.beneficiary
        names = {pinner.pk: pinner.username} if pinner else {}
        return explain(attribution, Reader(Role.RETAILER, names=names))
    return explain(attribution, Reader(Role.PINNER, user_id=reader.pk))


def _pin_for(attribution: Attribution | None, reader: User) -> Pin | None:
    click = attribution.click if attribution else None
    if click is None or click.link.pin_id is None:
        return None
    return Pin.objects.visible_to(reader).filter(pk=click.link.pin_id).first()


def _pinner_for(
    attribution: Attribution | None, reader: User, *, knows: bool
) -> str | None:
    person = attribution.beneficiary if attribution else None
    if person is None or not (knows or person.pk == reader.pk):
        return None
    return person.username


def _steps(
    commission: Commission, *, is_reviewer: bool, own: list[Payout]
) -> list[Step]:
    """Each change of the word; a reviewer reads each change of the state, and why. Who
    was paid reads when that was, not when the last payee of the commission was."""
    events = list(commission.events.select_related("by"))
    if is_reviewer:
        return [
            Step(event.created_at, event.get_state_display(), _signed(event))
            for event in events
        ]
    words = [(event.created_at, Commission(state=event.state).word) for event in events]
    if out := [payout.paid_at for payout in own if payout.paid_at]:
        words = [(at, word) for at, word in words if word != PAID]
        words = sorted([*words, *((at, PAID) for at in out)])
    steps: list[Step] = []
    for at, word in words:
        if word and (not steps or steps[-1].text != str(WORDS[word])):
            steps.append(Step(at, str(WORDS[word])))
    return steps


def _signed(event: CommissionEvent) -> str:
    names = [event.by.username] if event.by else []
    return " · ".join(filter(None, [event.note, *names]))


def _held_because(commission: Commission) -> str:
    """In general: the rule itself would say how to stay below it, and one payee is told
    nothing about the other."""
    if commission.word not in (ON_ITS_WAY, APPROVED) or not commission.hold_reasons:
        return ""
    if HoldReason.FRAUD in commission.hold_reasons:
        return _(
            "Something about its clicks or orders is unusual, so a person looks at it "
            "before it is paid. That happens to honest pinners, too. Pins and links go "
            "on as before, and you need do nothing."
        )
    return _("A person looks at this one before it is paid. You need do nothing.")


def _case_about(commission: Commission, reader: User) -> RiskCase | None:
    """The reader's own, where it returned this commission: they may ask again."""
    if commission.rejected_at is None:
        return None
    cases = RiskCase.objects.told_to(reader).filter(held__commission=commission)
    return cases.order_by("-pk").first()


def _payouts(shares: list[CommissionShare]) -> list[Payout]:
    payouts = Payout.objects.filter(lines__share__in=shares, lines__is_live=True)
    return list(payouts.select_related("user").distinct().order_by("pk"))


def _journals(commission: Commission) -> list[Journal]:
    return list(commission.journals.select_related("by").order_by("pk"))
