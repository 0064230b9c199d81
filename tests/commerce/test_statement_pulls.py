"""Statements that the network itself tells."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from commerce import tasks
from commerce.actions.statement_lines import unfinished
from commerce.actions.statement_pulls import advance_pull, pull_statement
from commerce.actions.statements import cancel_statement
from commerce.exceptions import ApprovalRefused, NetworkError
from commerce.models import Network, Statement
from commerce.reconciliation.exceptions import StatementKnown
from commerce.reconciliation.months import bounds
from tests.commerce.gateways import KEY, SECRET, JdGateway, Refusal
from tests.factories import make_programme

pytestmark = pytest.mark.django_db
ADD = "/admin/commerce/statement/add/"


@pytest.fixture(scope="module")
def gateway():
    gateway = JdGateway()
    yield gateway
    gateway.stop()


@pytest.fixture
def union(gateway, monkeypatch):
    """JD Union, as the gateway plays it."""
    gateway.forget()
    monkeypatch.setenv("UNION_SECRET", SECRET)
    network = Network.objects.create(
        code="union",
        name="JD Union",
        adapter="jd",
        tz="Asia/Shanghai",
        base_url=gateway.url,
        app_key=KEY,
        secret_ref="UNION_SECRET",
    )
    make_programme(network=network)
    return network


@pytest.fixture
def month():
    """The last one; its orders are finished on its last day."""
    return (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)


@pytest.fixture
def finish(gateway, month):
    """An order that the gateway says was finished then."""
    end = int(bounds(month)[1].timestamp())

    def finish(*, before_s=1800, fee=267, **fields):
        at = end - before_s
        created = at - 5 * 86400
        return gateway.buy(
            at=created, fee=fee, received=at, changed=at, status=17, **fields
        )

    return finish


@pytest.fixture
def asked(union, month, rosa):
    """From here on the last hours of the month are to be told."""

    def asked():
        statement = pull_statement(network=union, month=month, currency="CNY", by=rosa)
        begin = bounds(month)[1] - timedelta(hours=4)
        Statement.objects.filter(pk=statement.pk).update(pulled_until=begin)
        return statement

    return asked


def test_what_a_network_settled_in_a_month_is_told_and_compared(asked, finish):
    ids = {finish(), finish(before_s=7300)}
    finish(before_s=-900)  # of the next month
    statement = asked()
    assert advance_pull(statement=statement)
    statement.refresh_from_db()
    assert (statement.state, statement.lines_minor) == ("open", 534)
    lines = statement.lines.order_by("line_no")
    assert {line.line_id for line in lines} == ids
    assert [line.line_no for line in lines] == [1, 2]
    assert {(line.bucket, line.status) for line in lines} == {
        ("missing_ours", "received")
    }


def test_it_goes_on_where_its_time_ended_and_tells_nothing_twice(asked, finish):
    finish()
    finish(before_s=7300)
    statement = asked()
    rounds = 0
    while not advance_pull(statement=statement, budget_s=-1):
        rounds += 1
    assert rounds >= 3
    assert advance_pull(statement=statement)
    assert statement.lines.count() == 2


def test_a_network_that_fails_is_asked_again(asked, finish, gateway):
    finish()
    statement = asked()
    gateway.troubles = [Refusal("12"), Refusal("12")]
    with pytest.raises(NetworkError):
        advance_pull(statement=statement)
    statement.refresh_from_db()
    assert statement.state == "matching"
    assert statement.trouble
    tasks.read_statement(statement.pk)  # an error is logged, and no more
    assert unfinished() == [statement.pk]
    tasks.read_statement(statement.pk)
    statement.refresh_from_db()
    assert (statement.state, statement.trouble) == ("open", "")


def test_a_month_is_asked_for_once_until_it_is_cancelled(asked, rosa, ruth):
    first = asked()
    with pytest.raises(StatementKnown) as caught:
        asked()
    assert caught.value.statement == first
    cancel_statement(statement=first, by=rosa)
    assert advance_pull(statement=first)  # and asks nothing any more
    assert asked() != first


def test_only_networks_that_can_be_asked_are(union, month, rosa, charlie, monkeypatch):
    ask = partial(pull_statement, network=union, currency="CNY")
    with pytest.raises(ApprovalRefused, match="Only reviewers"):
        ask(month=month, by=charlie)
    with pytest.raises(ApprovalRefused, match="not over"):
        ask(month=timezone.localdate(), by=rosa)
    with pytest.raises(ApprovalRefused, match="no longer"):
        ask(month=datetime(2020, 1, 1, tzinfo=UTC).date(), by=rosa)
    monkeypatch.delenv("UNION_SECRET")
    with pytest.raises(ApprovalRefused, match="not set up"):
        ask(month=month, by=rosa)
    direct = make_programme().network
    with pytest.raises(ApprovalRefused, match="Upload its file"):
        pull_statement(network=direct, month=month, currency="CNY", by=rosa)


def test_a_reviewer_asks_on_the_page_of_uploads(client, union, month, rosa, settings):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    assert "Or ask the network" in client.get(ADD).content.decode()
    said = {
        "pull": "1",
        "pull-network": union.pk,
        "pull-month": f"{month:%Y-%m}",
    }
    answer = client.post(ADD, said)
    statement = Statement.objects.get()
    address = f"/admin/commerce/statement/{statement.pk}/change/"
    assert answer.url == address
    assert "up to" in client.get(address).content.decode()
    again = client.post(ADD, said)
    assert again.status_code == 422
    assert "This month was asked for before." in again.content.decode()
    assert address in again.content.decode()
    now = client.post(ADD, said | {"pull-month": f"{timezone.localdate():%Y-%m}"})
    assert now.status_code == 422
    assert "This month is not over." in now.content.decode()
    file = client.get(f"/admin/commerce/statement/{statement.pk}/file.csv")
    assert file.status_code == 404
