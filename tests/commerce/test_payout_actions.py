"""From what is owed to what is paid: four eyes, debts, the bank's answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction

from commerce.actions.claims import attribute_by_hand, give_up_shares, sweep
from commerce.actions.commissions import approve, reject, sync_commission
from commerce.actions.holds import hold
from commerce.actions.payouts import (
    approve_batch,
    cancel_batch,
    export_batch,
    mark_failed,
    mark_paid,
    prepare_batch,
)
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Account,
    Commission,
    Journal,
    OrderLine,
    PayoutAccount,
    PayoutBatch,
    PayoutLine,
)
from tests.commerce.waiting import wait_until_somebody_waits
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db


def balance(kind, key):
    row = Account.objects.filter(kind=kind, key=str(key)).first()
    return row.balance_minor if row else 0


def check():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []


def can_be_paid(user, number="1234 5678", **fields):
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    defaults = {"method": "alipay", "holder": user.username, "number": number}
    PayoutAccount.objects.create(user=user, **(defaults | fields))


@pytest.fixture(autouse=True)
def _the_ledger_is_right_afterwards(db):
    yield
    check()


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def payee(alice):
    can_be_paid(alice)
    return alice


@pytest.fixture
def approved(programme, rosa):
    """An approved commission: 60 % of a tenth of the price is the pinner's."""

    def approved(beneficiary, paid_minor=100_000, originator=None):
        link = make_link(
            programme=programme,
            beneficiary=beneficiary,
            originator=originator,
            beneficiary_is_originator=False,
        )
        line = make_line(
            programme, click=make_click(link, rate_bp=1000), paid_minor=paid_minor
        )
        return approve(commission=tell_line(line, status="received"), by=rosa)

    return approved


def test_a_payout_goes_all_the_way_under_four_eyes(approved, payee, rosa, ruth):
    commission = approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    payout = batch.payouts.get()
    assert (payout.user, payout.amount_minor, payout.state) == (payee, 6000, "prepared")
    commission.refresh_from_db()
    assert commission.state == "in_payout"
    check()

    approve_batch(batch=batch, by=ruth)
    assert balance("liab:payable", payee.pk) == 0
    assert balance("liab:payout_clearing", batch.pk) == -6000
    check()

    assert "alice" in export_batch(batch=batch, by=rosa)
    payout.refresh_from_db()
    mark_paid(payout=payout, by=rosa, external_ref="B-77")
    assert balance("liab:payout_clearing", batch.pk) == 0
    assert balance("asset:cash", "bank") == -6000
    commission.refresh_from_db()
    batch.refresh_from_db()
    assert (commission.state, batch.state) == ("paid", "closed")


def test_who_prepared_a_batch_does_not_approve_it(approved, payee, rosa):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        approve_batch(batch=batch, by=rosa)
    with (
        pytest.raises(IntegrityError, match="approved_by_another"),
        transaction.atomic(),
    ):
        PayoutBatch.objects.update(approved_by=rosa)


def test_strangers_neither_prepare_nor_approve(approved, payee, rosa, charlie):
    approved(payee)
    with pytest.raises(ApprovalRefused):
        prepare_batch(currency="CNY", by=charlie)
    batch = prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(ApprovalRefused):
        approve_batch(batch=batch, by=charlie)


def test_nobody_approves_a_batch_that_pays_them(approved, payee, rosa, ruth):
    can_be_paid(ruth)
    approved(ruth)
    batch = prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(ApprovalRefused, match="You are paid"):
        approve_batch(batch=batch, by=ruth)


def test_a_second_approval_of_a_batch_is_refused(approved, payee, rosa, ruth):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    with pytest.raises(TransitionRefused):
        approve_batch(batch=batch, by=ruth)
    assert Journal.objects.filter(kind="PAYOUT_SUBMIT").count() == 1


def test_the_minimum_an_address_and_a_place_to_pay_are_needed(
    approved, alice, bob, charlie, rosa, settings
):
    settings.PAYOUT_MINIMUM_MINOR = 1000
    can_be_paid(alice)
    approved(alice, paid_minor=16_650)  # 999
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True)
    approved(bob)
    PayoutAccount.objects.create(user=charlie, method="bank", holder="C", number="1")
    approved(charlie)
    with pytest.raises(ApprovalRefused, match="Nobody"):
        prepare_batch(currency="CNY", by=rosa)
    assert not PayoutBatch.objects.exists()
    approved(alice, paid_minor=20)
    assert prepare_batch(currency="CNY", by=rosa).payouts.get().amount_minor == 1000


