"""What looks like fraud: rules at their thresholds, cases, appeals, and no ban."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.risk import (
    appeal,
    clear,
    look_for_risk,
    open_case,
    uphold,
)
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Commission,
    HoldReason,
    RiskCase,
    RiskRule,
    RiskSignal,
)
from commerce.risk_facts import facts_since
from commerce.risk_rules import Facts, Refunds, findings, medians_of
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


AT = {
    RiskRule.VELOCITY: (Facts(most_a_minute=11), {"most_a_minute": 10}),
    RiskRule.SHARED_VISITOR: (Facts(shared_visitors=3), {"shared_visitors": 2}),
    RiskRule.QUICK_ORDERS: (Facts(orders=9, quick_orders=2), {"quick_orders": 1}),
    RiskRule.CLUSTERED: (
        Facts(orders=10, same_delay_orders=5),
        {"same_delay_orders": 4},
    ),
    RiskRule.SELF_PURCHASE: (Facts(orders=9, self_orders=2), {"self_orders": 1}),
    RiskRule.SHARED_PLACE: (Facts(orders=1, paid_like=1), {"paid_like": 0}),
    RiskRule.NO_REFERER: (
        Facts(clicks=100, without_referer=95),
        {"without_referer": 94},
    ),
    RiskRule.STUFFING: (Facts(clicks=50, embedded=50), {"embedded": 49}),
}


@pytest.mark.parametrize("rule", AT)
def test_each_rule_begins_at_its_threshold(rule):
    facts, below = AT[rule]
    assert rules_of(facts) == {rule}
    assert rules_of(replace(facts, **below)) == set()


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
    ("orders", "refunded", "is_found"),
    [(10, 4, True), (10, 3, False), (9, 9, False), (10, 0, False)],
)
def test_refunds_are_compared_with_what_is_usual_in_the_programme(
    orders, refunded, is_found
):
    medians = {1: 0.1}
    facts = Facts(refunds=(Refunds(1, orders, refunded),))
    assert (RiskRule.REFUNDS in rules_of(facts, medians)) == is_found


def test_the_usual_is_the_median_of_a_programme():
    rows = [Refunds(1, 10, 0), Refunds(1, 10, 1), Refunds(1, 10, 9), Refunds(2, 4, 2)]
    assert medians_of(rows) == {1: 0.1, 2: 0.5}


@pytest.fixture
def link(alice):
    return make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)


def earn(link, *, status="received", delay_s=60, **click):
    """An order so long after its click; its commission."""
    moment = timezone.now() - timedelta(hours=1)
    clicked = make_click(link, rate_bp=1000, occurred_at=moment, **click)
    line = make_line(
        link.programme, click=clicked, created_at=moment + timedelta(seconds=delay_s)
    )
    return tell_line(line, status=status)


def suspicious(link):
    """Orders within seconds, all at the same distance: four points."""
    return [earn(link, delay_s=1) for _ in range(6)]


def test_everybodys_facts_are_counted_from_clicks_and_orders(link, alice, bob):
    suspicious(link)
    for number in range(3):
        make_click(link, ip_prefix="10.0.0.0/24", visitor_key=f"v{number}")
    make_click(link, is_qualified=False, reason="embed")
    facts = facts_since(
        timezone.now() - timedelta(days=7), timezone.now() - timedelta(days=90)
    )
    assert set(facts) == {alice.pk}
    mine = facts[alice.pk]
    assert (mine.clicks, mine.embedded, mine.without_referer) == (9, 1, 9)
    assert (mine.orders, mine.quick_orders, mine.same_delay_orders) == (6, 6, 6)
    assert mine.most_a_minute == 3
    assert mine.refunds == (Refunds(link.programme_id, 6, 0),)


def test_a_shopper_who_looks_around_is_no_shared_visitor(alice, bob, charlie):
    programme = make_programme()
    for person in (alice, bob, charlie):
        link = make_link(programme=programme, beneficiary=person)
        for _ in range(4):
            make_click(link, visitor_key="shopper")
        for _ in range(5):
            make_click(link, visitor_key="farm")
    since = timezone.now() - timedelta(days=7)
    facts = facts_since(since, since)
    assert {facts[p.pk].shared_visitors for p in (alice, bob, charlie)} == {1}


def test_the_facts_of_twenty_people_cost_as_much_as_those_of_one():
    asked = []
    for count in (1, 20):
        for _ in range(count):
            link = make_link(programme=make_programme(), beneficiary=make_user())
            make_click(link)
        since = timezone.now() - timedelta(days=7)
        with CaptureQueriesContext(connection) as queries:
            facts_since(since, since)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 7


def test_what_is_suspicious_is_held_and_nobody_is_banned(link, alice):
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


def test_the_next_night_finds_nothing_new(link):
    suspicious(link)
    look_for_risk()
    signals = RiskSignal.objects.count()
    look_for_risk()
    assert RiskSignal.objects.count() == signals == 2
    assert RiskCase.objects.count() == 1


def test_one_small_signal_opens_no_case(link):
    for _ in range(12):
        make_click(link, ip_prefix="10.0.0.0/24")
    assert look_for_risk() == 0
    assert RiskSignal.objects.get().rule == RiskRule.VELOCITY
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


def test_a_cleared_case_lets_go_of_what_it_held_and_of_nothing_else(link, alice, rosa):
    ours, theirs = earn(link), earn(link)
    Commission.objects.filter(pk=theirs.pk).update(hold_reasons=[HoldReason.FRAUD])
    case = open_case(person=alice)
    clear(case=case, by=rosa, reason="A blog with many readers")
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert ours.hold_reasons == []
    assert theirs.hold_reasons == [HoldReason.FRAUD]
    assert RiskCase.objects.get().state == "cleared"
    assert open_case(person=alice).pk == case.pk  # the same week's signals
    ours.refresh_from_db()
    assert ours.hold_reasons == []


def test_an_upheld_case_returns_what_it_held_with_its_reason(link, alice, rosa):
    commission = earn(link)
    case = open_case(person=alice)
    uphold(case=case, by=rosa, reason="Orders of your own")
    commission.refresh_from_db()
    assert commission.state == "clawed_back"
    assert commission.return_reason == "Orders of your own"
    told = Notification.objects.filter(recipient=alice, facts__has_key="reason")
    assert told.filter(url=f"/earnings/cases/{case.pk}/").exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert verify().findings == []


def test_another_reviewer_hears_the_appeal_and_may_give_it_back(
    link, alice, rosa, ruth
):
    commission = earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    appeal(case=case, by=alice, text="It was my sister.")
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        clear(case=case, by=rosa, reason="x")
    clear(case=case, by=ruth, reason="It was.")
    commission.refresh_from_db()
    assert (commission.state, commission.hold_reasons) == ("maturing", [])
    case.refresh_from_db()
    assert (case.state, case.decided_by, case.heard_by) == ("cleared", rosa, ruth)


def test_one_appeals_once_and_only_for_oneself(link, alice, bob, rosa, ruth):
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    with pytest.raises(TransitionRefused):
        appeal(case=case, by=bob, text="x")
    with pytest.raises(ApprovalRefused):
        appeal(case=case, by=alice, text=" ")
    appeal(case=case, by=alice, text="x")
    uphold(case=case, by=ruth, reason="Still odd")
    with pytest.raises(TransitionRefused):
        appeal(case=case, by=alice, text="again")


@pytest.mark.parametrize("deed", [clear, uphold])
def test_who_may_not_decide(alice, charlie, rosa, deed):
    with pytest.raises(ApprovalRefused):
        deed(case=open_case(person=alice), by=charlie, reason="x")
    with pytest.raises(ApprovalRefused, match="about you"):
        deed(case=open_case(person=rosa), by=rosa, reason="x")
    with pytest.raises(ApprovalRefused, match="reason"):
        deed(case=open_case(person=alice), by=rosa, reason=" ")


def test_the_database_itself_keeps_the_signals_and_the_four_eyes(alice, rosa):
    RiskSignal.objects.create(
        rule="velocity", subject="1", window="x", score=1, evidence={}
    )
    for attack in (RiskSignal.objects.all().delete, _rescore):
        with pytest.raises(DatabaseError, match="only appended"), transaction.atomic():
            attack()
    case = open_case(person=alice)
    with pytest.raises(IntegrityError, match="heard_by"), transaction.atomic():
        RiskCase.objects.filter(pk=case.pk).update(decided_by=rosa, heard_by=rosa)


def _rescore():
    RiskSignal.objects.update(score=0)


# Pages ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


def test_a_reviewer_reads_the_evidence_and_clears_the_case(client, link, rosa):
    suspicious(link)
    look_for_risk()
    case = RiskCase.objects.get()
    client.force_login(rosa)
    assert "alice" in client.get("/admin/commerce/riskcase/").content.decode()
    page = client.get(f"/admin/commerce/riskcase/{case.pk}/change/").content.decode()
    assert "6 of 6 orders came within three seconds of their click." in page
    assert "orders came just as long after" in page
    assert client.get("/admin/commerce/risksignal/").status_code == 200
    address = f"/admin/commerce/riskcase/{case.pk}/decide/"
    assert client.get(address).status_code == 405
    client.post(address, {"decision": "clear", "reason": "Fine"})
    case.refresh_from_db()
    assert case.state == "cleared"


def test_strangers_see_no_case_in_the_admin(client, alice, charlie):
    case = open_case(person=alice)
    client.force_login(charlie)
    for address in ("", f"{case.pk}/change/", f"{case.pk}/decide/"):
        answer = client.post(f"/admin/commerce/riskcase/{address}")
        assert answer.status_code == 302
    case.refresh_from_db()
    assert case.state == "open"


def test_the_list_of_cases_costs_the_same_for_one_and_twenty(
    client, rosa, django_assert_max_num_queries
):
    client.force_login(rosa)
    for count in (1, 20):
        for _ in range(count):
            open_case(person=make_user())
        with django_assert_max_num_queries(14):
            client.get("/admin/commerce/riskcase/")


def test_the_person_reads_of_a_decided_case_and_asks_for_another_look(
    client, link, alice, rosa
):
    earn(link)
    case = open_case(person=alice)
    client.force_login(alice)
    address = f"/earnings/cases/{case.pk}/"
    assert client.get(address).status_code == 404
    uphold(case=case, by=rosa, reason="Orders of your own")
    page = client.get(address).content.decode()
    assert "Orders of your own" in page
    answer = client.post(address, {"text": " "})
    assert answer.status_code == 422
    assert "error" in answer.content.decode()
    answer = client.post(address, {"text": "It was my sister."}, follow=True)
    assert "It was my sister." in answer.content.decode()
    case.refresh_from_db()
    assert case.state == "appealed"


@pytest.mark.parametrize("who", [None, "charlie"])
def test_nobody_else_reads_it(client, request, alice, rosa, who):
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    if who:
        client.force_login(request.getfixturevalue(who))
    status = client.get(f"/earnings/cases/{case.pk}/").status_code
    assert status == (404 if who else 302)


def test_a_held_commission_says_that_it_is_looked_at(client, link, alice):
    commission = earn(link)
    open_case(person=alice)
    client.force_login(alice)
    address = f"/earnings/commissions/{commission.public_id}/"
    assert "Somebody looks at this one" in client.get(address).content.decode()
