"""Cases: what reviewers decide, what becomes of the money, and who is heard again."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from commerce.actions.cases import appeal, clear, hold_more, uphold
from commerce.actions.commissions import approve
from commerce.actions.holds import hold
from commerce.actions.risk import open_case
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Commission,
    CommissionShare,
    HoldReason,
    RiskCase,
    RiskSignal,
)
from pinboard.models import Notification
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_shop,
    make_user,
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
    events = [
        (row.state, row.by and row.by.username, row.told) for row in case.events.all()
    ]
    assert events == [
        ("open", None, ""),
        ("open", None, "1 commission held"),
        ("upheld", "rosa", "Odd"),
        ("appealed", "alice", ""),
        ("cleared", "ruth", "It was."),
    ]


def test_how_many_are_held_is_told_in_the_readers_language(link, alice):
    earn(link)
    event = open_case(person=alice).events.get(held_count=1)
    assert event.told == "1 commission held"
    with translation.override("zh-hans"):
        assert event.told not in ("", "1 commission held")


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


# The reviewers' pages ----------------------------------------------------------------


@pytest.fixture
def desk(client, rosa, settings):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    return client


def page_of(case):
    return f"/admin/commerce/riskcase/{case.pk}/change/"


def decide_at(case):
    return f"/admin/commerce/riskcase/{case.pk}/decide/"


def signal_about(person, rule="velocity", window="2026-01-01", **evidence):
    return RiskSignal.objects.create(
        rule=rule,
        person=person,
        subject=str(person.pk),
        window=window,
        score=1,
        evidence=evidence,
    )


EVIDENCE = {
    "velocity": ({"clicks": 12, "link": 1}, "12 clicks on one link", "more than 10"),
    "shared_visitor": ({"browsers": 4}, "4 browsers click", "from 3 on"),
    "quick_orders": (
        {"orders": 3, "of": 9, "lines": []},
        "3 of 9 orders came within 3 seconds",
        "from 2 on",
    ),
    "clustered": (
        {"orders": 6, "of": 9, "seconds": 42, "lines": []},
        "6 of 9 orders came 42 seconds after",
        "from 5 on, if they are 50 %",
    ),
    "self_purchase": (
        {"orders": 2, "of": 9, "lines": []},
        "2 of 9 orders look like",
        "from 2 on",
    ),
    "shared_place": ({"people": 1}, "1 other is paid", "from 1 on"),
    "no_referer": ({"clicks": 99, "of": 100}, "99 of 100 clicks", "95 % of 100"),
    "stuffing": ({"clicks": 60, "of": 100}, "60 of 100 clicks", "from 50 on"),
    "refunds": (
        {"orders": 9, "of": 10, "usual_percent": 5, "lines": []},
        "9 of 10 orders came back; 5 % are usual",
        "more than 3 times",
    ),
}


@pytest.mark.parametrize("rule", EVIDENCE)
def test_evidence_is_read_in_words_beside_its_threshold(desk, alice, rule):
    evidence, sentence, threshold = EVIDENCE[rule]
    signal_about(alice, rule, **evidence)
    page = desk.get(page_of(open_case(person=alice))).content.decode()
    assert sentence in page
    assert threshold in page
    assert ("<progress" in page) == ("of" in evidence)
    assert sentence in desk.get("/admin/commerce/risksignal/").content.decode()


def test_a_network_is_named_where_a_signal_is_about_nobody(desk):
    RiskSignal.objects.create(
        rule="forged_ref", subject="taobao", window="x", score=1, evidence={"orders": 3}
    )
    page = desk.get("/admin/commerce/risksignal/").content.decode()
    assert "taobao" in page
    assert "made-up clicks: 3" in page


def test_the_case_shows_orders_of_the_evidence_and_what_it_holds(desk, link, alice):
    commission = earn(link)
    line = commission.line
    evidence = {"orders": 2, "of": 9, "lines": [line.pk, 987654]}
    signal_about(alice, "self_purchase", **evidence)
    page = desk.get(page_of(open_case(person=alice))).content.decode()
    story = f"/admin/commerce/commission/{commission.pk}/change/"
    assert page.count(f'href="{story}"') == 2
    assert page.count(line.line_id) >= 2
    assert 'class="story-net">¥10.00' in page


def test_signals_that_were_decided_about_stay_with_their_case(desk, alice, rosa):
    signal_about(alice, clicks=77, link=1)
    first = clear(case=open_case(person=alice), by=rosa, reason="Fine")
    signal_about(alice, clicks=88, link=1, window="2026-01-02")
    second = open_case(person=alice)
    assert "77 clicks" in desk.get(page_of(first)).content.decode()
    assert "88 clicks" not in desk.get(page_of(first)).content.decode()
    page = desk.get(page_of(second)).content.decode()
    assert "88 clicks" in page
    assert "77 clicks" not in page
    assert page_of(first) in page


def test_a_reviewer_clears_a_case(desk, link, alice):
    commission, case = earn(link), open_case(person=alice)
    assert desk.get(decide_at(case)).status_code == 405
    answer = desk.post(decide_at(case), {"decision": "clear", "reason": "Fine"})
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.state == "cleared"
    assert read(commission).hold_reasons == []
    assert "name=&quot;decision&quot;" not in desk.get(page_of(case)).content.decode()


def test_a_reviewer_upholds_it_for_what_is_ticked(desk, link, alice):
    good, bad = earn(link), earn(link)
    case = open_case(person=alice)
    sent = {"decision": "uphold", "reason": "Odd", "commission": [bad.pk, "x"]}
    assert desk.post(decide_at(case), sent).status_code == 302
    assert (read(good).state, read(bad).state) == ("maturing", "clawed_back")


def test_what_is_refused_says_why_and_keeps_what_was_typed(desk, link, alice):
    good, bad = earn(link), earn(link)
    case = open_case(person=alice)
    answer = desk.post(decide_at(case), {"decision": "uphold", "commission": [bad.pk]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="error">Give a reason' in page
    assert f'value="{bad.pk}" aria-label="Return {bad.line.line_id}" checked' in page
    assert f'value="{good.pk}" aria-label="Return {good.line.line_id}">' in page
    answer = desk.post(decide_at(case), {"decision": "uphold", "reason": "Odd <b>"})
    assert answer.status_code == 422
    assert 'value="Odd &lt;b&gt;"' in answer.content.decode()
    assert desk.post(decide_at(case), {"decision": "?"}).status_code == 302
    case.refresh_from_db()
    assert case.state == "open"


def test_a_reviewer_holds_what_came_since_by_a_button(desk, link, alice):
    case = open_case(person=alice)
    assert "came since" not in desk.get(page_of(case)).content.decode()
    commission = earn(link)
    assert "¥10.00 came since" in desk.get(page_of(case)).content.decode()
    desk.post(decide_at(case), {"decision": "hold"})
    assert read(commission).hold_reasons == [HoldReason.FRAUD]


def test_the_page_says_who_has_to_hear_an_appeal(desk, upheld, alice):
    appeal(case=upheld, by=alice, text="It was <my> sister.")
    page = desk.get(page_of(upheld)).content.decode()
    assert "It was &lt;my&gt; sister." in page
    assert "Another reviewer must hear the appeal" in page
    assert 'value="uphold"' not in page


def test_a_reviewer_with_a_share_reads_why_they_may_not_decide(desk, link, alice, rosa):
    commission = earn(link)
    CommissionShare.objects.filter(commission=commission, role="platform").update(
        party=rosa
    )
    case = open_case(person=alice)
    assert "part in what it holds" in desk.get(page_of(case)).content.decode()
    answer = desk.post(decide_at(case), {"decision": "clear", "reason": "Fine"})
    assert answer.status_code == 422
    case.refresh_from_db()
    assert case.state == "open"


@pytest.mark.parametrize("who", [None, "alice", "staff"])
def test_nobody_but_reviewers_sees_or_decides_a_case(
    client, link, alice, who, settings
):
    settings.STAFF_SECOND_FACTOR = False
    earn(link)
    case = open_case(person=alice)
    if who:
        alice.is_staff = who == "staff"
        alice.save()
        client.force_login(alice)
    sent = {"decision": "clear", "reason": "Fine"}
    answers = [
        client.get("/admin/commerce/riskcase/"),
        client.get("/admin/commerce/risksignal/"),
        client.get(page_of(case)),
        client.post(decide_at(case), sent),
    ]
    expected = 403 if who == "staff" else 302
    assert {answer.status_code for answer in answers} == {expected}
    case.refresh_from_db()
    assert case.state == "open"


def test_the_queue_shows_what_waits_and_is_narrowed_by_signal(
    desk, upheld, alice, bob, charlie, ruth
):
    clear(case=open_case(person=bob), by=ruth, reason="Fine")
    open_case(person=charlie)
    signal_about(alice)

    def people(query=""):
        page = desk.get(f"/admin/commerce/riskcase/{query}").content.decode()
        return {name for name in ("alice", "bob", "charlie") if f">{name}</a>" in page}

    assert people() == {"charlie"}
    assert people("?queue=decided") == {"alice", "bob"}
    appeal(case=upheld, by=alice, text="x")
    assert people() == {"alice", "charlie"}
    assert people("?queue=appealed") == {"alice"}
    assert people("?queue=all") == {"alice", "bob", "charlie"}
    assert people("?queue=all&rule=velocity") == {"alice"}
    assert people("?queue=all&q=bob") == {"bob"}


def test_the_list_and_the_page_cost_the_same_for_one_and_twenty(desk, link, alice):
    case, asked = open_case(person=alice), []
    for count in (1, 20):
        for number in range(count):
            commission = earn(link)
            signal_about(
                alice,
                "self_purchase",
                window=f"{count}-{number}",
                orders=2,
                of=3,
                lines=[commission.line_id],
            )
            open_case(person=make_user())
        open_case(person=alice)
        with CaptureQueriesContext(connection) as queries:
            desk.get("/admin/commerce/riskcase/")
            desk.get(page_of(case))
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 32


def test_a_case_that_is_not_there_is_told_as_everywhere(desk):
    answer = desk.get("/admin/commerce/riskcase/999/change/", follow=True)
    assert "There is no" in answer.content.decode()
    assert desk.post("/admin/commerce/riskcase/999/decide/").status_code == 404


# The person's pages ------------------------------------------------------------------


def case_page(case):
    return f"/earnings/cases/{case.pk}/"


def passport(client, commission):
    address = f"/earnings/commissions/{commission.public_id}/"
    return client.get(address).content.decode()


def test_a_held_commission_says_in_general_that_it_is_looked_at(client, link, alice):
    commission = earn(link)
    signal_about(alice, clicks=987654, link=1)
    open_case(person=alice)
    client.force_login(alice)
    page = passport(client, commission)
    assert "a person looks at it before it is paid" in " ".join(page.split())
    assert "987654" not in page
    assert "/earnings/cases/" not in page


def test_an_approved_commission_that_is_held_says_so_too(client, link, alice, rosa):
    commission = approve(commission=earn(link), by=rosa)
    open_case(person=alice)
    client.force_login(alice)
    assert "Being looked at" in passport(client, commission)


def test_other_holds_say_less(client, link, alice, rosa):
    commission = hold(commission=earn(link), reason=HoldReason.DISPUTE, by=rosa)
    client.force_login(alice)
    page = passport(client, commission)
    assert "A person looks at this one" in page
    assert "unusual" not in page


def test_the_shop_reads_nothing_of_it(client, alice, rita):
    programme = make_programme(shop=rita.shops.get(), rate_bp=1000)
    commission = earn(make_link(programme=programme, beneficiary=alice))
    open_case(person=alice)
    client.force_login(rita)
    page = passport(client, commission)
    assert commission.line.order_id in page
    assert "Being looked at" not in page


def test_a_case_is_told_once_something_was_taken(client, link, alice, rosa):
    earn(link)
    case = open_case(person=alice)
    client.force_login(alice)
    assert client.get(case_page(case)).status_code == 404
    clear(case=case, by=rosa, reason="Her cousin, as I happen to know")
    assert client.get(case_page(case)).status_code == 404
    earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Orders of your own")
    page = client.get(case_page(case)).content.decode()
    assert "Orders of your own" in page
    assert "¥6.00" in page  # her share of what was returned
    assert "Returned" in page


def test_the_passport_leads_to_another_look_and_then_to_the_answer(
    client, upheld, alice, bob, ruth
):
    commission = Commission.objects.get()
    client.force_login(alice)
    page = passport(client, commission)
    assert "Ask for another look" in page
    assert case_page(upheld) in page
    appeal(case=upheld, by=alice, text="x")
    assert "it is not decided yet" in passport(client, commission)
    uphold(case=upheld, by=ruth, reason="Still odd")
    assert "the decision stands" in passport(client, commission)


def test_the_first_pinner_reads_of_no_case_of_the_pinner(client, alice, bob, rosa):
    link = make_link(programme=make_programme(), beneficiary=alice, originator=bob)
    commission = earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    client.force_login(bob)
    assert case_page(case) not in passport(client, commission)
    assert client.get(case_page(case)).status_code == 404


def test_one_asks_for_another_look_in_a_form_that_keeps_what_was_typed(
    client, upheld, alice
):
    client.force_login(alice)
    answer = client.post(case_page(upheld), {"text": " "})
    assert answer.status_code == 422
    assert "Say why we should look again." in answer.content.decode()
    long = "sister " * 200
    answer = client.post(case_page(upheld), {"text": long})
    assert answer.status_code == 422
    assert long.strip() in answer.content.decode()
    assert 'class="err error"' in answer.content.decode()
    answer = client.post(
        case_page(upheld), {"text": "It <was> my sister."}, follow=True
    )
    page = answer.content.decode()
    assert "It &lt;was&gt; my sister." in page
    assert "We are looking again" in page
    upheld.refresh_from_db()
    assert upheld.state == "appealed"


def test_asking_twice_changes_nothing(client, upheld, alice):
    client.force_login(alice)
    client.post(case_page(upheld), {"text": "first"})
    assert client.post(case_page(upheld), {"text": "second"}).status_code == 200
    upheld.refresh_from_db()
    assert upheld.appeal == "first"


def test_after_the_second_look_the_page_says_how_it_ended(client, upheld, alice, ruth):
    appeal(case=upheld, by=alice, text="x")
    clear(case=upheld, by=ruth, reason="It was.")
    client.force_login(alice)
    page = client.get(case_page(upheld)).content.decode()
    assert "Given back" in page
    assert "On its way" in page
    assert "<textarea" not in page


def test_what_was_let_go_is_told_apart_from_what_was_returned(
    client, link, alice, rosa
):
    good, bad = earn(link), earn(link)
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd", chosen=[bad.pk])
    client.force_login(alice)
    page = client.get(case_page(case)).content.decode()
    _before, returned, kept = page.split('class="claim-list"')
    assert str(bad.public_id) in returned
    assert "not touched" in returned
    assert str(good.public_id) in kept
    assert str(bad.public_id) not in kept


def test_a_case_about_nothing_owed_has_an_empty_list(client, alice, rosa):
    case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
    client.force_login(alice)
    assert "Nothing was on its way" in client.get(case_page(case)).content.decode()


@pytest.mark.parametrize("who", [None, "charlie", "rosa"])
def test_nobody_else_reads_or_appeals_it(client, request, upheld, who):
    if who:
        client.force_login(request.getfixturevalue(who))
    expected = 404 if who else 302
    assert client.get(case_page(upheld)).status_code == expected
    assert client.post(case_page(upheld), {"text": "x"}).status_code == expected
    upheld.refresh_from_db()
    assert upheld.state == "upheld"


def test_the_page_costs_the_same_for_one_and_twenty_commissions(
    client, link, alice, rosa
):
    client.force_login(alice)
    asked = []
    for count in (1, 20):
        for _ in range(count):
            earn(link)
        case = uphold(case=open_case(person=alice), by=rosa, reason="Odd")
        with CaptureQueriesContext(connection) as queries:
            client.get(case_page(case))
        asked.append(len(queries))
    assert asked[0] == asked[1]
