"""Orders that name nobody, claimed by the pinners they came by."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.claims import CLAIMABLE
from commerce.actions.commissions import approve, sync_commission
from commerce.actions.order_claims import (
    MOST_OPEN,
    claim_order,
    close_old_claims,
    grant_claim,
    refuse_claim,
    weigh_claims,
    withdraw_claim,
)
from commerce.claim_words import no_click
from commerce.earnings import orders_of
from commerce.exceptions import ApprovalRefused, ClaimRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import Attribution, Commission, OrderClaim, OrderLine
from commerce.templatetags.commerce import own_pin
from pinboard.models import Notification
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

CLAIMS = "/earnings/claims/"
DESK = "/admin/commerce/orderclaim/"
BIG_NUMBER = "9007199254740993001"  # beyond what a double can tell apart


@pytest.fixture(autouse=True)
def _the_ledger_proves_itself_afterwards(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []


@pytest.fixture
def programme(db):
    return make_programme(shop=make_shop(), rate_bp=1000)


@pytest.fixture
def coat(programme):
    return make_product(programme.shop)


def clicked(person, programme, product, *, hours=1, **fields):
    """A click on a pin of theirs, so many hours ago."""
    link = make_link(
        programme=programme, pin=make_pin(make_board(person), product=product)
    )
    moment = timezone.now() - timedelta(hours=hours)
    return make_click(link, occurred_at=moment, **fields)


def nobodys_order(programme, product=None, number=BIG_NUMBER, status="paid", **fields):
    """An order that the shop reports without a word of where it came from."""
    received = {"received_at": timezone.now()} if status == "received" else {}
    line = make_line(
        programme, order_id=number, product=product, status=status, **received, **fields
    )
    return sync_commission(line=line)


def claim(person, programme, number=BIG_NUMBER, **fields):
    return claim_order(user=person, programme=programme, order_no=number, **fields)


def shares_of(commission):
    return {
        share.role: (share.party and share.party.username, share.amount_minor)
        for share in commission.shares.all()
    }


# What our clicks say ------------------------------------------------------------------


def test_a_click_on_the_same_product_is_strong(alice, programme, coat):
    clicked(alice, programme, coat)
    nobodys_order(programme, coat)
    assert claim(alice, programme).evidence_level == "strong"


def test_a_click_on_another_product_of_the_shop_is_strong_too(alice, programme, coat):
    clicked(alice, programme, make_product(programme.shop))
    nobodys_order(programme, coat)
    assert claim(alice, programme).evidence_level == "strong"


def test_a_click_on_another_shop_of_a_network_is_weak(alice, coat):
    league = make_programme()
    clicked(alice, league, make_product())
    nobodys_order(league, coat)
    assert claim(alice, league).evidence_level == "weak"


def test_a_click_that_the_claimant_made_is_never_strong(alice, programme, coat):
    clicked(alice, programme, coat, user=alice)
    nobodys_order(programme, coat)
    assert claim(alice, programme).evidence_level == "weak"


@pytest.mark.parametrize(
    "fields",
    [
        {"hours": 15 * 24 + 1},  # before the window
        {"hours": -1},  # after the order
        {"is_qualified": False, "reason": "bot"},
    ],
)
def test_a_click_that_could_not_have_earned_proves_nothing(
    alice, programme, coat, fields
):
    clicked(alice, programme, coat, **fields)
    nobodys_order(programme, coat)
    assert claim(alice, programme).evidence_level == "none"


def test_a_click_on_somebody_elses_pin_proves_nothing(alice, bob, programme, coat):
    clicked(bob, programme, coat)
    nobodys_order(programme, coat)
    assert claim(alice, programme).evidence_level == "none"


def test_a_claim_may_come_before_its_order_and_is_weighed_when_that_comes(
    alice, programme, coat
):
    clicked(alice, programme, coat)
    row = claim(alice, programme)
    assert (row.evidence_level, row.weighed_at) == ("none", None)
    assert weigh_claims() == 0
    nobodys_order(programme, coat)
    assert weigh_claims() == 1
    row.refresh_from_db()
    assert row.evidence_level == "strong"
    assert weigh_claims() == 0


# Claiming -----------------------------------------------------------------------------


def test_an_order_is_claimed_once(alice, programme):
    claim(alice, programme)
    with pytest.raises(ClaimRefused, match="already"):
        claim(alice, programme)
    assert OrderClaim.objects.count() == 1


def test_what_was_withdrawn_may_be_claimed_again(alice, programme):
    withdraw_claim(claim=claim(alice, programme, note="first"), user=alice)
    row = claim(alice, programme, note="second")
    assert (row.state, row.note, row.decided_at) == ("open", "second", None)


def test_what_was_refused_may_not(alice, programme, rosa):
    nobodys_order(programme)
    refuse_claim(claim=claim(alice, programme), by=rosa, reason="No click.")
    with pytest.raises(ClaimRefused, match="refused"):
        claim(alice, programme)


def test_ones_own_earnings_need_no_claim(alice, programme, coat):
    click = clicked(alice, programme, coat)
    line = make_line(programme, click=click, order_id=BIG_NUMBER)
    sync_commission(line=line)
    with pytest.raises(ClaimRefused, match="among your earnings"):
        claim(alice, programme)


def test_who_keeps_the_shop_claims_nothing_of_it(rita):
    with pytest.raises(ClaimRefused, match="your own shop"):
        claim(rita, make_programme(shop=rita.shops.get()))


def test_nobody_has_more_than_twenty_open_claims(alice, bob, programme):
    for number in range(MOST_OPEN):
        claim(alice, programme, f"N-{number}")
    with pytest.raises(ClaimRefused, match="20 open claims"):
        claim(alice, programme, "one more")
    claim(bob, programme, "one more")
    withdraw_claim(claim=OrderClaim.objects.first(), user=alice)
    claim(alice, programme, "one more")


def test_the_same_number_at_another_network_is_another_claim(alice, programme):
    for number in range(MOST_OPEN):
        claim(alice, programme, f"N-{number}")
    with pytest.raises(ClaimRefused, match="20 open claims"):
        claim(alice, make_programme(), "N-0")


def test_only_the_claimant_withdraws_and_only_what_is_open(alice, bob, programme):
    row = claim(alice, programme)
    with pytest.raises(TransitionRefused):
        withdraw_claim(claim=row, user=bob)
    withdraw_claim(claim=row, user=alice)
    with pytest.raises(TransitionRefused):
        withdraw_claim(claim=row, user=alice)


# Deciding -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"), [("paid", "estimated"), ("received", "maturing")]
)
def test_a_granted_order_is_the_claimants_in_books_and_shares(
    alice, programme, coat, rosa, status, state
):
    clicked(alice, programme, coat, rate_bp=1000)
    commission = nobodys_order(programme, coat, status=status)
    row = grant_claim(claim=claim(alice, programme), by=rosa, reason="Her click.")
    assert (row.state, row.decided_by, row.reason) == ("granted", rosa, "Her click.")
    commission.refresh_from_db()
    assert commission.state == state
    # Her pin was the first: both rates are hers.
    assert shares_of(commission) == {"pinner": ("alice", 700), "platform": (None, 300)}
    decided = Attribution.objects.get(is_current=True)
    assert (decided.basis, decided.actor) == ("manual", rosa)


def test_a_granted_order_is_of_the_pin_that_was_clicked_and_at_its_rate(
    alice, programme, coat, rosa
):
    """Promised were 12 % at the click; 10 % were in force when it was ordered."""
    click = clicked(alice, programme, coat, rate_bp=1200)
    commission = nobodys_order(programme, coat)
    assert commission.gross_minor == 1000
    grant_claim(claim=claim(alice, programme), by=rosa, reason="Her click.")
    commission.refresh_from_db()
    assert (commission.rate_bp, commission.gross_minor) == (1200, 1200)
    assert Attribution.objects.get(is_current=True).click == click
    (share,) = orders_of(alice)
    assert own_pin(share, alice) == click.link.pin


def test_a_weak_click_gives_neither_pin_nor_original_pinner(alice, bob, coat, rosa):
    league = make_programme(rate_bp=1000)
    pin = make_pin(make_board(alice), product=make_product(), origin_pinner=bob)
    link = make_link(programme=league, pin=pin)
    make_click(link, occurred_at=timezone.now() - timedelta(hours=1))
    commission = nobodys_order(league, coat)
    grant_claim(claim=claim(alice, league), by=rosa, reason="It must be hers.")
    assert shares_of(commission) == {"pinner": ("alice", 600), "platform": (None, 400)}
    assert Attribution.objects.get(is_current=True).click is None


def test_the_original_pinner_of_the_clicked_pin_has_a_share(
    alice, bob, programme, coat, rosa
):
    pin = make_pin(make_board(alice), product=coat, origin_pinner=bob)
    link = make_link(programme=programme, pin=pin)
    moment = timezone.now() - timedelta(hours=1)
    make_click(link, occurred_at=moment, rate_bp=1000)
    commission = nobodys_order(programme, coat)
    grant_claim(claim=claim(alice, programme), by=rosa, reason="Her click.")
    assert shares_of(commission) == {
        "pinner": ("alice", 600),
        "originator": ("bob", 100),
        "platform": (None, 300),
    }


def test_of_two_claims_of_one_order_one_is_granted(alice, bob, programme, coat, rosa):
    commission = nobodys_order(programme, coat)
    first, second = claim(alice, programme), claim(bob, programme)
    grant_claim(claim=first, by=rosa, reason="Her click.")
    with pytest.raises(ApprovalRefused, match="nobody's any more"):
        grant_claim(claim=second, by=rosa, reason="His click.")
    assert shares_of(commission)["pinner"][0] == "alice"
    second.refresh_from_db()
    assert second.state == "open"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_reviewers_who_grant_two_claims_at_once_one_is_refused(
    alice, bob, programme, coat, rosa, ruth
):
    commission = nobodys_order(programme, coat, status="received")
    claims = [claim(alice, programme), claim(bob, programme)]
    start = threading.Barrier(2)

    def grant(row, by):
        try:
            start.wait(10)
            return grant_claim(claim=row, by=by, reason="The click.").state
        except ApprovalRefused:
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(grant, claims, [rosa, ruth]))
    assert outcomes == ["granted", "too late"]
    granted = OrderClaim.objects.get(state="granted")
    assert shares_of(commission)["pinner"][0] == granted.user.username
    assert commission.line.attributions.count() == 2


def test_the_lines_of_one_order_may_go_to_different_people(alice, bob, programme, rosa):
    one, two = nobodys_order(programme), nobodys_order(programme)
    hers, his = claim(alice, programme), claim(bob, programme)
    grant_claim(claim=hers, by=rosa, reason="Hers.", lines=[one.line_id])
    grant_claim(claim=his, by=rosa, reason="His.", lines=[two.line_id])
    assert shares_of(one)["pinner"][0] == "alice"
    assert shares_of(two)["pinner"][0] == "bob"


def test_what_is_somebodys_is_not_given_away(alice, bob, programme, coat, rosa):
    click = clicked(bob, programme, coat)
    line = make_line(programme, click=click, order_id=BIG_NUMBER)
    commission = sync_commission(line=line)
    with pytest.raises(ApprovalRefused, match="nobody's any more"):
        grant_claim(claim=claim(alice, programme), by=rosa, reason="Hers?")
    assert shares_of(commission)["pinner"][0] == "bob"


def test_what_is_sixty_days_old_is_claimed_no_more(alice, programme, rosa):
    commission = nobodys_order(programme)
    row = claim(alice, programme)
    OrderLine.objects.update(created_at=timezone.now() - CLAIMABLE)
    with pytest.raises(ApprovalRefused, match="nobody's any more"):
        grant_claim(claim=row, by=rosa, reason="Late.")
    assert Commission.objects.get(pk=commission.pk).state == "unattributed"


def test_a_reviewer_who_gains_by_it_decides_nothing(rosa, ruth, programme, bob):
    nobodys_order(programme)
    row = claim(rosa, programme)
    for refused in (
        lambda: grant_claim(claim=row, by=rosa, reason="Mine."),
        lambda: refuse_claim(claim=row, by=rosa, reason="Mine."),
    ):
        with pytest.raises(ApprovalRefused, match="your own claim"):
            refused()
    with pytest.raises(ApprovalRefused, match="Only reviewers"):
        grant_claim(claim=row, by=bob, reason="Hers.")
    with pytest.raises(ApprovalRefused, match="reason"):
        grant_claim(claim=row, by=ruth, reason=" ")
    grant_claim(claim=row, by=ruth, reason="Her click.")


def test_the_database_lets_nobody_decide_their_own(alice, programme):
    row = claim(alice, programme)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderClaim.objects.filter(pk=row.pk).update(
            state="refused", decided_by=alice, decided_at=timezone.now()
        )


def test_a_banned_account_is_given_nothing(alice, programme, rosa):
    nobodys_order(programme)
    row = claim(alice, programme)
    alice.is_active = False
    alice.save()
    with pytest.raises(ApprovalRefused, match="banned"):
        grant_claim(claim=row, by=rosa, reason="Hers.")


def test_the_claimant_is_told(alice, bob, programme, rosa):
    nobodys_order(programme)
    grant_claim(claim=claim(alice, programme), by=rosa, reason="Her click.")
    refuse_claim(claim=claim(bob, programme), by=rosa, reason="No click of yours.")
    told = {row.recipient.username: row for row in Notification.objects.all()}
    assert f"order {BIG_NUMBER} was granted" in told["alice"].sentence
    assert "No click of yours." in told["bob"].sentence
    assert told["bob"].url == CLAIMS


def test_a_granted_claim_is_approved_like_any_commission(
    alice, programme, coat, rosa, ruth
):
    commission = nobodys_order(programme, coat, status="received")
    grant_claim(claim=claim(alice, programme), by=rosa, reason="Her click.")
    assert approve(commission=commission, by=ruth).state == "payable"


def test_what_nothing_can_come_of_runs_out_after_sixty_days(
    alice, bob, programme, coat, rosa
):
    """Unknown and somebody else's end alike; what could be given waits on."""
    theirs = make_line(
        programme, click=clicked(bob, programme, coat), order_id="theirs"
    )
    sync_commission(line=theirs)
    nobodys_order(programme, number="nobodys")
    for number in ("theirs", "unknown", "nobodys"):
        claim(alice, programme, number)
    assert close_old_claims() == 0
    OrderClaim.objects.update(created_at=timezone.now() - CLAIMABLE)
    assert close_old_claims() == 2
    theirs, unknown, nobodys = OrderClaim.objects.order_by("pk")
    assert nobodys.state == "open"
    told = ("state", "reason", "decided_by", "ran_out")
    assert [getattr(theirs, name) for name in told] == ["refused", "", None, True]
    assert [getattr(unknown, name) for name in told] == ["refused", "", None, True]
    one, two = (row.sentence for row in Notification.objects.all())
    assert one.replace("theirs", "unknown") in (two, two.replace("theirs", "unknown"))


