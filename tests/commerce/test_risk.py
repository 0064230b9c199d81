"""What looks like fraud: rules at their thresholds, signals, cases, and no ban."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.cases import clear
from commerce.actions.commissions import approve
from commerce.actions.holds import release
from commerce.actions.risk import look_for_risk, open_case
from commerce.exceptions import ApprovalRefused
from commerce.models import (
    CaseCommission,
    Click,
    Commission,
    HoldReason,
    PayoutAccount,
    RiskCase,
    RiskRule,
    RiskSignal,
)
from commerce.risk_facts import facts_since
from commerce.risk_rules import (
    Facts,
    Refunds,
    findings,
    is_suspicious,
    medians_of,
)
from pinboard.models import Notification
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db


def rules_of(facts, medians=None):
    return {finding.rule for finding in findings(facts, medians or {})}


# At the threshold, above it, below it.
RULES = {
    RiskRule.VELOCITY: (
        Facts(most_a_minute=11),
        {"most_a_minute": 12},
        {"most_a_minute": 10},
    ),
    RiskRule.SHARED_VISITOR: (
        Facts(shared_visitors=3),
        {"shared_visitors": 4},
        {"shared_visitors": 2},
    ),
    RiskRule.QUICK_ORDERS: (
        Facts(orders=9, quick_orders=2),
        {"quick_orders": 3},
        {"quick_orders": 1},
    ),
    RiskRule.CLUSTERED: (
        Facts(orders=10, same_delay_orders=5),
        {"same_delay_orders": 6},
        {"same_delay_orders": 4},
    ),
    RiskRule.SELF_PURCHASE: (
        Facts(orders=9, self_orders=2),
        {"self_orders": 3},
        {"self_orders": 1},
    ),
    RiskRule.SHARED_PLACE: (
        Facts(orders=1, paid_like=1),
        {"paid_like": 2},
        {"paid_like": 0},
    ),
    RiskRule.NO_REFERER: (
        Facts(clicks=100, without_referer=95),
        {"without_referer": 96},
        {"without_referer": 94},
    ),
    RiskRule.STUFFING: (
        Facts(clicks=50, embedded=50),
        {"embedded": 51},
        {"embedded": 49},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_begins_at_its_threshold(rule):
    at, above, below = RULES[rule]
    assert rules_of(at) == rules_of(replace(at, **above)) == {rule}
    assert rules_of(replace(at, **below)) == set()


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (Facts(orders=11, same_delay_orders=5), RiskRule.CLUSTERED),
        (Facts(clicks=99, without_referer=99), RiskRule.NO_REFERER),
        (Facts(clicks=51, embedded=50), RiskRule.STUFFING),
        (Facts(paid_like=3), RiskRule.SHARED_PLACE),
    ],
)
def test_small_numbers_and_small_parts_are_no_evidence(facts, rule):
    assert rule not in rules_of(facts)


@pytest.mark.parametrize(
    ("orders", "refunded", "usual", "is_found"),
    [
        (10, 4, 0.1, True),
        (10, 3, 0.1, False),  # three times as many, not more
        (9, 9, 0.1, False),
        (10, 1, 0.0, False),  # one of ten, where nothing ever came back
        (10, 2, 0.0, True),
    ],
)
def test_refunds_are_compared_with_what_is_usual_in_the_programme(
    orders, refunded, usual, is_found
):
    facts = Facts(refunds=(Refunds(1, orders, refunded),))
    assert (RiskRule.REFUNDS in rules_of(facts, {1: usual})) == is_found


def test_the_usual_is_the_median_of_a_programme():
    rows = [Refunds(1, 10, 0), Refunds(1, 10, 1), Refunds(1, 10, 9), Refunds(2, 4, 2)]
    assert medians_of(rows) == {1: 0.1, 2: 0.5}


def test_evidence_names_the_worst_programme_and_a_few_orders_of_it():
    mild, bad = Refunds(1, 10, 5, (3, 2)), Refunds(2, 10, 9, (7, 6))
    (found,) = findings(Facts(refunds=(mild, bad)), {1: 0.1, 2: 0.1})
    assert found.evidence == {
        "orders": 9,
        "of": 10,
        "usual_percent": 10,
        "lines": [7, 6],
    }


def test_signals_add_up_to_a_case_and_far_too_many_refunds_are_one_alone():
    quick = Facts(orders=9, quick_orders=2)
    assert not is_suspicious(findings(quick, {}))
    assert is_suspicious(findings(replace(quick, most_a_minute=11), {}))
    assert is_suspicious(findings(Facts(refunds=(Refunds(1, 10, 9),)), {1: 0.1}))


# What is counted ---------------------------------------------------------------------


@pytest.fixture
def link(alice):
    return make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)


def earn(link, *, status="received", delay_s=60, ago=timedelta(hours=1), **click):
    """An order so long after its click; its commission."""
    moment = timezone.now() - ago
    clicked = make_click(link, rate_bp=1000, occurred_at=moment, **click)
    line = make_line(
        link.programme, click=clicked, created_at=moment + timedelta(seconds=delay_s)
    )
    return tell_line(line, status=status)


def suspicious(link):
    """Orders within seconds, all at the same distance: four points."""
    return [earn(link, delay_s=1) for _ in range(6)]


def facts_now(days=90):
    now = timezone.now()
    return facts_since(now - timedelta(days=7), now - timedelta(days=days))


def test_everybodys_facts_are_counted_from_clicks_and_orders(link, alice, bob):
    commissions = suspicious(link)
    for number in range(3):
        make_click(link, ip_prefix="10.0.0.0/24", visitor_key=f"v{number}")
    make_click(link, is_qualified=False, reason="embed")
    facts = facts_now()
    assert set(facts) == {alice.pk}
    mine, lines = facts[alice.pk], [row.line_id for row in commissions]
    assert (mine.clicks, mine.embedded, mine.without_referer) == (9, 1, 9)
    assert (mine.orders, mine.quick_orders, mine.same_delay_orders) == (6, 6, 6)
    assert (mine.most_a_minute, mine.busiest_link) == (3, link.pk)
    assert mine.same_delay_s == 1
    assert list(mine.quick_lines) == list(mine.same_delay_lines) == lines[:0:-1]
    assert mine.refunds == (Refunds(link.programme_id, 6, 0),)


@pytest.mark.parametrize(("delay_s", "quick"), [(-1, 0), (0, 1), (2.9, 1), (3, 0)])
def test_an_order_is_quick_within_three_seconds(link, alice, delay_s, quick):
    earn(link, delay_s=delay_s)
    assert facts_now()[alice.pk].quick_orders == quick


def test_old_clicks_and_orders_are_looked_at_no_more(link, alice):
    earn(link, ago=timedelta(days=8))
    facts = facts_now()[alice.pk]
    assert (facts.clicks, facts.orders) == (0, 1)
    assert facts_now(days=7) == {}


def test_a_shopper_who_looks_around_is_no_shared_visitor(alice, bob, charlie):
    programme = make_programme()
    for person in (alice, bob, charlie):
        link = make_link(programme=programme, beneficiary=person)
        for _ in range(4):
            make_click(link, visitor_key="shopper")
        for _ in range(5):
            make_click(link, visitor_key="farm")
    facts = facts_now()
    assert {facts[p.pk].shared_visitors for p in (alice, bob, charlie)} == {1}


def test_who_is_paid_to_the_same_place_is_counted(link, alice, bob):
    for person in (alice, bob):
        PayoutAccount.objects.create(user=person, method="alipay", number="one@x.org")
    earn(link)
    assert facts_now()[alice.pk].paid_like == 1


def test_the_facts_of_twenty_people_cost_as_much_as_those_of_one():
    asked = []
    for count in (1, 20):
        for _ in range(count):
            link = make_link(programme=make_programme(), beneficiary=make_user())
            make_click(link)
        with CaptureQueriesContext(connection) as queries:
            facts_now()
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 7


def test_the_signals_of_twenty_people_are_kept_as_fast_as_those_of_one():
    asked = []
    for count in (1, 20):
        for _ in range(count):
            link = make_link(programme=make_programme(), beneficiary=make_user())
            for _ in range(11):
                make_click(link, ip_prefix="10.0.0.0/24")
        with CaptureQueriesContext(connection) as queries:
            look_for_risk()
        asked.append(len(queries))
    assert RiskSignal.objects.count() == 21
    assert asked[0] == asked[1]


# What comes of it --------------------------------------------------------------------


def test_what_is_suspicious_is_held_and_nobody_is_banned(client, link, alice):
    commissions = suspicious(link)
    assert look_for_risk() == 1
    case = RiskCase.objects.get()
    assert (case.person, case.state) == (alice, "open")
    held = Commission.objects.filter(hold_reasons__contains=[HoldReason.FRAUD])
    assert held.count() == len(commissions)
    alice.refresh_from_db()
    assert alice.is_active
    assert alice.closed_at is None
    assert not Notification.objects.filter(recipient=alice).exists()
    # She may still come in, and her links still count.
    client.force_login(alice)
    assert client.get("/earnings/").status_code == 200
    client.logout()
    before = Click.objects.filter(is_qualified=True).count()
    browser = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    assert client.get(link.get_absolute_url(), **browser).status_code == 302
    assert Click.objects.filter(is_qualified=True).count() == before + 1


def test_what_is_evidence_says_nothing_of_visitors(link):
    visitor = {"visitor_key": "f" * 32, "ip_prefix": "10.9.8.0/24", "ip_hash": "e" * 64}
    for _ in range(6):
        earn(link, delay_s=1, **visitor)
    for _ in range(12):
        make_click(link, referer_host="blog.example", **visitor)
    look_for_risk()
    kept = str(list(RiskSignal.objects.values_list("evidence", flat=True)))
    assert RiskSignal.objects.count() == 3
    for trace in ("ffff", "10.9.8", "eeee", "blog.example"):
        assert trace not in kept


def test_the_next_night_finds_nothing_new(link):
    suspicious(link)
    look_for_risk()
    signals = RiskSignal.objects.count()
    look_for_risk()
    assert RiskSignal.objects.count() == signals == 2
    assert RiskCase.objects.count() == 1


def test_another_day_keeps_only_what_is_new(link):
    suspicious(link)
    look_for_risk()
    RiskSignal.objects.bulk_create(
        RiskSignal(
            rule=row.rule,
            person=row.person,
            subject=row.subject,
            window="2026-01-01",
            score=row.score,
            evidence=row.evidence,
        )
        for row in list(RiskSignal.objects.filter(rule=RiskRule.CLUSTERED))
    )
    earn(link, delay_s=500)  # 6 of 7 orders now
    look_for_risk()
    windows = RiskSignal.objects.filter(rule=RiskRule.CLUSTERED).values_list("window")
    assert windows.count() == 2  # the same day's is not kept twice


def test_one_small_signal_opens_no_case(link):
    for _ in range(12):
        make_click(link, ip_prefix="10.0.0.0/24")
    assert look_for_risk() == 0
    signal = RiskSignal.objects.get()
    assert signal.rule == RiskRule.VELOCITY
    assert signal.evidence == {"clicks": 12, "link": link.pk}
    assert not RiskCase.objects.exists()


def test_orders_of_made_up_clicks_are_a_signal_about_nobody(link):
    line = make_line(link.programme)
    line.network.observation_set.create(
        line_id=line.line_id,
        payload={},
        sha256="x",
        source="postback",
        outcome="applied",
        code="bad_ref",
    )
    look_for_risk()
    signal = RiskSignal.objects.get()
    assert (signal.rule, signal.person) == (RiskRule.FORGED_REF, None)


def test_who_merely_pinned_first_holds_up_nobody_elses_money(alice, bob):
    link = make_link(programme=make_programme(), beneficiary=alice, originator=bob)
    commission = earn(link)
    open_case(person=bob)
    commission.refresh_from_db()
    assert commission.hold_reasons == []


def test_what_was_cleared_is_not_counted_again(link, alice, rosa):
    suspicious(link)
    look_for_risk()
    case = RiskCase.objects.get()
    clear(case=case, by=rosa, reason="A flash sale")
    assert look_for_risk() == 0
    assert RiskCase.objects.get().state == "cleared"
    for _ in range(6):  # and what comes later is
        moment = timezone.now()
        clicked = make_click(link, occurred_at=moment)
        later = moment + timedelta(seconds=1)
        tell_line(make_line(link.programme, click=clicked, created_at=later))
    assert look_for_risk() == 1
    assert RiskCase.objects.filter(state="open").count() == 1


def test_what_comes_while_a_case_is_open_is_held_the_next_night(link, alice, rosa):
    open_case(person=alice)
    commission = earn(link)
    with pytest.raises(ApprovalRefused, match="case about its pinner"):
        approve(commission=commission, by=rosa)
    look_for_risk()
    commission.refresh_from_db()
    assert commission.hold_reasons == [HoldReason.FRAUD]
    steps = RiskCase.objects.get().events.values_list("held_count", flat=True)
    assert list(steps) == [None, 1]


def test_what_a_reviewer_lets_go_of_by_hand_is_not_held_again(link, alice, rosa):
    commission = earn(link)
    open_case(person=alice)
    release(commission=commission, reason=HoldReason.FRAUD, by=rosa)
    look_for_risk()
    commission.refresh_from_db()
    assert commission.hold_reasons == []
    assert approve(commission=commission, by=rosa).state == "payable"


def test_the_database_itself_keeps_signals_and_what_was_held(link, alice):
    RiskSignal.objects.create(
        rule="velocity", subject="1", window="x", score=1, evidence={}
    )
    earn(link)
    case = open_case(person=alice)
    attacks = [
        RiskSignal.objects.all().delete,
        lambda: RiskSignal.objects.update(score=0),
        CaseCommission.objects.all().delete,
        lambda: case.events.update(note="x"),
    ]
    for attack in attacks:
        with pytest.raises(DatabaseError, match="only appended"), transaction.atomic():
            attack()
