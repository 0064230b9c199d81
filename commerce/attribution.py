"""Whose is an order line? Pure: the same facts give the same answer for ever, and the
answer keeps what it looked at. Version `attr/1` of commerce.md 2.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from commerce.models import Basis, Programme

VERSION = "attr/1"
# Clocks of shops run apart; a click may seem to come after its order.
SKEW = timedelta(minutes=5)
# A network that names the time of the click means this click, give or take.
CLICK_TIME_TOLERANCE = timedelta(seconds=120)
# Two clicks for different people as close as this: a person decides.
TOO_CLOSE = timedelta(seconds=5)


@dataclass(frozen=True)
class LineFacts:
    created_at: datetime
    click_ref: str = ""
    sub_id: str = ""
    click_time: datetime | None = None
    product_id: int | None = None
    shop_id: int | None = None


@dataclass(frozen=True)
class Terms:
    programme_id: int
    window_days: int
    self_purchase: str = Programme.SelfPurchase.REVIEW


@dataclass(frozen=True)
class ClickFacts:
    id: str
    occurred_at: datetime
    programme_id: int
    is_qualified: bool = True
    link_disabled_at: datetime | None = None
    beneficiary_id: int | None = None  # null = the site
    originator_id: int | None = None
    beneficiary_is_originator: bool = False
    product_id: int | None = None
    shop_id: int | None = None
    # Who clicked.
    user_id: int | None = None
    visitor_key: str = ""


@dataclass(frozen=True)
class Owner:
    """Whose a sub-id is when no click tells."""

    beneficiary_id: int | None
    originator_id: int | None = None
    beneficiary_is_originator: bool = False


@dataclass(frozen=True)
class SelfEvidence:
    """Marks of a beneficiary by which their own purchase can be known."""

    visitor_keys: frozenset[str] = frozenset()
    # Others who are paid to the same place.
    twin_ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Decision:
    basis: str
    reason: str = ""
    click_id: str | None = None
    owner: Owner | None = None
    needs_review: bool = False
    candidates: list[dict[str, object]] = field(default_factory=list)


def decide(
    line: LineFacts,
    terms: Terms,
    *,
    named_click: ClickFacts | None = None,
    ref_is_forged: bool = False,
    sub_id_clicks: Sequence[ClickFacts] = (),
    sub_id_owner: Owner | None = None,
) -> Decision:
    """Explicit evidence first; it is never replaced by a guess."""
    if line.click_ref:
        return _by_click_ref(line, terms, named_click, ref_is_forged)
    if line.sub_id:
        return _by_sub_id(line, terms, sub_id_clicks, sub_id_owner)
    return Decision(Basis.NONE, "no_evidence")


def refusal_of(click: ClickFacts, line: LineFacts, terms: Terms) -> str:
    """Why this click cannot earn by this line; empty if it can.

    The window is open at its far end: a click exactly that old is expired.
    """
    age = line.created_at - click.occurred_at
    if click.programme_id != terms.programme_id:
        return "other_programme"
    if not click.is_qualified or age < -SKEW:
        return "unqualified"
    if click.link_disabled_at and click.link_disabled_at <= click.occurred_at:
        return "link_disabled"
    if age >= timedelta(days=terms.window_days):
        return "expired"
    return ""


def is_self_purchase(
    click: ClickFacts, beneficiary_id: int | None, evidence: SelfEvidence
) -> bool:
    if beneficiary_id is None:
        return False
    return (
        click.user_id == beneficiary_id
        or (click.user_id is not None and click.user_id in evidence.twin_ids)
        or (bool(click.visitor_key) and click.visitor_key in evidence.visitor_keys)
    )


def _by_click_ref(
    line: LineFacts, terms: Terms, click: ClickFacts | None, ref_is_forged: bool
) -> Decision:
    if ref_is_forged:
        return Decision(Basis.NONE, "bad_ref")
    if click is None:
        return Decision(Basis.NONE, "unknown_ref")
    refusal = refusal_of(click, line, terms)
    candidates = [_candidate(click, refusal)]
    if refusal:
        return Decision(Basis.NONE, refusal, candidates=candidates)
    return _won(Basis.CLICK_REF, click, candidates)


def _by_sub_id(
    line: LineFacts, terms: Terms, clicks: Sequence[ClickFacts], owner: Owner | None
) -> Decision:
    refusals = {click.id: refusal_of(click, line, terms) for click in clicks}
    good = [click for click in clicks if not refusals[click.id]]
    needs_review = False
    if line.click_time is not None:
        moment = line.click_time
        good = [c for c in good if _distance(c, moment) <= CLICK_TIME_TOLERANCE]
        good.sort(key=lambda c: (-_distance(c, moment), c.id), reverse=True)
        needs_review = _is_close_call(good, moment)
    else:
        good.sort(key=lambda c: _preference(c, line), reverse=True)
    candidates = [_candidate(click, refusals[click.id]) for click in clicks]
    if good:
        return _won(Basis.SUB_ID, good[0], candidates, needs_review=needs_review)
    if owner is not None:
        return Decision(Basis.SUB_ID, owner=owner, candidates=candidates)
    return Decision(Basis.NONE, "no_click", candidates=candidates)


def _distance(click: ClickFacts, moment: datetime) -> timedelta:
    return abs(click.occurred_at - moment)


def _is_close_call(sorted_clicks: list[ClickFacts], moment: datetime) -> bool:
    if len(sorted_clicks) < 2:
        return False
    first, second = sorted_clicks[:2]
    gap = _distance(second, moment) - _distance(first, moment)
    return first.beneficiary_id != second.beneficiary_id and gap < TOO_CLOSE


def _preference(click: ClickFacts, line: LineFacts) -> tuple[bool, bool, datetime, str]:
    """The last click, one on the same product or shop before it. The id ends every
    tie, so that a replay gives the same answer."""
    return (
        click.product_id is not None and click.product_id == line.product_id,
        click.shop_id is not None and click.shop_id == line.shop_id,
        click.occurred_at,
        click.id,
    )


def _won(
    basis: str,
    click: ClickFacts,
    candidates: list[dict[str, object]],
    *,
    needs_review: bool = False,
) -> Decision:
    owner = Owner(
        click.beneficiary_id, click.originator_id, click.beneficiary_is_originator
    )
    return Decision(
        basis,
        click_id=click.id,
        owner=owner,
        needs_review=needs_review,
        candidates=candidates,
    )


def _candidate(click: ClickFacts, refusal: str) -> dict[str, object]:
    """All that was looked at, but not who clicked: that is blanked with the click."""
    facts = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(click).items()
        if name not in ("user_id", "visitor_key")
    }
    return facts | {"refusal": refusal}