# The page -----------------------------------------------------------------------------


def sent(programme, number=BIG_NUMBER, **fields):
    return {"programme": programme.pk, "order_no": number} | fields


def test_the_page_is_of_those_who_are_signed_in(client, db):
    assert client.get(CLAIMS).headers["Location"].startswith("/accounts/login/")


def test_an_empty_list_says_what_to_do(client, alice):
    client.force_login(alice)
    html = client.get(CLAIMS).content.decode()
    assert "No claims yet" in html
    assert 'name="order_no"' in html


def test_one_claims_withdraws_and_reads_the_state(client, alice, programme):
    client.force_login(alice)
    answer = client.post(
        CLAIMS, sent(programme, f"  {BIG_NUMBER}\u200b ", note="My coat")
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, CLAIMS)
    row = OrderClaim.objects.get()
    assert (row.order_no, row.note, row.user) == (BIG_NUMBER, "My coat", alice)
    html = client.get(CLAIMS).content.decode()
    assert BIG_NUMBER in html
    assert "Being checked" in html
    client.post(f"{CLAIMS}{row.pk}/withdraw/")
    html = client.get(CLAIMS).content.decode()
    assert "Withdrawn" in html
    assert f"{row.pk}/withdraw/" not in html


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"order_no": ""}, "Write the order number."),
        ({"order_no": "\u200b"}, "Write the order number"),
        ({"order_no": "9" * 65}, "at most 64 characters"),
        ({"order_no": "A\0B"}, "Null characters"),
        ({"programme": ""}, "Choose the shop."),
        ({"programme": "77777777777777777777"}, "Select a valid choice"),
    ],
)
def test_a_refused_form_is_422_and_keeps_what_was_written(
    client, alice, programme, fields, sentence
):
    client.force_login(alice)
    answer = client.post(CLAIMS, sent(programme, note="It was my coat") | fields)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in html
    assert "It was my coat" in html
    assert not OrderClaim.objects.exists()


