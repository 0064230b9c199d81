"""Reports by the page and by many at once: as if one after the other, and once."""

import itertools
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce.actions.observations import Notice, read_histories
from commerce.actions.orders import observe, observe_many, observe_page
from commerce.actions.pages import observe_pages
from commerce.actions.together import observe_together
from commerce.click_refs import click_ref_of
from commerce.exceptions import EventReused
from commerce.ledger import replay, verify
from commerce.models import (
    Commission,
    Discrepancy,
    Journal,
    Network,
    Observation,
    OrderLine,
    ParkedObservation,
)
from commerce.networks.adapters import read_report
from tests.commerce.test_splits import model_of
from tests.commerce.till import Till, make_signing_programme
from tests.commerce.waiting import wait_until_somebody_waits
from tests.factories import make_click, make_link, make_programme, make_user

pytestmark = pytest.mark.django_db
concurrent = pytest.mark.django_db(transaction=True, serialized_rollback=True)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # at Peking


@pytest.fixture
def league(alice, bob):
    return make_league(alice, bob)


def make_league(alice, bob):
    """A polled network with a link whose sub-id is 7."""
    network = Network.objects.create(
        code=f"league-{Network.objects.count()}", name="League", adapter="taobao"
    )
    programme = make_programme(network=network)
    link = make_link(
        programme=programme,
        beneficiary=alice,
        originator=bob,
        beneficiary_is_originator=False,
        network_sub_id="7",
    )
    make_click(link, occurred_at=NOON - timedelta(hours=1), visitor_key="v")
    return network


def order(line, status=12, hours=0, **changes):
    row = {
        "trade_id": str(line),
        "trade_parent_id": str(line),
        "tk_status": status,
        "tk_create_time": "2026-06-01 12:00:00",
        "tk_paid_time": "2026-06-01 12:00:00",
        "modified_time": f"2026-06-{1 + hours // 24:02} {hours % 24:02}:30:00",
        "alipay_total_price": "99.99",
        "pub_share_pre_fee": "10.00",
        "relation_id": "7",
    } | changes
    return {name: value for name, value in row.items() if value is not None}


def refund(line, amount, hours=0, suit=1, status=2):
    return {
        "tb_trade_id": str(line),
        "refund_suit_id": str(suit),
        "refund_status": status,
        "refund_fee": amount,
        "modified_time": f"2026-06-{1 + hours // 24:02} {hours % 24:02}:45:00",
    }


def read(network, rows):
    return [(read_report(network, row), row) for row in rows]


def observe_in_turn(network, rows):
    for report, row in read(network, rows):
        observe(network=network, source="top_poll", report=report, payload=row)


def observe_at_once(network, rows):
    observe_page(network=network, source="top_poll", rows=read(network, rows))


def story_of(network):
    """All that is kept of a network's lines, but for keys and the time of writing."""

    def rows(model, *names, line="line__", then="pk"):
        of = model.objects.filter(**{f"{line}network": network})
        order = [f"{line}line_id", then]
        return list(of.order_by(*order).values_list(f"{line}line_id", *names))

    commissions = "commission__line__"
    return {
        "lines": rows(
            OrderLine,
            *("status", "paid_minor", "refunded_minor", "gross_fee_minor"),
            *("sub_id", "created_at", "received_at", "modified_at", "version"),
            line="",
        ),
        "reports": rows(Observation, "outcome", "code", "payload", "sha256", line=""),
        "waiting": [
            (line, done is not None)
            for line, done in rows(ParkedObservation, "resolved_at", line="")
        ],
        "discrepancies": rows(Discrepancy, "kind", "delta_minor", "resolved_at"),
        "refunds": rows(
            OrderLine,
            *("refunds__refund_id", "refunds__refunded_minor"),
            line="",
            then="refunds__refund_id",
        ),
        "commissions": rows(
            Commission,
            *("state", "net_minor", "gross_minor", "rate_bp", "is_accrued"),
            *("hold_reasons", "return_reason", "version"),
        ),
        "shares": sorted(
            Commission.objects.filter(line__network=network).values_list(
                "line__line_id", "shares__role", "shares__amount_minor"
            )
        ),
        "events": rows(Commission, "events__state", "events__note", then="events__pk"),
        "journals": [
            (line, kind, at, sorted(journal_entries))
            for line, kind, at, journal_entries in (
                (
                    journal.commission.line.line_id,
                    journal.kind,
                    journal.event_at,
                    journal.entries.values_list("account__kind", "amount_minor"),
                )
                for journal in Journal.objects.filter(
                    **{f"{commissions}network": network}
                ).order_by(f"{commissions}line_id", "pk")
            )
        ],
    }