def test_what_is_on_hold_is_not_paid_and_not_netted_either(approved, payee, rosa):
    held = approved(payee, paid_minor=50_000)
    hold(commission=held, reason="fraud", by=rosa)
    approved(payee)
    assert prepare_batch(currency="CNY", by=rosa).payouts.get().amount_minor == 6000


def test_a_hold_after_the_freeze_stops_the_approval(approved, payee, rosa, ruth):
    commission = approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    hold(commission=commission, reason="dispute", by=rosa)
    with pytest.raises(ApprovalRefused, match="on hold"):
        approve_batch(batch=batch, by=ruth)


def test_no_share_is_in_two_batches(approved, payee, rosa):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(ApprovalRefused, match="Nobody"):
        prepare_batch(currency="CNY", by=rosa)
    share = PayoutLine.objects.get().share
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutLine.objects.create(
            payout=batch.payouts.get(), share=share, amount_minor=1
        )


def test_a_list_that_was_changed_after_the_freeze_is_not_approved(
    approved, payee, rosa, ruth
):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    PayoutLine.objects.update(amount_minor=6001)
    with pytest.raises(ApprovalRefused, match="no longer"):
        approve_batch(batch=batch, by=ruth)
    PayoutLine.objects.update(amount_minor=6000)


def paid(batch, ruth):
    approve_batch(batch=batch, by=ruth)
    for payout in batch.payouts.all():
        mark_paid(payout=payout, by=ruth, external_ref=f"ref-{payout.pk}")


def test_a_refund_after_the_payout_is_a_debt_that_the_next_one_nets(
    approved, payee, rosa, ruth
):
    first = approved(payee)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    first = tell_line(first.line, refunded_minor=50_000)
    assert first.state == "paid"
    assert balance("liab:payable", payee.pk) == 3000  # a debt: debit is positive
    with pytest.raises(ApprovalRefused, match="Nobody"):
        prepare_batch(currency="CNY", by=rosa)
    approved(payee)
    payout = prepare_batch(currency="CNY", by=rosa).payouts.get()
    assert payout.amount_minor == 3000
    assert sorted(payout.lines.values_list("amount_minor", flat=True)) == [-3000, 6000]


def test_a_full_refund_after_the_payout_takes_back_and_a_failed_one_gives_again(
    approved, payee, rosa, ruth
):
    first = approved(payee)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    assert tell_line(first.line, refunded_minor=100_000).state == "clawed_back"
    assert balance("liab:payable", payee.pk) == 6000
    assert tell_line(first.line, refunded_minor=0).state == "paid"
    assert balance("liab:payable", payee.pk) == 0


def test_a_refund_between_freeze_and_approval_is_a_debt_afterwards(
    approved, payee, rosa, ruth
):
    first = approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    assert tell_line(first.line, refunded_minor=50_000).state == "in_payout"
    approve_batch(batch=batch, by=ruth)
    assert balance("liab:payable", payee.pk) == 3000
    approved(payee)
    payouts = prepare_batch(currency="CNY", by=rosa).payouts
    assert payouts.get().amount_minor == 3000


def test_what_comes_back_from_the_bank_is_owed_again(approved, payee, rosa, ruth):
    commission = approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    mark_failed(payout=batch.payouts.get(), by=ruth, note="Account closed.")
    commission.refresh_from_db()
    batch.refresh_from_db()
    assert (commission.state, batch.state) == ("payable", "closed")
    assert balance("liab:payable", payee.pk) == -6000
    assert prepare_batch(currency="CNY", by=rosa).payouts.get().amount_minor == 6000


def test_a_batch_is_cancelled_until_the_bank_has_it(approved, payee, rosa, ruth):
    commission = approved(payee)
    cancel_batch(batch=prepare_batch(currency="CNY", by=rosa), by=rosa)
    commission.refresh_from_db()
    assert commission.state == "payable"
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    cancel_batch(batch=batch, by=rosa)
    assert balance("liab:payable", payee.pk) == -6000
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    export_batch(batch=batch, by=rosa)
    with pytest.raises(TransitionRefused):
        cancel_batch(batch=batch, by=rosa)