def test_what_the_action_refuses_stands_beside_the_number(client, alice, programme):
    client.force_login(alice)
    claim(alice, programme)
    answer = client.post(CLAIMS, sent(programme))
    assert answer.status_code == 422
    assert "You have claimed this order already." in answer.content.decode()


def test_somebody_elses_order_and_an_unknown_one_look_alike(
    client, alice, bob, programme, coat
):
    clicked(alice, programme, coat)
    line = make_line(programme, click=clicked(bob, programme, coat), order_id="O-1")
    sync_commission(line=line)
    client.force_login(alice)
    for number in ("O-1", "O-2"):
        client.post(CLAIMS, sent(programme, number))
    html = client.get(CLAIMS).content.decode()
    assert "bob" not in html
    html = re.sub(r'datetime="[^"]+"', "", html)
    rows = html.split("<li>")
    seen = [
        row.split("</li>")[0].replace(f">{number}<", "><")
        for number in ("O-1", "O-2")
        for row in rows
        if f">{number}<" in row
    ]
    first, second = OrderClaim.objects.order_by("pk")
    assert seen[0].split("<form")[0] == seen[1].split("<form")[0]
    assert (first.state, second.state) == ("open", "open")


def test_a_refusal_says_what_became_of_the_claimants_own_clicks(
    client, alice, bob, programme, coat, rosa
):
    """And of nobody else: who makes up numbers learns nothing."""
    old = clicked(alice, programme, coat, hours=24 * 40)
    bobs = make_line(programme, click=clicked(bob, programme, coat), order_id="O-2")
    sync_commission(line=bobs)
    late = make_line(programme, click=old, order_id="O-1")
    sync_commission(line=late)
    for number in ("O-1", "O-2", "O-3"):
        refuse_claim(claim=claim(alice, programme, number), by=rosa, reason="No.")
    client.force_login(alice)
    page = client.get(CLAIMS)
    told = {row.order_no: list(row.why_not) for row in page.context["claims"]}
    (sentence,) = told["O-1"]
    assert "your pin" in sentence
    assert "too old" in sentence
    assert sentence in page.content.decode()
    assert told["O-2"] == told["O-3"] == [no_click()]