lines = st.integers(1, 3)
rows = st.one_of(
    st.builds(
        order,
        lines,
        st.sampled_from([11, 12, 14, 3, 13, 99]),
        st.integers(0, 60),
        alipay_total_price=st.sampled_from(["99.99", "50.00"]),
        pub_share_pre_fee=st.sampled_from(["10.00", None]),
        relation_id=st.sampled_from(["7", "8", None]),
    ),
    # Without a time of change: these may flip there and back.
    st.builds(
        order,
        lines,
        modified_time=st.none(),
        alipay_total_price=st.sampled_from(["99.99", "98.00"]),
    ),
    st.builds(
        refund,
        lines,
        st.sampled_from(["20.00", "33.33", "80.00"]),
        st.integers(0, 60),
        st.integers(1, 2),
        st.sampled_from([2, 3]),
    ),
)


def green():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return [*verify().findings, *replay()] == []


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(rows, min_size=2, max_size=9), st.integers(1, 8))
def test_a_page_is_the_same_as_its_rows_one_by_one(alice, bob, told, cut):
    """Also where it is cut into two, and where a row stands on both of them."""
    networks = [make_league(alice, bob) for _ in range(3)]
    observe_in_turn(networks[0], told)
    observe_at_once(networks[1], told)
    observe_at_once(networks[2], told[:cut])
    observe_at_once(networks[2], told[cut:])

    stories = [story_of(network) for network in networks]
    assert stories[1] == stories[0]
    assert stories[2] == stories[0]
    assert green()


news = st.one_of(
    st.tuples(st.just("received"), st.integers(1, 400)),
    st.tuples(st.just("settled"), st.integers(1, 400)),
    st.tuples(st.just("refund"), st.integers(1, 3)),
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(news, max_size=6), st.randoms(), st.integers(0, 1000))
def test_a_shuffled_page_ends_where_the_model_says(alice, bob, told, chance, rate_bp):
    network = make_league(alice, bob)
    rows, refunds = [order("1", pub_share_pre_fee=fee_of(rate_bp))], {}
    for number, (kind, value) in enumerate(told):
        if kind == "refund":
            refunds[value] = 1111 * value
            rows.append(refund("1", f"{11.11 * value:.2f}", hours=9, suit=value))
        else:
            status = {"received": 14, "settled": 3}[kind]
            rows.append(
                order("1", status, 24 + number, pub_share_pre_fee=fee_of(rate_bp))
            )
    rows += chance.sample(rows, len(rows))
    chance.shuffle(rows)
    observe_at_once(network, rows)

    commission = Commission.objects.get(line__network=network)
    shares = {share.role: share.amount_minor for share in commission.shares.all()}
    assert shares == model_of(9999, rate_bp, sum(refunds.values()))
    assert green()


def fee_of(rate_bp):
    minor = 9999 * rate_bp // 10_000
    return f"{minor // 100}.{minor % 100:02}"


