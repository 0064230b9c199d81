"""Decisions about many commissions, while the network tells of the same orders."""

import pytest
from django.db import transaction

from commerce.actions.cases import appeal, clear, uphold
from commerce.actions.risk import open_case
from commerce.models import Commission, OrderLine
from tests.commerce.waiting import beside, wait_until_somebody_waits
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def two_orders():
    """Lines of alice whose commissions were made the other way round, and one of bob at
    the same network: its debt to us is one account for all of them."""
    programme = make_programme(rate_bp=1000)
    alice, bob = make_user("alice"), make_user("bob")
    mine = make_link(programme=programme, beneficiary=alice)
    lines = [make_line(programme, click=make_click(mine, rate_bp=1000)) for _ in "ab"]
    for line in reversed(lines):
        tell_line(line, status="received")
    click = make_click(make_link(programme=programme, beneficiary=bob), rate_bp=1000)
    return alice, lines, make_line(programme, click=click)


def told_beside(line, other, act):
    """The network tells of both in one page: it has the first when `act` begins."""
    with beside(act) as start, transaction.atomic():
        OrderLine.objects.select_for_update().get(pk=line.pk)
        start()
        wait_until_somebody_waits()
        Commission.objects.select_for_update().get(line=line)
        tell_line(other, status="received")


@pytest.mark.parametrize("first", [0, 1])
def test_orders_that_are_told_of_while_an_appeal_is_granted_block_nobody(
    two_orders, first
):
    alice, lines, of_bob = two_orders
    rosa, ruth = (make_user(name, reviewer=True) for name in ("rosa", "ruth"))
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    appeal(case=case, by=alice, text="It was my sister.")
    told_beside(
        lines[first], of_bob, lambda: clear(case=case, by=ruth, reason="It was.")
    )
    assert {row.state for row in Commission.objects.all()} == {"maturing"}


@pytest.mark.parametrize("first", [0, 1])
def test_orders_that_are_told_of_while_a_case_is_upheld_block_nobody(two_orders, first):
    alice, lines, of_bob = two_orders
    rosa = make_user("rosa", reviewer=True)
    case = open_case(person=alice)
    told_beside(lines[first], of_bob, lambda: uphold(case=case, by=rosa, reason="Odd"))
    assert Commission.objects.filter(state="clawed_back").count() == 2