def test_a_claim_that_is_open_or_ran_out_says_nothing_of_clicks(
    client, alice, programme
):
    claim(alice, programme, "O-1")
    close_old_claims(timezone.now() + timedelta(days=61))
    claim(alice, programme, "O-2")
    client.force_login(alice)
    rows = client.get(CLAIMS).context["claims"]
    assert [list(row.why_not) for row in rows] == [[], []]


def test_a_stranger_neither_sees_nor_withdraws_a_claim(client, alice, bob, programme):
    row = claim(alice, programme)
    client.force_login(bob)
    assert BIG_NUMBER not in client.get(CLAIMS).content.decode()
    assert client.post(f"{CLAIMS}{row.pk}/withdraw/").status_code == 404
    row.refresh_from_db()
    assert row.state == "open"


def test_the_page_asks_as_often_for_twenty_claims_as_for_one(
    client, alice, programme, django_assert_max_num_queries
):
    client.force_login(alice)
    claim(alice, programme, "N-0")
    client.get(CLAIMS)
    with CaptureQueriesContext(connection) as asked:
        client.get(CLAIMS)
    for number in range(1, MOST_OPEN):
        claim(alice, programme, f"N-{number}")
    with django_assert_max_num_queries(len(asked)):
        client.get(CLAIMS)