def test_a_payout_is_answered_once_and_by_a_reference_of_its_own(
    approved, payee, bob, rosa, ruth
):
    can_be_paid(bob)
    approved(payee)
    approved(bob)
    batch = prepare_batch(currency="CNY", by=rosa)
    first, second = batch.payouts.order_by("pk")
    with pytest.raises(TransitionRefused):
        mark_paid(payout=first, by=rosa, external_ref="too early")
    approve_batch(batch=batch, by=ruth)
    mark_paid(payout=first, by=rosa, external_ref="B-1")
    with pytest.raises(TransitionRefused):
        mark_failed(payout=first, by=rosa, note="")
    with pytest.raises(ApprovalRefused, match="reference"):
        mark_paid(payout=second, by=rosa, external_ref="B-1")
    with pytest.raises(ApprovalRefused, match="reference"):
        mark_paid(payout=second, by=rosa, external_ref=" ")
    batch.refresh_from_db()
    assert batch.state == "approved"
    mark_paid(payout=second, by=rosa, external_ref="B-2")
    batch.refresh_from_db()
    assert batch.state == "closed"


def test_a_commission_is_paid_when_all_its_payees_are(approved, payee, bob, rosa, ruth):
    commission = approved(payee, originator=bob)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    commission.refresh_from_db()
    assert commission.state == "in_payout"
    can_be_paid(bob)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    commission.refresh_from_db()
    assert commission.state == "paid"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]
)
def test_a_formula_in_the_banks_file_is_text(approved, alice, rosa, ruth, start):
    can_be_paid(alice, holder=f"{start}HYPERLINK(1)")
    approved(alice)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    assert f'"\'{start}HYPERLINK(1)"' in export_batch(batch=batch, by=rosa)


def test_a_draft_is_not_exported(approved, payee, rosa):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(TransitionRefused):
        export_batch(batch=batch, by=rosa)


def test_a_batch_of_which_the_bank_paid_a_part_is_not_cancelled(
    approved, payee, bob, rosa, ruth
):
    can_be_paid(bob)
    approved(payee)
    approved(bob)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    mark_paid(payout=batch.payouts.get(user=payee), by=ruth, external_ref="B-1")
    with pytest.raises(ApprovalRefused, match="paid"):
        cancel_batch(batch=batch, by=rosa)
    assert balance("liab:payable", payee.pk) == 0
    assert batch.payouts.get(user=payee).state == "paid"


def test_a_batch_of_which_a_part_came_back_is_still_cancelled(
    approved, payee, bob, rosa, ruth
):
    can_be_paid(bob)
    approved(payee)
    approved(bob)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    mark_failed(payout=batch.payouts.get(user=payee), by=ruth, note="Wrong name.")
    cancel_batch(batch=batch, by=rosa)
    assert balance("liab:payable", payee.pk) == -6000
    assert balance("liab:payable", bob.pk) == -6000


def test_nobody_says_what_the_bank_did_with_their_own_payout(
    approved, rosa, ruth, alice
):
    rene = make_user("rene", reviewer=True)
    can_be_paid(rene)
    approved(rene)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    payout = batch.payouts.get()
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        mark_failed(payout=payout, by=rene, note="It never came.")
    with pytest.raises(ApprovalRefused, match="Another reviewer"):
        mark_paid(payout=payout, by=rene, external_ref="B-1")
    payout.refresh_from_db()
    assert payout.state == "submitted"


def test_money_goes_where_it_was_to_go_when_the_batch_was_prepared(
    approved, payee, rosa, ruth
):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    PayoutAccount.objects.update(method="bank", holder="Mallory", number="9999 0000")
    approve_batch(batch=batch, by=ruth)
    sent = export_batch(batch=batch, by=rosa)
    assert '"alipay","alice","1234 5678"' in sent
    assert "Mallory" not in sent


def test_a_place_to_pay_that_was_changed_in_the_list_is_not_approved(
    approved, payee, rosa, ruth
):
    approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    batch.payouts.update(number="9999 0000")
    with pytest.raises(ApprovalRefused, match="no longer"):
        approve_batch(batch=batch, by=ruth)


