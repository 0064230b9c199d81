"""Collect what is known about an order line, decide, and keep the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from commerce.attribution import (
    SKEW,
    ClickFacts,
    Decision,
    LineFacts,
    Owner,
    SelfEvidence,
    Terms,
    decide,
    is_self_purchase,
)
from commerce.click_refs import BadClickTag, click_id_of
from commerce.figures import SELF_PURCHASE
from commerce.models import (
    Attribution,
    Click,
    Network,
    OrderLine,
    PayoutAccount,
    Programme,
    TrackingLink,
)
from users.models import User

# Reasons that a reviewer must look at before money moves.
NEEDS_REVIEW = "needs_review"
# As many clicks by one sub-id in one window as a decision looks at.
MOST_CLICKS = 500
MOST_KEYS = 200


@transaction.atomic
def attribute(line: OrderLine) -> Attribution:
    """Decide once whose the line is. Expects the line's row locked."""
    named, is_forged = _click_named_by(line)
    by_sub_id = _clicks_of_sub_id(line)
    decision = decide(
        _facts_of(line),
        _terms_of(line),
        named_click=_facts_of_click(named) if named else None,
        ref_is_forged=is_forged,
        sub_id_clicks=[_facts_of_click(click) for click in by_sub_id],
        sub_id_owner=_owner_of_sub_id(line),
    )
    looked_at = [named, *by_sub_id]
    click = next((c for c in looked_at if c and c.pk == decision.click_id), None)
    is_self = click is not None and _is_self_purchase(decision, click)
    if is_self and line.programme.self_purchase == Programme.SelfPurchase.VOID:
        decision = replace(decision, reason=SELF_PURCHASE)
    attribution = record(line, decision, is_self=is_self)
    attribution.click = click  # as it was read
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
    owner = decision.owner or Owner(None)
    return Attribution.objects.create(
        line=line,
        version=before.version + 1 if before else 1,
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


def _facts_of(line: OrderLine) -> LineFacts:
    return LineFacts(
        created_at=line.created_at,
        click_ref=line.click_ref,
        sub_id=line.sub_id,
        click_time=line.click_time,
        product_id=line.product_id,
        shop_id=line.product.shop_id if line.product else None,
    )


def _terms_of(line: OrderLine) -> Terms:
    programme = line.programme
    return Terms(programme.pk, programme.window_days, programme.self_purchase)


def _facts_of_click(click: Click) -> ClickFacts:
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


def _click_named_by(line: OrderLine) -> tuple[Click | None, bool]:
    """The click, and whether its reference was made up."""
    try:
        click_id = click_id_of(line.click_ref)
    except BadClickTag:
        return None, True
    # A network keeps sub-ids of its own length: there may be no room for the tag.
    if click_id is None and line.network.adapter != Network.Adapter.DIRECT:
        click_id = line.click_ref
    if not click_id:
        return None, False
    return Click.objects.select_related("link__product").filter(
        pk=click_id
    ).first(), False


def _clicks_of_sub_id(line: OrderLine) -> list[Click]:
    if line.click_ref or not line.sub_id:
        return []
    window = timedelta(days=line.programme.window_days)
    return list(
        Click.objects.select_related("link__product")
        .filter(
            link__network_sub_id=line.sub_id,
            programme=line.programme,
            occurred_at__gt=line.created_at - window,
            occurred_at__lte=line.created_at + SKEW,
        )
        .order_by("-occurred_at")[:MOST_CLICKS]
    )


def _owner_of_sub_id(line: OrderLine) -> Owner | None:
    if line.click_ref or not line.sub_id:
        return None
    links = TrackingLink.objects.filter(
        programme=line.programme, network_sub_id=line.sub_id
    )
    owners = {
        Owner(*row)
        for row in links.values_list(
            "beneficiary_id", "originator_id", "beneficiary_is_originator"
        )
    }
    return owners.pop() if len(owners) == 1 else None


def _is_self_purchase(decision: Decision, click: Click) -> bool:
    owner = decision.owner or Owner(None)
    return any(
        is_self_purchase(_facts_of_click(click), person, _marks_of(person))
        for person in (owner.beneficiary_id, owner.originator_id)
        if person is not None
    )


def _marks_of(person_id: int) -> SelfEvidence:
    """Browsers in which they clicked themselves; people paid to the same place."""
    keys = (
        Click.objects.filter(user_id=person_id)
        .exclude(visitor_key="")
        .order_by("-occurred_at")
        .values_list("visitor_key", flat=True)[:MOST_KEYS]
    )
    numbers = PayoutAccount.objects.filter(user_id=person_id).values("number")
    twins = PayoutAccount.objects.filter(number__in=numbers).exclude(user_id=person_id)
    return SelfEvidence(
        visitor_keys=frozenset(keys),
        twin_ids=frozenset(twins.values_list("user_id", flat=True)),
    )
