"""Decide whose an order line is by what is known about it, and keep the decision."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from commerce.actions.evidence import Clue, Evidence, gather
from commerce.attribution import (
    ClickFacts,
    Decision,
    LineFacts,
    Owner,
    SelfEvidence,
    Terms,
    decide,
    is_self_purchase,
)
from commerce.click_refs import BadClickTag
from commerce.figures import SELF_PURCHASE
from commerce.models import Attribution, Click, OrderLine, Programme
from users.models import User

# Reasons that a reviewer must look at before money moves.
NEEDS_REVIEW = "needs_review"


@transaction.atomic
def attribute(line: OrderLine) -> Attribution:
    """Decide once whose the line is. Expects the line's row locked."""
    attribution = decide_on(line, gather([clue_of(line)], line.network))
    attribution.save(force_insert=True)
    return attribution


def decide_on(line: OrderLine, evidence: Evidence) -> Attribution:
    """The first decision about a line, to be written by the caller."""
    named, is_forged = _click_named_by(line, evidence)
    by_sub_id = _clicks_of_sub_id(line, evidence)
    decision = decide(
        facts_of_line(line),
        terms_of(line),
        named_click=facts_of_click(named) if named else None,
        ref_is_forged=is_forged,
        sub_id_clicks=[facts_of_click(click) for click in by_sub_id],
        sub_id_owner=_owner_of_sub_id(line, evidence),
    )
    looked_at = [named, *by_sub_id]
    click = next((c for c in looked_at if c and c.pk == decision.click_id), None)
    is_self = click is not None and _is_self_purchase(decision, click, evidence)
    if is_self and line.programme.self_purchase == Programme.SelfPurchase.VOID:
        decision = replace(decision, reason=SELF_PURCHASE)
    attribution = _version(line, 1, decision, is_self=is_self)
    attribution.click = click  # as it was read, with its people
    by_link = evidence.links.get((line.programme_id, line.sub_id))
    if known := click or (by_link if decision.owner else None):
        attribution.beneficiary = known.beneficiary
        attribution.originator = known.originator
    return attribution


def record(
    line: OrderLine,
    decision: Decision,
    *,
    is_self: bool = False,
    by: User | None = None,
) -> Attribution:
    """Append a version, which is the current one from now on."""
    before = line.attributions.order_by("version").last()
    if before:
        line.attributions.filter(is_current=True).update(is_current=False)
    number = before.version + 1 if before else 1
    attribution = _version(line, number, decision, is_self=is_self, by=by)
    attribution.save(force_insert=True)
    return attribution


def current_attribution(line: OrderLine) -> Attribution | None:
    current = line.attributions.filter(is_current=True)
    return current.select_related("click", "beneficiary", "originator").first()


def clue_of(line: OrderLine) -> Clue:
    return Clue(line.programme, line.created_at, line.click_ref, line.sub_id)


def _version(
    line: OrderLine,
    number: int,
    decision: Decision,
    *,
    is_self: bool,
    by: User | None = None,
) -> Attribution:
    owner = decision.owner or Owner(None)
    return Attribution(
        line=line,
        version=number,
        basis=decision.basis,
        reason=NEEDS_REVIEW if decision.needs_review else decision.reason[:40],
        click_id=decision.click_id,
        beneficiary_id=owner.beneficiary_id,
        originator_id=owner.originator_id,
        beneficiary_is_originator=owner.beneficiary_is_originator,
        is_self_purchase=is_self,
        candidates=decision.candidates,
        actor=by,
    )


def facts_of_line(line: OrderLine) -> LineFacts:
    return LineFacts(
        created_at=line.created_at,
        click_ref=line.click_ref,
        sub_id=line.sub_id,
        click_time=line.click_time,
        product_id=line.product_id,
        shop_id=line.product.shop_id if line.product else None,
    )


def terms_of(line: OrderLine) -> Terms:
    programme = line.programme
    return Terms(programme.pk, programme.window_days, programme.self_purchase)


def facts_of_click(click: Click) -> ClickFacts:
    return ClickFacts(
        id=click.pk,
        occurred_at=click.occurred_at,
        programme_id=click.programme_id,
        is_qualified=click.is_qualified,
        link_disabled_at=click.link.disabled_at,
        beneficiary_id=click.beneficiary_id,
        originator_id=click.originator_id,
        beneficiary_is_originator=click.beneficiary_is_originator,
        product_id=click.link.product_id,
        shop_id=click.link.product.shop_id,
        user_id=click.user_id,
        visitor_key=click.visitor_key,
    )


def _click_named_by(line: OrderLine, evidence: Evidence) -> tuple[Click | None, bool]:
    """The click, and whether its reference was made up."""
    try:
        return evidence.click_named(line.click_ref, line.network), False
    except BadClickTag:
        return None, True


def _clicks_of_sub_id(line: OrderLine, evidence: Evidence) -> list[Click]:
    if line.click_ref or not line.sub_id:
        return []
    return evidence.clicks_of(line.programme, line.sub_id, line.created_at)


def _owner_of_sub_id(line: OrderLine, evidence: Evidence) -> Owner | None:
    if line.click_ref or not line.sub_id:
        return None
    link = evidence.links.get((line.programme_id, line.sub_id))
    if link is None:
        return None
    return Owner(
        link.beneficiary_id, link.originator_id, link.beneficiary_is_originator
    )


def _is_self_purchase(decision: Decision, click: Click, evidence: Evidence) -> bool:
    owner = decision.owner or Owner(None)
    facts = facts_of_click(click)
    # Of a click that says nothing of who clicked, no mark would tell.
    is_marked = click.user_id is not None or bool(click.visitor_key)
    return is_marked and any(
        is_self_purchase(facts, person, evidence.marks.get(person, SelfEvidence()))
        for person in (owner.beneficiary_id, owner.originator_id)
        if person is not None
    )