def test_what_the_bank_has_answered_is_not_sent_to_it_again(
    approved, payee, bob, charlie, rosa, ruth
):
    for person in (bob, charlie):
        can_be_paid(person)
    for person in (payee, bob, charlie):
        approved(person)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    assert export_batch(batch=batch, by=rosa).count("\r\n") == 1 + 3
    mark_paid(payout=batch.payouts.get(user=payee), by=ruth, external_ref="B-1")
    mark_failed(payout=batch.payouts.get(user=bob), by=ruth, note="Closed.")
    again = export_batch(batch=batch, by=rosa)
    assert "charlie" in again
    assert "alice" not in again
    assert "bob" not in again


@pytest.mark.parametrize("what", ["rejected", "banned"])
def test_what_was_rejected_or_banned_after_the_freeze_is_not_approved(
    approved, payee, rosa, ruth, what
):
    commission = approved(payee)
    batch = prepare_batch(currency="CNY", by=rosa)
    if what == "rejected":
        reject(commission=commission, by=ruth, reason="Bought for a shop.")
    else:
        payee.is_active = False
        payee.save()
    with pytest.raises(ApprovalRefused, match="prepare anew"):
        approve_batch(batch=batch, by=ruth)
    cancel_batch(batch=batch, by=rosa)
    with pytest.raises(ApprovalRefused, match="Nobody"):
        prepare_batch(currency="CNY", by=rosa)


def test_what_is_paid_is_not_rejected(approved, payee, rosa, ruth):
    commission = approved(payee)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    commission.refresh_from_db()
    with pytest.raises(ApprovalRefused, match="paid"):
        reject(commission=commission, by=rosa, reason="Late doubts.")


# Whose money nobody knew --------------------------------------------------------------


@pytest.fixture
def nobodys(programme):
    line = make_line(programme, paid_minor=100_000)
    sync_commission(line=line)
    return tell_line(line, status="received")


def test_what_is_claimed_moves_from_suspense_to_its_owner(nobodys, alice, rosa):
    assert balance("liab:suspense", "unattributed") == -10_000
    commission = attribute_by_hand(
        commission=nobodys, beneficiary=alice, by=rosa, reason="Showed the receipt."
    )
    assert commission.state == "maturing"
    assert balance("liab:suspense", "unattributed") == 0
    assert balance("liab:pending", alice.pk) == -6000
    assert sync_commission(line=commission.line).state == "maturing"


def test_a_wrong_owner_gives_all_to_the_right_one(approved, alice, bob, rosa):
    commission = attribute_by_hand(
        commission=approved(alice), beneficiary=bob, by=rosa, reason="Alice's mistake."
    )
    assert commission.state == "payable"
    assert balance("liab:payable", alice.pk) == 0
    assert balance("liab:payable", bob.pk) == -6000


def test_what_is_in_a_payout_keeps_its_owner(approved, payee, bob, rosa):
    commission = approved(payee)
    prepare_batch(currency="CNY", by=rosa)
    with pytest.raises(ApprovalRefused, match="payout"):
        attribute_by_hand(
            commission=commission, beneficiary=bob, by=rosa, reason="Late."
        )


def test_nobody_claims_for_themselves_or_without_a_reason(nobodys, alice, rosa):
    for beneficiary, reason in [(rosa, "mine"), (alice, " ")]:
        with pytest.raises(ApprovalRefused):
            attribute_by_hand(
                commission=nobodys, beneficiary=beneficiary, by=rosa, reason=reason
            )


def test_the_site_keeps_only_what_nobody_claimed_for_sixty_days(nobodys, rosa):
    with pytest.raises(ApprovalRefused, match="claimed"):
        sweep(commission=nobodys, by=rosa)
    OrderLine.objects.update(created_at="2026-01-01T00:00Z")
    commission = sweep(commission=nobodys, by=rosa)
    assert commission.state == "maturing"
    assert balance("rev:platform", "site") == -10_000
    assert Journal.objects.filter(kind="SWEEP").count() == 1
    with pytest.raises(TransitionRefused):
        sweep(commission=nobodys, by=rosa)


def test_an_erased_account_leaves_what_is_unpaid_in_suspense(
    approved, payee, rosa, ruth
):
    approved(payee)
    paid(prepare_batch(currency="CNY", by=rosa), ruth)
    unpaid = approved(payee)
    assert give_up_shares(user=payee) == 1
    assert balance("liab:payable", payee.pk) == 0
    assert balance("liab:suspense", "unattributed") == -6000
    assert unpaid.shares.get(role="pinner").party is None
    assert not PayoutAccount.objects.exists()


