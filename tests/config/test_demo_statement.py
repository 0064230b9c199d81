"""The demo's statement: something to look at, and nothing that pays anybody."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from commerce.ledger import verify
from commerce.models import Commission, Statement
from commerce.networks.fields import as_gmt8
from config.demo.stage import Stage
from config.demo.statements import make_statement
from tests.commerce.statements import make_league, poll_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(rosa):
    stage = Stage(chance=random.Random(1), goods=[])
    stage.people["rosa"] = rosa
    return stage


def settle(league, count):
    """In the middle of last month."""
    middle = timezone.now().replace(day=1) - timedelta(days=15)
    moment = as_gmt8(middle)
    for number in range(count):
        times = {"tk_earning_time": moment, "modified_time": moment}
        poll_order(league, f"90000000{number:02}", **times)


def test_of_last_months_orders_two_differ_and_nothing_is_approved(stage, alice, rosa):
    settle(make_league(alice), 6)
    make_statement(stage)
    statement = Statement.objects.get()
    assert (statement.state, statement.imported_by) == ("open", rosa)
    assert (statement.line_count, statement.open_count) == (5, 2)
    assert statement.declared_minor == statement.lines_minor
    differing = statement.lines.open().order_by("line_no")
    assert [line.bucket for line in differing] == ["amount_diff", "missing_theirs"]
    assert set(Commission.objects.values_list("state", flat=True)) == {"maturing"}
    assert verify().is_green


def test_a_league_that_sold_little_sends_none(stage, alice):
    settle(make_league(alice), 3)
    make_statement(stage)
    assert not Statement.objects.exists()
