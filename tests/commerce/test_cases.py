"""Cases: what reviewers decide, what becomes of the money, and who is heard again."""

import pytest
from django.db import IntegrityError, connection, transaction

from commerce.actions.cases import appeal, clear, hold_more, uphold
from commerce.actions.holds import hold
from commerce.actions.risk import open_case
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import Commission, CommissionShare, HoldReason, RiskCase
from pinboard.models import Notification
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_shop,
    tell_line,
)
from users.actions import close_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(alice):
    return make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)


def earn(link, **facts):
    line = make_line(link.programme, click=make_click(link, rate_bp=1000))
    return tell_line(line, status="received", **facts)


def read(commission):
    return Commission.objects.get(pk=commission.pk)


def the_ledger_is_right():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return verify().findings == []


def test_a_cleared_case_lets_go_of_what_it_held_and_of_nothing_else(link, alice, rosa):
    ours, by_hand = earn(link), earn(link)
    hold(commission=by_hand, reason=HoldReason.FRAUD, by=rosa)
    hold(commission=ours, reason=HoldReason.DISPUTE, by=rosa)
    clear(case=open_case(person=alice), by=rosa, reason="A blog with many readers")
    assert read(ours).hold_reasons == [HoldReason.DISPUTE]
    assert read(by_hand).hold_reasons == [HoldReason.FRAUD]
    assert RiskCase.objects.get().state == "cleared"
    # It was told of to nobody, so its end is not told, either.
    assert not Notification.objects.filter(recipient=alice).exists()


def test_an_upheld_case_returns_what_it_held_with_its_reason(link, alice, rosa):
    commission = earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Orders of your own")
    commission = read(commission)
    assert commission.state == "clawed_back"
    assert commission.return_reason == "Orders of your own"
    assert commission.hold_reasons == []  # what is returned waits for nobody
    told = Notification.objects.filter(recipient=alice, facts__has_key="reason")
    assert told.filter(url=f"/earnings/cases/{case.pk}/").exists()
    assert the_ledger_is_right()


def test_only_the_chosen_commissions_are_returned(link, alice, rosa):
    good, bad = earn(link), earn(link)
    case = open_case(person=alice)
    with pytest.raises(ApprovalRefused, match="Choose"):
        uphold(case=case, by=rosa, reason="Odd", chosen=[])
    uphold(case=case, by=rosa, reason="Odd", chosen=[bad.pk])
    assert (read(good).state, read(good).hold_reasons) == ("maturing", [])
    assert read(bad).state == "clawed_back"


def test_a_case_that_holds_nothing_can_be_upheld(alice, rosa):
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd", chosen=[])
    assert case.state == "upheld"


def test_what_is_paid_stays_paid(link, alice, rosa):
    commission = earn(link)
    case = open_case(person=alice)
    Commission.objects.filter(pk=commission.pk).update(state="paid", hold_reasons=[])
    uphold(case=case, by=rosa, reason="Odd")
    assert read(commission).state == "paid"


def test_a_reviewer_holds_what_came_since(link, alice, rosa):
    case = open_case(person=alice)
    commission = earn(link)
    assert hold_more(case=case, by=rosa) == 1
    assert read(commission).hold_reasons == [HoldReason.FRAUD]
    assert hold_more(case=case, by=rosa) == 0
    clear(case=case, by=rosa, reason="Fine")
    assert read(commission).hold_reasons == []
    with pytest.raises(ApprovalRefused, match="decided"):
        hold_more(case=case, by=rosa)


def test_each_step_leaves_an_event_with_who_and_why(link, alice, rosa, ruth):
    earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    appeal(case=case, by=alice, text="It was my sister.")
    clear(case=case, by=ruth, reason="It was.")
    events = case.events.values_list("state", "by__username", "note")
    assert list(events) == [
        ("open", None, ""),
        ("open", None, "1 commission held"),
        ("upheld", "rosa", "Odd"),
        ("appealed", "alice", ""),
        ("cleared", "ruth", "It was."),
    ]


# Appeals -----------------------------------------------------------------------------


@pytest.fixture
def upheld(link, alice, rosa):
    earn(link)
    return uphold(case=open_case(person=alice), by=rosa, reason="Odd")