# At once ------------------------------------------------------------------------------


def outcomes_of(function, *people):
    barrier = threading.Barrier(len(people))

    def run(person):
        try:
            barrier.wait(10)
            return function(person)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        runs = [pool.submit(run, person) for person in people]
    return [type(run.exception()).__name__ for run in runs]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_who_act_at_once_one_wins():
    alice = make_user("alice")
    rosa, ruth, rene = (make_user(n, reviewer=True) for n in ("rosa", "ruth", "rene"))
    can_be_paid(alice)
    link = make_link(programme=make_programme(rate_bp=1000), beneficiary=alice)
    line = make_line(
        link.programme, click=make_click(link, rate_bp=1000), paid_minor=100_000
    )
    commission = tell_line(line, status="received")

    won = sorted(
        outcomes_of(lambda by: approve(commission=commission, by=by), rosa, ruth)
    )
    assert won == ["NoneType", "TransitionRefused"]

    won = sorted(
        outcomes_of(lambda by: prepare_batch(currency="CNY", by=by), rosa, rosa)
    )
    assert won == ["ApprovalRefused", "NoneType"]

    batch = PayoutBatch.objects.get()
    won = sorted(outcomes_of(lambda by: approve_batch(batch=batch, by=by), ruth, rene))
    assert won == ["NoneType", "TransitionRefused"]
    assert Journal.objects.filter(kind="PAYOUT_SUBMIT").count() == 1
    assert Commission.objects.get().state == "in_payout"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_refund_that_lands_while_a_batch_is_cancelled_blocks_nobody():
    """Of a commission of two: alice was paid her part before, bob is by this batch."""
    rosa, ruth = (make_user(name, reviewer=True) for name in ("rosa", "ruth"))
    programme = make_programme(rate_bp=1000)
    alice, bob = make_user("alice"), make_user("bob")

    def sell(pinner, first=None, paid_minor=100_000):
        link = make_link(
            programme=programme,
            beneficiary=pinner,
            originator=first,
            beneficiary_is_originator=False,
        )
        click = make_click(link, rate_bp=1000)
        line = make_line(programme, click=click, paid_minor=paid_minor)
        return approve(commission=tell_line(line, status="received"), by=rosa)

    def approved_batch():
        return approve_batch(batch=prepare_batch(currency="CNY", by=rosa), by=ruth)

    shared = sell(bob, alice, paid_minor=400_000)
    can_be_paid(alice)
    export_batch(batch=(first := approved_batch()), by=rosa)
    mark_paid(payout=first.payouts.get(), by=ruth, external_ref="B1")
    can_be_paid(bob, "1")
    sell(alice)
    batch = approved_batch()
    assert [payout.user for payout in batch.payouts.order_by("pk")] == [alice, bob]

    def cancel():
        try:
            cancel_batch(batch=batch, by=rosa)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Commission.objects.select_for_update().get(pk=shared.pk)
            run = pool.submit(cancel)
            wait_until_somebody_waits()
            tell_line(shared.line, refunded_minor=100_000)  # takes from alice, too
        run.result(10)
    assert balance("liab:payout_clearing", batch.pk) == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_refunds_that_land_while_a_batch_is_made_block_nobody():
    rosa, ruth = (make_user(name, reviewer=True) for name in ("rosa", "ruth"))
    programme = make_programme(rate_bp=1000)
    lines = []
    for _ in range(6):
        pinner, first = make_user(), make_user()
        can_be_paid(pinner)
        can_be_paid(first)
        link = make_link(
            programme=programme,
            beneficiary=pinner,
            originator=first,
            beneficiary_is_originator=False,
        )
        line = make_line(
            programme, click=make_click(link, rate_bp=1000), paid_minor=100_000
        )
        approve(commission=tell_line(line, status="received"), by=rosa)
        lines.append(line)

    def act(task):
        if task is rosa:
            approve_batch(batch=prepare_batch(currency="CNY", by=rosa), by=ruth)
        else:
            tell_line(task, refunded_minor=10_000)

    assert set(outcomes_of(act, rosa, *lines)) == {"NoneType"}