@pytest.mark.parametrize("turns", itertools.permutations(range(4)))
def test_an_order_and_its_refunds_may_stand_on_one_page_in_any_order(league, turns):
    rows = [
        order("1"),
        order("1", 14, hours=24),
        refund("1", "20.00", hours=30, suit=1),
        refund("1", "13.33", hours=31, suit=2),
    ]
    observe_at_once(league, [rows[turn] for turn in turns])

    line = OrderLine.objects.get()
    assert (line.status, line.refunded_minor) == ("received", 3333)
    assert line.commission.net_minor == 1000 * (9999 - 3333) // 9999
    assert not ParkedObservation.objects.filter(resolved_at=None).exists()
    assert green()


def test_events_of_one_page_are_kept_apart(alice):
    programme = make_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    told = [notice(programme, click, number) for number in (1, 2, 1)]
    first, second, again = observe_many(network=programme.network, notices=told)

    assert first is again
    assert first != second
    other = notice(programme, click, 3, event_id="e-1")
    with pytest.raises(EventReused):
        observe_many(network=programme.network, notices=[told[1], other])
    assert OrderLine.objects.count() == 2


def notice(programme, click, number, **changes):
    payload = {
        "event_id": f"e-{number}",
        "type": "order",
        "order_id": f"A-{number}",
        "line_id": f"A-{number}-1",
        "click_id": click_ref_of(click.pk),
        "status": "received",
        "amount": "100.00",
        "currency": "CNY",
        "occurred_at": click.occurred_at.isoformat(),
    } | changes
    report = read_report(programme.network, payload)
    return Notice("postback", report, payload, payload["event_id"], programme)