def test_another_reviewer_hears_the_appeal_and_may_give_it_back(
    upheld, alice, rosa, ruth
):
    appeal(case=upheld, by=alice, text="It was my sister.")
    for deed in (clear, uphold):
        with pytest.raises(ApprovalRefused, match="Another reviewer"):
            deed(case=upheld, by=rosa, reason="x")
    clear(case=upheld, by=ruth, reason="It was.")
    commission = Commission.objects.get()
    assert (commission.state, commission.hold_reasons) == ("maturing", [])
    upheld.refresh_from_db()
    assert (upheld.decided_by, upheld.heard_by) == (rosa, ruth)
    told = Notification.objects.filter(recipient=alice).latest("pk")
    assert told.text.startswith("We looked again and gave back")
    assert the_ledger_is_right()


def test_what_the_network_took_meanwhile_is_not_given_back(upheld, alice, ruth):
    line = Commission.objects.get().line
    tell_line(line, status="invalid")
    appeal(case=upheld, by=alice, text="x")
    clear(case=upheld, by=ruth, reason="It was.")
    assert Commission.objects.get().state == "clawed_back"
    assert RiskCase.objects.get().state == "cleared"
    assert the_ledger_is_right()


def test_a_decision_that_stands_takes_nothing_more(upheld, link, alice, ruth):
    later = earn(link)
    appeal(case=upheld, by=alice, text="x")
    uphold(case=upheld, by=ruth, reason="Still odd")
    assert read(later).state == "maturing"
    told = Notification.objects.filter(recipient=alice).latest("pk")
    assert "the decision stands" in told.text


def test_one_appeals_once_and_only_for_oneself(upheld, alice, bob, ruth):
    with pytest.raises(TransitionRefused):
        appeal(case=upheld, by=bob, text="x")
    with pytest.raises(ApprovalRefused):
        appeal(case=upheld, by=alice, text=" ")
    appeal(case=upheld, by=alice, text="x")
    uphold(case=upheld, by=ruth, reason="Still odd")
    with pytest.raises(TransitionRefused):
        appeal(case=upheld, by=alice, text="again")


def test_a_closed_account_leaves_no_word_of_its_appeal(upheld, alice):
    appeal(case=upheld, by=alice, text="My sister Mary did it.")
    close_account(user=alice)
    upheld.refresh_from_db()
    assert upheld.appeal == ""
    assert not upheld.events.filter(note__contains="Mary").exists()


# Who may decide ----------------------------------------------------------------------


@pytest.mark.parametrize("deed", [clear, uphold])
def test_who_may_not_decide(alice, charlie, rosa, deed):
    with pytest.raises(ApprovalRefused, match="Only reviewers"):
        deed(case=open_case(person=alice), by=charlie, reason="x")
    with pytest.raises(ApprovalRefused, match="about you"):
        deed(case=open_case(person=rosa), by=rosa, reason="x")
    with pytest.raises(ApprovalRefused, match="reason"):
        deed(case=open_case(person=alice), by=rosa, reason=" ")


@pytest.mark.parametrize("deed", [clear, uphold])
def test_a_reviewer_with_a_share_in_it_does_not_decide(link, alice, rosa, deed):
    commission = earn(link)
    CommissionShare.objects.filter(commission=commission, role="platform").update(
        party=rosa
    )
    case = open_case(person=alice)
    with pytest.raises(ApprovalRefused, match="part in what it holds"):
        deed(case=case, by=rosa, reason="x")
    assert read(commission).hold_reasons == [HoldReason.FRAUD]


@pytest.mark.parametrize("deed", [clear, uphold])
def test_a_reviewer_whose_shop_owes_it_does_not_decide(alice, rosa, deed):
    programme = make_programme(shop=make_shop(owner=rosa), rate_bp=1000)
    earn(make_link(programme=programme, beneficiary=alice))
    with pytest.raises(ApprovalRefused, match="part in what it holds"):
        deed(case=open_case(person=alice), by=rosa, reason="x")


def test_the_database_itself_keeps_the_four_eyes(alice, rosa, upheld):
    attacks = [
        {"heard_by": rosa},
        {"decided_by": alice},
        {"decided_at": None},
        {"state": "open"},
        {"state": "appealed"},
    ]
    for attack in attacks:
        with pytest.raises(IntegrityError), transaction.atomic():
            RiskCase.objects.filter(pk=upheld.pk).update(**attack)