def test_the_page_is_paged_by_key(client, alice, programme):
    OrderClaim.objects.bulk_create(
        OrderClaim(
            user=alice,
            programme=programme,
            network=programme.network,
            order_no=f"N-{number}",
        )
        for number in range(30)
    )
    client.force_login(alice)
    page = client.get(CLAIMS)
    assert len(page.context["claims"]) == 24
    rest = client.get(CLAIMS, {"cursor": page.context["next_cursor"]})
    assert [row.order_no for row in rest.context["claims"]][-1] == "N-0"
    assert client.get(CLAIMS, {"cursor": "x"}).status_code == 404


def test_ones_own_shop_is_not_offered(client, rita, programme):
    own = make_programme(shop=rita.shops.get())
    client.force_login(rita)
    assert client.post(CLAIMS, sent(own)).status_code == 422
    assert client.post(CLAIMS, sent(programme)).status_code == 302


def test_the_earnings_page_leads_there(client, alice):
    client.force_login(alice)
    assert f'href="{CLAIMS}"' in client.get("/earnings/").content.decode()


# The reviewers' side ------------------------------------------------------------------


@pytest.fixture
def desk(client, rosa, settings):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    return client


def test_a_reviewer_reads_the_evidence_of_all_who_claim(
    desk, alice, bob, programme, coat, rosa
):
    clicked(alice, programme, coat)
    commission = nobodys_order(programme, coat)
    row = claim(alice, programme, note="From my board")
    claim(bob, programme)
    assert BIG_NUMBER in desk.get(DESK).content.decode()
    html = desk.get(f"{DESK}{row.pk}/change/").content.decode()
    assert "From my board" in html
    assert coat.title in html
    assert f"/admin/commerce/commission/{commission.pk}/change/" in html
    assert "Others who claim this order" in html
    assert "no click" in html


