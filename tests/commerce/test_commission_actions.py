"""What happens to our money when the network tells something and when people decide."""

import itertools
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from commerce.actions.commissions import approve, reject, restore, sync_commission
from commerce.actions.discrepancies import resolve_discrepancy
from commerce.actions.holds import hold, release
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Account,
    Commission,
    CommissionState,
    Discrepancy,
    Journal,
    Programme,
)
from pinboard.models import Notification
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_product,
    make_programme,
    make_shop,
    tell_line,
)

pytestmark = pytest.mark.django_db


def shares_of(commission):
    return {s.role: s.amount_minor for s in commission.shares.all()}


def balances():
    return {
        f"{a.kind}:{a.key}": a.balance_minor
        for a in Account.objects.exclude(balance_minor=0)
    }


@pytest.fixture(autouse=True)
def _the_ledger_is_right_afterwards(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert verify().findings == []


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def line_of(programme):
    """An order by a click on a link, told to the site."""

    def line_of(beneficiary, *, rate_bp=1000, originator=None, click=None, **fields):
        link = make_link(
            programme=programme,
            beneficiary=beneficiary,
            originator=originator,
            beneficiary_is_originator=False,
        )
        click = click or make_click(link, rate_bp=rate_bp)
        line = make_line(programme, click=click, **fields)
        sync_commission(line=line)
        return line

    return line_of


@pytest.fixture
def received(line_of, alice):
    return tell_line(line_of(alice), status="received")


def test_a_paid_order_is_estimated_and_in_no_journal(line_of, alice, bob):
    commission = line_of(alice, originator=bob).commission
    assert commission.state == "estimated"
    assert shares_of(commission) == {"pinner": 600, "originator": 100, "platform": 300}
    assert not Journal.objects.exists()


def test_a_network_that_keeps_a_fee_leaves_the_net_to_share(line_of, alice, bob):
    line = line_of(alice, originator=bob, gross_fee_minor=1000, tech_fee_minor=100)
    commission = line.commission
    assert (commission.gross_minor, commission.fee_minor) == (1000, 100)
    assert shares_of(commission) == {"pinner": 540, "originator": 90, "platform": 270}


def test_thirteen_fen_are_split_seven_one_and_five(line_of, alice, bob):
    line = line_of(
        alice, originator=bob, rate_bp=0, gross_fee_minor=14, tech_fee_minor=1
    )
    assert shares_of(line.commission) == {"pinner": 7, "originator": 1, "platform": 5}


def test_of_thirteen_fen_a_first_pin_has_nine(programme, alice):
    link = make_link(
        programme=programme, beneficiary=alice, beneficiary_is_originator=True
    )
    line = make_line(
        programme,
        click=make_click(link, rate_bp=0),
        gross_fee_minor=14,
        tech_fee_minor=1,
    )
    assert shares_of(sync_commission(line=line)) == {"pinner": 9, "platform": 4}


def test_a_received_order_is_booked(line_of, alice, bob):
    line = line_of(alice, originator=bob)
    commission = tell_line(line, status="received")
    assert commission.state == "maturing"
    assert balances() == {
        f"asset:receivable:{line.network.code}": 1000,
        f"liab:pending:{alice.pk}": -600,
        f"liab:pending:{bob.pk}": -100,
        "rev:platform:site": -300,
    }


def test_the_same_news_again_books_nothing(received):
    for _ in range(3):
        sync_commission(line=received.line)
    assert Journal.objects.count() == 1


def test_settled_without_received_is_earned_as_well(line_of, alice):
    commission = tell_line(line_of(alice), status="settled", settled_at=timezone.now())
    assert commission.state == "maturing"
    assert Journal.objects.get().kind == "ACCRUE"


def test_three_partial_refunds_end_at_zero_and_nobody_ever_rises(line_of, alice, bob):
    commission = tell_line(line_of(alice, originator=bob), status="received")
    before = shares_of(commission)
    for refunded in (3330, 6660, 10_000):
        commission = tell_line(commission.line, refunded_minor=refunded)
        now = shares_of(commission)
        assert all(now[role] <= before[role] for role in now)
        before = now
    assert set(now.values()) == {0}
    assert balances() == {}
    assert commission.state == "clawed_back"
    assert commission.return_reason == "refunded"


def test_a_refund_before_receipt_lessens_the_estimate_without_a_journal(line_of, alice):
    line = line_of(alice)
    commission = tell_line(line, refunded_minor=2500)
    assert shares_of(commission) == {"pinner": 450, "platform": 300}
    assert not Journal.objects.exists()
    commission = tell_line(line, status="received")
    assert balances()[f"liab:pending:{alice.pk}"] == -450


def test_a_full_refund_before_receipt_is_void_and_never_booked(line_of, alice):
    commission = tell_line(line_of(alice), refunded_minor=10_000)
    assert (commission.state, commission.return_reason) == ("void", "refunded")
    commission = tell_line(commission.line, status="received")
    assert commission.state == "void"
    assert not Journal.objects.exists()


def test_a_refund_that_failed_is_given_back_to_the_fen(received):
    before = balances()
    commission = tell_line(received.line, refunded_minor=3333)
    assert balances() != before
    commission = tell_line(commission.line, refunded_minor=0)
    assert balances() == before
    assert [j.kind for j in Journal.objects.order_by("pk")] == [
        "ACCRUE",
        "ADJUST",
        "ADJUST",
    ]


def test_a_full_refund_that_failed_brings_the_commission_back(received):
    tell_line(received.line, refunded_minor=10_000)
    commission = tell_line(received.line, refunded_minor=0)
    assert commission.state == "maturing"
    assert commission.return_reason == ""
    commission = tell_line(received.line, refunded_minor=10_000)
    commission = tell_line(received.line, refunded_minor=0)
    assert commission.net_minor == 1000


def test_an_order_invalid_before_receipt_is_void(line_of, alice):
    commission = tell_line(line_of(alice), status="invalid")
    assert (commission.state, commission.return_reason) == ("void", "invalid")
    assert not Journal.objects.exists()


def test_an_order_invalid_after_settlement_is_reversed_in_full(received):
    commission = tell_line(received.line, status="invalid")
    assert (commission.state, commission.return_reason) == ("clawed_back", "invalid")
    assert balances() == {}


def test_a_presale_grows_with_its_final_payment(line_of, alice):
    line = line_of(alice, paid_minor=1000)
    assert line.commission.net_minor == 100
    assert tell_line(line, paid_minor=10_000).net_minor == 1000


def test_a_commission_below_a_cent_is_shown_as_none(line_of, alice):
    line = line_of(alice, paid_minor=4, rate_bp=1000)
    commission = tell_line(line, status="received")
    assert (commission.state, commission.return_reason) == ("void", "no_commission")
    assert not Journal.objects.exists()


def test_the_rate_of_the_click_holds_though_the_shop_lowers_it(programme, alice):
    click = make_click(make_link(programme=programme, beneficiary=alice), rate_bp=800)
    line = make_line(programme, click=click, gross_fee_minor=600)
    commission = sync_commission(line=line)
    assert (commission.gross_minor, commission.rate_bp) == (800, 800)
    found = Discrepancy.objects.get()
    assert (found.kind, found.delta_minor) == ("rate_below", -200)
    sync_commission(line=line)
    assert Discrepancy.objects.count() == 1


def test_a_shop_that_reports_more_than_promised_pays_more(programme, alice):
    click = make_click(make_link(programme=programme, beneficiary=alice), rate_bp=800)
    commission = sync_commission(
        line=make_line(programme, click=click, gross_fee_minor=1200)
    )
    assert (commission.gross_minor, commission.rate_bp) == (1200, 1200)
    assert not Discrepancy.objects.exists()


def test_a_networks_report_wins_over_the_rate_of_the_click(alice):
    programme = make_programme(rate_bp=800)
    programme.network.adapter = "taobao"
    programme.network.save()
    click = make_click(make_link(programme=programme, beneficiary=alice), rate_bp=800)
    line = make_line(programme, click=click, gross_fee_minor=600)
    assert sync_commission(line=line).gross_minor == 600


def test_a_settlement_that_leaves_out_a_refund_is_not_lessened_twice(alice):
    programme = make_programme()
    programme.network.adapter = "taobao"
    programme.network.save()
    click = make_click(make_link(programme=programme, beneficiary=alice))
    line = make_line(programme, click=click, gross_fee_minor=1000)
    commission = tell_line(line, refunded_minor=3000)
    assert commission.net_minor == 700
    settled = {"settled_minor": 7000, "gross_fee_minor": 700}
    commission = tell_line(line, status="settled", settled_at=timezone.now(), **settled)
    assert commission.net_minor == 700
    assert tell_line(line, refunded_minor=6500).net_minor == 350


def test_a_shop_earns_nothing_in_its_own_programme(rita, bob):
    programme = make_programme(shop=rita.shops.get(), rate_bp=1000)
    own = make_link(
        programme=programme, beneficiary=rita, beneficiary_is_originator=True
    )
    saved = make_link(
        programme=programme,
        beneficiary=bob,
        originator=rita,
        beneficiary_is_originator=False,
    )
    own_line = make_line(programme, click=make_click(own, rate_bp=1000))
    saved_line = make_line(programme, click=make_click(saved, rate_bp=1000))
    assert shares_of(sync_commission(line=own_line)) == {"platform": 1000}
    assert shares_of(sync_commission(line=saved_line)) == {
        "pinner": 600,
        "platform": 400,
    }


def test_buy_on_a_products_own_page_is_the_sites(programme):
    link = make_link(programme=programme)
    commission = sync_commission(
        line=make_line(programme, click=make_click(link, rate_bp=1000))
    )
    assert commission.state == "estimated"
    assert shares_of(commission) == {"platform": 1000}


def test_who_was_erased_before_the_click_leaves_the_role_to_the_site(
    line_of, alice, bob
):
    bob.closed_at = timezone.now() - timedelta(days=1)
    bob.save()
    commission = line_of(alice, originator=bob).commission
    assert shares_of(commission) == {"pinner": 600, "platform": 400}


def test_who_was_erased_after_the_click_leaves_the_share_in_suspense(
    line_of, alice, bob
):
    bob.closed_at = timezone.now() + timedelta(minutes=1)
    bob.save()
    commission = tell_line(line_of(alice, originator=bob), status="received")
    share = commission.shares.get(role="originator")
    assert (share.party, share.amount_minor) == (None, 100)
    assert balances()["liab:suspense:unattributed"] == -100


def test_a_banned_pinner_is_held(line_of, alice):
    alice.is_active = False
    alice.save()
    assert line_of(alice).commission.hold_reasons == ["banned"]


def test_an_order_that_names_nobody_waits_in_suspense(programme):
    line = make_line(programme)
    commission = sync_commission(line=line)
    assert commission.state == "unattributed"
    commission = tell_line(line, status="received")
    assert commission.state == "unattributed"
    assert balances()["liab:suspense:unattributed"] == -1000
    commission = tell_line(line, refunded_minor=10_000)
    assert commission.state == "clawed_back"
    assert balances() == {}


@pytest.mark.parametrize(
    ("policy", "state", "holds"),
    [
        ("allow", "estimated", []),
        ("review", "estimated", ["self_purchase"]),
        ("void", "void", []),
    ],
)
def test_ones_own_purchase_follows_the_programme(alice, policy, state, holds):
    programme = make_programme(self_purchase=policy, rate_bp=1000)
    link = make_link(programme=programme, beneficiary=alice)
    click = make_click(link, user=alice, rate_bp=1000)
    commission = sync_commission(line=make_line(programme, click=click))
    assert (commission.state, commission.hold_reasons) == (state, holds)
    assert commission.line.attributions.get().is_self_purchase


def test_two_accounts_in_one_browser_are_one_buyer(alice):
    programme = make_programme(self_purchase="review")
    link = make_link(programme=programme, beneficiary=alice)
    make_click(link, user=alice, visitor_key="f" * 32)
    click = make_click(link, user=None, visitor_key="f" * 32)
    commission = sync_commission(line=make_line(programme, click=click))
    assert commission.hold_reasons == ["self_purchase"]


def test_a_made_up_click_earns_nobody_anything(programme, alice):
    click = make_click(make_link(programme=programme, beneficiary=alice))
    line = make_line(programme, click_ref=f"{click.pk}.{'0' * 12}")
    commission = sync_commission(line=line)
    assert commission.state == "unattributed"
    assert line.attributions.get().reason == "bad_ref"


# The review ---------------------------------------------------------------------------


def test_a_reviewer_approves_and_the_pinner_is_told(received, rosa, alice):
    commission = approve(commission=received, by=rosa)
    assert commission.state == "payable"
    assert balances()[f"liab:payable:{alice.pk}"] == -600
    assert f"liab:pending:{alice.pk}" not in balances()
    told = Notification.objects.get(recipient=alice)
    order = received.line.order_id
    assert told.sentence == f"Your share of ¥6.00 for “{order}” is approved."
    assert str(commission.public_id) in told.url


def test_a_second_approval_is_refused(received, rosa, ruth):
    approve(commission=received, by=rosa)
    with pytest.raises(TransitionRefused):
        approve(commission=received, by=ruth)
    assert Journal.objects.filter(kind="MATURE").count() == 1


def test_only_reviewers_approve(received, charlie):
    with pytest.raises(ApprovalRefused):
        approve(commission=received, by=charlie)


def test_nobody_approves_what_they_have_a_share_in(received, alice):
    alice.is_staff = True
    alice.save()
    alice.groups.add(Group.objects.get(name="Reviewers"))
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        approve(commission=received, by=alice)


def test_nothing_is_approved_before_it_is_received(line_of, alice, rosa):
    with pytest.raises(TransitionRefused):
        approve(commission=line_of(alice).commission, by=rosa)


def test_nothing_is_approved_while_returns_are_possible(
    programme, line_of, alice, rosa
):
    Programme.objects.update(hold_days=15)
    commission = tell_line(line_of(alice), status="received")
    with pytest.raises(ApprovalRefused, match="Returns are possible"):
        approve(commission=commission, by=rosa)


def test_nothing_is_approved_on_hold_until_released(received, rosa):
    hold(commission=received, reason="fraud", by=None)
    with pytest.raises(ApprovalRefused, match="on hold"):
        approve(commission=received, by=rosa)
    release(commission=received, reason="fraud", by=rosa, note="a false alarm")
    assert approve(commission=received, by=rosa).state == "payable"


def test_an_open_discrepancy_holds_until_it_is_resolved(received, rosa):
    found = received.line.discrepancies.create(kind="regression")
    commission = sync_commission(line=received.line)
    assert commission.hold_reasons == ["discrepancy"]
    with pytest.raises(ApprovalRefused, match="discrepancy"):
        release(commission=commission, reason="discrepancy", by=rosa)
    with pytest.raises(ApprovalRefused):
        resolve_discrepancy(discrepancy=found, resolution=" ", by=rosa)
    resolve_discrepancy(discrepancy=found, resolution="A late report.", by=rosa)
    assert approve(commission=commission, by=rosa).state == "payable"
    with pytest.raises(TransitionRefused):
        resolve_discrepancy(discrepancy=found, resolution="again", by=rosa)


def test_a_refunded_order_takes_its_commission_back_even_after_approval(
    received, rosa, alice
):
    approve(commission=received, by=rosa)
    commission = tell_line(received.line, refunded_minor=5000)
    assert commission.state == "payable"
    assert balances()[f"liab:payable:{alice.pk}"] == -300
    commission = tell_line(received.line, refunded_minor=10_000)
    assert commission.state == "clawed_back"
    assert balances() == {}
    commission = tell_line(received.line, refunded_minor=0)
    assert commission.state == "payable"
    assert balances()[f"liab:payable:{alice.pk}"] == -600


def test_a_rejection_needs_a_reason_that_the_pinner_reads(line_of, alice, rosa):
    commission = line_of(alice).commission
    with pytest.raises(ApprovalRefused, match="reason"):
        reject(commission=commission, by=rosa, reason="  ")
    commission = reject(commission=commission, by=rosa, reason="Bought for a shop.")
    assert (commission.state, commission.return_reason) == (
        "void",
        "Bought for a shop.",
    )
    told = Notification.objects.get(recipient=alice)
    assert told.sentence.endswith("was returned: “Bought for a shop.”")
    assert str(commission.public_id) in told.url


def test_a_return_is_told_with_the_item_and_the_reason(line_of, alice):
    line = line_of(alice)
    line.product = make_product(title="Cream slip dress")
    line.save()
    tell_line(line, status="invalid")
    assert Notification.objects.get(recipient=alice).sentence == (
        "The commission for “Cream slip dress” was returned: "
        "the shop says that the order is not valid."
    )


def test_a_rejection_of_booked_money_is_adjusted_to_zero(received, rosa):
    approve(commission=received, by=rosa)
    commission = reject(commission=received, by=rosa, reason="Fraud.")
    assert commission.state == "clawed_back"
    assert balances() == {}


def test_no_report_of_a_network_brings_back_what_was_rejected(received, rosa):
    reject(commission=received, by=rosa, reason="Fraud.")
    commission = tell_line(received.line, status="settled", refunded_minor=100)
    assert (commission.state, commission.return_reason) == ("clawed_back", "Fraud.")


def test_a_reviewer_restores_with_a_reason(received, rosa, ruth):
    before = balances()
    reject(commission=received, by=rosa, reason="Fraud.")
    with pytest.raises(ApprovalRefused):
        restore(commission=received, by=ruth, reason="")
    commission = restore(commission=received, by=ruth, reason="No fraud after all.")
    assert commission.state == "maturing"
    assert balances() == before
    assert commission.events.last().note == "No fraud after all."


def test_what_the_network_took_back_is_not_restored(received, rosa):
    commission = tell_line(received.line, status="invalid")
    with pytest.raises(ApprovalRefused, match="network"):
        restore(commission=commission, by=rosa, reason="Please.")
    commission.refresh_from_db()
    assert commission.state == "clawed_back"


def test_an_own_purchase_that_was_void_can_be_restored(alice, rosa):
    programme = make_programme(self_purchase="void")
    link = make_link(programme=programme, beneficiary=alice)
    line = make_line(programme, click=make_click(link, user=alice))
    commission = sync_commission(line=line)
    commission = restore(commission=commission, by=rosa, reason="A gift.")
    assert (commission.state, commission.net_minor) == ("estimated", 800)
    assert sync_commission(line=line).state == "estimated"
    assert line.attributions.count() == 2


def test_every_move_is_either_in_the_table_or_refused(line_of, alice):
    commission = line_of(alice).commission
    for old, new in itertools.product(CommissionState, CommissionState):
        Commission.objects.filter(pk=commission.pk).update(state=old)
        if new in Commission.NEXT[old]:
            commission.move_to(new, by=None)
            assert commission.events.last().state == new
        else:
            with pytest.raises(TransitionRefused):
                commission.move_to(new, by=None)
    Commission.objects.filter(pk=commission.pk).update(state="estimated")


def test_an_order_from_before_all_rules_is_shared_by_the_first(programme, alice):
    link = make_link(programme=programme, beneficiary=alice)
    click = make_click(link)
    line = make_line(
        programme, click=click, created_at=timezone.now() - timedelta(days=20_000)
    )
    assert sync_commission(line=line).split_rule.version == 1


def test_a_claimed_shop_does_not_matter_to_others_programmes(rita, alice):
    programme = make_programme(shop=make_shop(), rate_bp=1000)
    link = make_link(programme=programme, beneficiary=rita)
    line = make_line(programme, click=make_click(link, rate_bp=1000))
    assert shares_of(sync_commission(line=line))["pinner"] == 600