def test_the_applications_role_may_observe(league):
    """With the rights that it has on a site, and not as the owner of the tables."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE pinboard_app_of_a_test")
        call_command("ledger_rights", "pinboard_app_of_a_test", stdout=StringIO())
        cursor.execute("SET LOCAL ROLE pinboard_app_of_a_test")
        observe_at_once(
            league, [order("1"), order("1", 14, 24), refund("1", "9.99", 30)]
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")
    assert Commission.objects.get().net_minor == 900


# How much is asked of the database ----------------------------------------------------


def queries_of(act):
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


@pytest.mark.parametrize("status", [12, 14, 13])
def test_a_page_of_fifty_orders_asks_as_much_as_one_of_one(alice, bob, status):
    observe_at_once(make_league(alice, bob), [order("1", status)])  # its accounts
    counts = []
    for size in (1, 50):
        network = make_league(alice, bob)
        rows = [order(str(line), status) for line in range(size)]
        counts.append(queries_of(lambda: observe_at_once(network, rows)))  # noqa: B023

    assert counts[1] == counts[0]


@pytest.mark.parametrize("status", [14, 13])
def test_a_page_of_fifty_changes_asks_as_much_as_one_of_one(league, status):
    observe_at_once(league, [order("1", 14)])  # its accounts
    for size in (1, 50):
        observe_at_once(league, [order(f"{size}-{line}") for line in range(size)])
    counts = []
    for size in (1, 50):
        rows = [order(f"{size}-{line}", status, hours=24) for line in range(size)]
        rows += [refund(f"{size}-{line}", "10.00", 30) for line in range(size)]
        counts.append(queries_of(lambda: observe_at_once(league, rows)))  # noqa: B023

    assert counts[1] == counts[0]


def test_a_notice_asks_for_little(alice, django_assert_max_num_queries):
    till = Till(
        programme := make_signing_programme(),
        make_click(make_link(programme=programme, beneficiary=alice), visitor_key="v"),
    )
    body = till.order()
    with django_assert_max_num_queries(15):
        assert till.send(body).status_code == 200
    with django_assert_max_num_queries(5):
        assert till.send(body).status_code == 200
    till.send(till.order(status="received"))
    received = till.refund(body, "1.00") | {"type": "order", "status": "received"}
    with django_assert_max_num_queries(17):
        assert till.send(received).status_code == 200


# At once ------------------------------------------------------------------------------


def in_threads(acts):
    """Run them in as many connections at once; what they gave."""
    barrier = threading.Barrier(len(acts))

    def run(act):
        try:
            barrier.wait(20)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [run.result(60) for run in [pool.submit(run, act) for act in acts]]


@concurrent
def test_a_hundred_identical_postbacks_at_once_are_one_commission(alice):
    programme = make_signing_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    till = Till(programme, click)
    raw = json.dumps(till.order(status="received")).encode()

    def send():
        return [till.post(raw).status_code for _ in range(4)]

    assert in_threads([send] * 25) == [[200] * 4] * 25
    assert Observation.objects.count() == Commission.objects.count() == 1
    assert Journal.objects.count() == 1
    assert green()


@concurrent
def test_a_hundred_identical_reports_of_many_processes_are_one_commission(alice):
    """As processes, which share no transaction."""
    programme = make_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    told = notice(programme, click, 1)

    def tell():
        for _ in range(4):
            observe_many(network=programme.network, notices=[told])

    in_threads([tell] * 25)
    assert Observation.objects.count() == Commission.objects.count() == 1
    assert Journal.objects.count() == 1


@concurrent
def test_of_notices_at_once_only_the_wrong_one_is_refused(alice):
    programme = make_signing_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    till = Till(programme, click)
    known = till.order()
    till.send(known)
    bodies = [till.order() for _ in range(11)] + [known | {"amount": "1.00"}]
    acts = [lambda body=body: till.send(body).status_code for body in bodies]

    assert in_threads(acts) == [200] * 11 + [409]
    assert Commission.objects.count() == 12
    assert OrderLine.objects.filter(paid_minor=100).count() == 0


@concurrent
def test_a_notice_that_waits_for_its_line_holds_up_none_that_came_with_it(
    alice, monkeypatch
):
    short = "-c statement_timeout=1s"
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", short)
    programme = make_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    told = [notice(programme, click, number) for number in range(4)]
    first, waits, *others = (one.report.line_id for one in told)
    booked, given_up = {}, {}

    def tell(one):
        try:
            observe_together(network=programme.network, notice=one)
            booked[one.report.line_id] = time.monotonic()
        except OperationalError:  # an error to its shop, which tells it again
            given_up[one.report.line_id] = time.monotonic()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool, transaction.atomic():
        read_histories(programme.network, [], [first, waits])  # which locks them
        runs = [pool.submit(tell, told[0])]
        time.sleep(0.3)  # it is being written: those that come now are one transaction
        runs += [pool.submit(tell, one) for one in told[1:]]
        for run in runs:
            run.result(30)
    assert set(booked) == set(others)
    assert set(given_up) == {first, waits}
    assert given_up[waits] - max(booked.values()) > 0.5
    for one in told:
        observe_together(network=programme.network, notice=one)
    assert Commission.objects.count() == 4


@concurrent
def test_a_notice_that_waits_for_its_line_holds_up_none_that_comes_later(alice):
    """It was alone, and led: its transaction is nobody else's to wait for."""
    programme = make_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    waits, later = (notice(programme, click, number) for number in range(2))

    def tell(one):
        try:
            observe_together(network=programme.network, notice=one)
            return time.monotonic()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            read_histories(programme.network, [], [waits.report.line_id])
            run = pool.submit(tell, waits)
            wait_until_somebody_waits()
            began = time.monotonic()
            assert pool.submit(tell, later).result(3) - began < 1.5
            assert not run.done()
        run.result(3)
    assert Commission.objects.count() == 2


def test_inside_a_transaction_a_notice_belongs_to_it(alice):
    programme = make_programme()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    told = notice(programme, click, 1)
    seen = observe_together(network=programme.network, notice=told)
    assert seen == observe_together(network=programme.network, notice=told)
    with pytest.raises(EventReused):
        observe_together(
            network=programme.network,
            notice=notice(programme, click, 2, event_id="e-1"),
        )