def test_a_reviewer_grants_and_refuses_by_a_button(
    desk, alice, bob, programme, coat, rosa
):
    commission = nobodys_order(programme, coat)
    hers, his = claim(alice, programme), claim(bob, programme)
    address = f"{DESK}{hers.pk}/decide/"
    sent = {"decision": "grant", "line": commission.line_id, "reason": ""}
    desk.post(address, sent)
    hers.refresh_from_db()
    assert hers.state == "open"  # without a reason
    desk.post(address, sent | {"line": "", "reason": "Hers."})
    hers.refresh_from_db()
    assert hers.state == "open"  # no line was chosen
    desk.post(address, sent | {"reason": "Hers."})
    desk.post(f"{DESK}{his.pk}/decide/", {"decision": "refuse", "reason": "No click."})
    states = OrderClaim.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["granted", "refused"]
    assert desk.get(f"{DESK}{hers.pk}/change/").status_code == 200
    assert desk.get(address).status_code == 405


@pytest.mark.parametrize(
    ("queue", "found"),
    [
        ("", ["ready", "waiting"]),
        ("ready", ["ready"]),
        ("waiting", ["waiting"]),
        ("decided", ["decided"]),
        ("all", ["ready", "waiting", "decided"]),
    ],
)
def test_the_queue_tells_known_orders_from_unknown_ones(
    desk, alice, programme, rosa, queue, found
):
    nobodys_order(programme, number="O-ready")
    nobodys_order(programme, number="O-decided")
    for number in ("O-ready", "O-waiting", "O-decided"):
        claim(alice, programme, number)
    decided = OrderClaim.objects.get(order_no="O-decided")
    refuse_claim(claim=decided, by=rosa, reason="No click.")
    html = desk.get(DESK, {"queue": queue}).content.decode()
    shown = [name for name in ("ready", "waiting", "decided") if f">O-{name}<" in html]
    assert shown == found


def test_the_queue_asks_as_often_for_twenty_claims_as_for_one(
    desk, alice, programme, django_assert_max_num_queries
):
    claim(alice, programme, "N-0")
    desk.get(DESK)
    with CaptureQueriesContext(connection) as asked:
        desk.get(DESK)
    for number in range(1, MOST_OPEN):
        claim(alice, programme, f"N-{number}")
    with django_assert_max_num_queries(len(asked)):
        desk.get(DESK)


def test_who_is_no_reviewer_decides_nothing(client, alice, bob, programme):
    row = claim(alice, programme)
    client.force_login(bob)
    assert client.get(f"{DESK}{row.pk}/change/").status_code in (302, 403)
    answer = client.post(
        f"{DESK}{row.pk}/decide/", {"decision": "refuse", "reason": "Mine!"}
    )
    assert answer.status_code in (302, 403)
    row.refresh_from_db()
    assert row.state == "open"
