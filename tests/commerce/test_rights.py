"""Who decides about money: reviewers, and none who gains by the decision."""

import pytest

from commerce.actions.claims import attribute_by_hand, sweep
from commerce.actions.commissions import approve, reject, restore
from commerce.actions.discrepancies import resolve_discrepancy
from commerce.actions.holds import hold, release
from commerce.exceptions import ApprovalRefused
from commerce.models import Commission
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_shop,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db

DECISIONS = {
    "approve": lambda row, by: approve(commission=row, by=by),
    "reject": lambda row, by: reject(commission=row, by=by, reason="Why"),
    "restore": lambda row, by: restore(commission=row, by=by, reason="Why"),
    "hold": lambda row, by: hold(commission=row, reason="dispute", by=by),
    "release": lambda row, by: release(commission=row, reason="fraud", by=by),
    "attribute": lambda row, by: attribute_by_hand(
        commission=row, beneficiary=make_user(), by=by, reason="Why"
    ),
    "resolve": lambda row, by: resolve_discrepancy(
        discrepancy=row.line.discrepancies.get(), resolution="Looked at", by=by
    ),
}


def commission_of(person, *, shop=None, originator=None):
    """Received, held, with an open discrepancy: there is something to decide."""
    link = make_link(
        programme=make_programme(shop=shop), beneficiary=person, originator=originator
    )
    line = make_line(link.programme, click=make_click(link))
    commission = tell_line(line, status="received")
    line.discrepancies.create(kind="rate_below", delta_minor=-1)
    return hold(commission=commission, reason="fraud", by=None)


def is_untouched(commission):
    row = Commission.objects.get(pk=commission.pk)
    return (row.state, row.hold_reasons) == ("maturing", ["fraud"])


@pytest.mark.parametrize("decision", DECISIONS)
def test_strangers_decide_nothing(decision, alice, charlie):
    commission = commission_of(alice)
    if decision == "restore":
        Commission.objects.filter(pk=commission.pk).update(state="clawed_back")
    with pytest.raises(ApprovalRefused, match="Only reviewers"):
        DECISIONS[decision](commission, charlie)


@pytest.mark.parametrize("decision", [name for name in DECISIONS if name != "restore"])
@pytest.mark.parametrize("role", ["beneficiary", "originator", "shop"])
def test_a_reviewer_decides_nothing_about_money_of_their_own(
    decision, role, alice, rosa, ruth
):
    commission = {
        "beneficiary": lambda: commission_of(rosa),
        "originator": lambda: commission_of(alice, originator=rosa),
        "shop": lambda: commission_of(alice, shop=make_shop(owner=rosa)),
    }[role]()
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        DECISIONS[decision](commission, rosa)
    assert is_untouched(commission)
    if decision != "approve":  # which the hold refuses to everybody
        DECISIONS[decision](commission, ruth)


def test_nobody_is_made_the_original_pinner_by_themselves(alice, rosa):
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        attribute_by_hand(
            commission=commission_of(alice),
            beneficiary=make_user(),
            originator=rosa,
            by=rosa,
            reason="Why",
        )


def test_a_shop_does_not_keep_its_own_debt_for_the_site(rosa):
    programme = make_programme(shop=make_shop(owner=rosa))
    commission = tell_line(make_line(programme), status="received")
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        sweep(commission=commission, by=rosa)