@concurrent
def test_a_sweep_beside_a_poll_waits_and_never_blocks_for_ever(alice, bob):
    """They read the same lines, each in an order of its own."""
    network = make_league(alice, bob)
    for turn in range(4):
        rows = [order(str(line), 14, hours=24 + turn) for line in range(40)]
        acts = [
            lambda rows=rows: observe_at_once(network, rows),
            lambda rows=rows: observe_at_once(network, rows[::-1]),
            lambda rows=rows: observe_in_turn(network, rows[::3]),
        ]
        in_threads(acts)

    assert OrderLine.objects.count() == Commission.objects.count() == 40
    assert Journal.objects.count() == 40
    assert green()


@concurrent
def test_pages_that_share_accounts_alone_never_block_for_ever():
    """Each pinner's account is in both, in another order."""
    people = [make_user() for _ in range(12)]
    network = Network.objects.create(code="league", name="League", adapter="taobao")
    programme = make_programme(network=network)
    for number, person in enumerate(people):
        make_link(programme=programme, beneficiary=person, network_sub_id=str(number))

    def page(start, sub_ids):
        return [
            order(str(start + line), 14, relation_id=str(sub_id))
            for line, sub_id in enumerate(sub_ids)
        ]

    for turn in range(4):
        orders = [range(12), range(11, -1, -1), range(0, 12, 2)]
        told = [page(1000 * turn + 100 * n, ids) for n, ids in enumerate(orders)]
        acts = [lambda rows=rows: observe_at_once(network, rows) for rows in told]
        in_threads(acts)

    assert Journal.objects.count() == 4 * 30
    assert green()


@concurrent
def test_thousands_of_shuffled_deliveries_at_once_end_to_the_cent(alice, bob):
    network, chance = make_league(alice, bob), random.Random(11)
    told, refunded = [], {}
    for line in range(80):
        refunded[str(line)] = amounts = [chance.randrange(100, 3300) for _ in range(3)]
        told += [order(line), order(line, 14, hours=24), order(line, 3, hours=48)]
        told += [
            refund(line, f"{minor // 100}.{minor % 100:02}", 50 + suit, suit)
            for suit, minor in enumerate(amounts)
        ]
    deliveries = told * 5
    chance.shuffle(deliveries)

    def deliver(part):
        rows = deliveries[part::8]
        if part % 2:
            observe_in_turn(network, rows[:150])
            rows = rows[150:]
        for start in range(0, len(rows), 30):
            observe_at_once(network, rows[start : start + 30])

    assert len(deliveries) == 2400
    in_threads([lambda part=part: deliver(part) for part in range(8)])

    assert Observation.objects.count() == len(told)
    for commission in Commission.objects.select_related("line"):
        shares = {share.role: share.amount_minor for share in commission.shares.all()}
        assert commission.line.refunded_minor == sum(refunded[commission.line.line_id])
        net = 1000 * (9999 - commission.line.refunded_minor) // 9999
        assert shares == {
            "pinner": net * 6000 // 10_000,
            "originator": net * 1000 // 10_000,
            "platform": net - net * 6000 // 10_000 - net * 1000 // 10_000,
        }
    assert green()


@concurrent
def test_a_report_of_many_pages_is_observed_by_two_hands(alice, bob):
    network = make_league(alice, bob)
    rows = read(network, [order(str(line), 14) for line in range(60)])
    pages = [rows[start : start + 12] for start in range(0, 60, 10)]

    count = observe_pages(network=network, source="csv", pages=pages)
    assert count == sum(map(len, pages))
    assert Commission.objects.count() == 60
    assert green()


@concurrent
def test_a_page_that_cannot_be_had_ends_a_report_and_leaves_what_was_observed(
    alice, bob
):
    network = make_league(alice, bob)

    def pages():
        yield read(network, [order("1")])
        yield read(network, [order("2")])
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        observe_pages(network=network, source="csv", pages=pages())
    assert set(OrderLine.objects.values_list("line_id", flat=True)) == {"1", "2"}


def test_inside_a_transaction_all_pages_belong_to_it(league):
    pages = [read(league, [order("1")]), read(league, [order("2")])]
    assert observe_pages(network=league, source="csv", pages=pages) == 2
    assert OrderLine.objects.count() == 2
