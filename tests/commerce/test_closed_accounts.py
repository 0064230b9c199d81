"""What closing an account does to money: nothing is lost, nobody is named."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.claims import CLAIMABLE, give_up_leftovers, sweep
from commerce.actions.commissions import approve, sync_commission
from commerce.actions.order_claims import claim_order
from commerce.actions.payouts import (
    approve_batch,
    mark_failed,
    mark_paid,
    prepare_batch,
)
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    Journal,
    OrderClaim,
    OrderLine,
    Payout,
    PayoutAccount,
)
from pinboard.models import Pin
from tests.factories import (
    PASSWORD,
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    tell_line,
)
from users.actions import close_account
from users.models import User

CLOSE = "/settings/close/"


@pytest.fixture(autouse=True)
def _the_ledger_proves_itself_afterwards(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def link(alice, bob, programme):
    """Of alice's pin, which bob pinned first."""
    pin = make_pin(make_board(alice), product=make_product(), origin_pinner=bob)
    return make_link(programme=programme, pin=pin)


def order(link, status="received", **fields):
    moment = timezone.now() - timedelta(hours=1)
    click = make_click(link, occurred_at=moment, rate_bp=1000)
    line = make_line(link.programme, click=click, product=link.product, **fields)
    return tell_line(line, status=status)


def approved(link, by, **fields):
    return approve(commission=order(link, **fields), by=by)


def in_payout(link, rosa, ruth):
    """12.00 for alice, the least that is paid being 10.00."""
    commission = approved(link, rosa, paid_minor=20_000)
    approve_batch(batch=prepare_batch(currency="CNY", by=rosa), by=ruth)
    return commission


def balance(kind, key):
    rows = Account.objects.filter(kind=kind, key=str(key))
    return sum(row.balance_minor for row in rows)


def can_be_paid(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    PayoutAccount.objects.create(
        user=user, method="alipay", holder="Alice Liddell", number="alice@pay.example"
    )


def parties(commission):
    return {share.role: share.party_id for share in commission.shares.all()}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_leaves_does_not_wait_for_a_click_that_is_being_written(link, alice):
    """Whoever writes of alice may be waiting for what her closing holds."""
    order(link)

    def leave():
        try:
            close_account(user=alice)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        make_click(link)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as its commit asks
        pool.submit(leave).result(10)
    assert not User.objects.filter(username="alice").exists()


@pytest.mark.parametrize("status", ["paid", "received"])
def test_what_is_on_its_way_waits_in_suspense(link, alice, bob, status):
    commission = order(link, status)
    close_account(user=alice)
    assert parties(commission) == {
        "pinner": None,
        "originator": bob.pk,
        "platform": None,
    }
    assert balance("liab:pending", alice.pk) == 0
    # What is only expected is in no journal.
    assert balance("liab:suspense", "unattributed") == (
        -600 if status == "received" else 0
    )
    tell_line(commission.line, status="received")
    assert balance("liab:suspense", "unattributed") == -600


def test_what_is_approved_waits_there_too(link, alice, bob, rosa):
    approved(link, rosa)
    close_account(user=alice)
    assert balance("liab:payable", alice.pk) == 0
    assert balance("liab:payable", bob.pk) == -100
    assert balance("liab:suspense", "unattributed") == -600


def test_a_refund_after_closing_takes_from_suspense(link, alice, rosa):
    commission = approved(link, rosa)
    close_account(user=alice)
    tell_line(commission.line, refunded_minor=5_000)
    assert balance("liab:suspense", "unattributed") == -300
    tell_line(commission.line, refunded_minor=10_000)
    assert balance("liab:suspense", "unattributed") == 0


def test_an_order_that_comes_after_closing_goes_there_by_itself(link, alice):
    moment = timezone.now() - timedelta(hours=1)
    click = make_click(link, occurred_at=moment, rate_bp=1000)
    close_account(user=alice)
    line = make_line(link.programme, click=click, product=link.product)
    commission = tell_line(line, status="received")
    assert parties(commission)["pinner"] is None
    assert balance("liab:suspense", "unattributed") == -600


def test_a_click_after_closing_earns_for_the_site(link, alice):
    """Somebody kept the address of the link of a pin that is gone."""
    close_account(user=alice)
    Pin.objects.filter(pinner=alice).delete()
    moment = timezone.now() + timedelta(seconds=1)
    click = make_click(link, occurred_at=moment, rate_bp=1000)
    line = make_line(
        link.programme, click=click, created_at=timezone.now() + timedelta(minutes=1)
    )
    commission = sync_commission(line=line)
    amounts = {share.role: share.amount_minor for share in commission.shares.all()}
    assert amounts == {"originator": 100, "platform": 900}


def test_what_is_in_a_payout_is_paid_all_the_same(link, alice, rosa, ruth):
    can_be_paid(alice)
    in_payout(link, rosa, ruth)
    close_account(user=alice)
    payout = Payout.objects.get(user=alice)
    assert payout.number == "alice@pay.example"  # the bank still needs it
    mark_paid(payout=payout, by=rosa, external_ref="B-1")
    assert balance("liab:suspense", "unattributed") == 0
    assert give_up_leftovers() == 1
    payout.refresh_from_db()
    assert (payout.state, payout.holder, payout.number) == ("paid", "", "")
    assert CommissionShare.objects.get(party=alice).amount_minor == 1200
    assert give_up_leftovers() == 0


def test_what_the_bank_sends_back_is_given_up_the_night_after(link, alice, rosa, ruth):
    can_be_paid(alice)
    in_payout(link, rosa, ruth)
    close_account(user=alice)
    payout = Payout.objects.get(user=alice)
    mark_failed(payout=payout, by=rosa, note="The account is closed.")
    assert balance("liab:payable", alice.pk) == -1200
    assert give_up_leftovers() == 1
    assert balance("liab:payable", alice.pk) == 0
    assert balance("liab:suspense", "unattributed") == -1200
    payout.refresh_from_db()
    assert (payout.holder, payout.number) == ("", "")
    assert give_up_leftovers() == 0


def test_a_debt_stays_in_the_books(link, alice, rosa, ruth):
    can_be_paid(alice)
    commission = in_payout(link, rosa, ruth)
    mark_paid(payout=Payout.objects.get(user=alice), by=rosa, external_ref="B-1")
    tell_line(commission.line, refunded_minor=20_000)
    close_account(user=alice)
    assert balance("liab:payable", alice.pk) == 1200


def test_no_row_of_money_names_the_person(link, alice, rosa):
    can_be_paid(alice)
    approved(link, rosa)
    told = {"visitor_key": "k" * 32, "ip_prefix": "192.0.2.0/24", "ip_hash": "h"}
    click = make_click(link, user=alice, ua_family="Firefox", **told)
    before = Journal.objects.count()
    close_account(user=alice)
    assert Journal.objects.count() == before + 1
    assert not PayoutAccount.objects.exists()
    click.refresh_from_db()
    said = (click.user, click.visitor_key, click.ip_prefix, click.ip_hash)
    assert (*said, click.ua_family) == (None, "", "", "", "")
    assert click.beneficiary == alice  # a row that tells of nobody


def test_clicks_of_others_on_their_pins_stay_as_they_are(link, alice, charlie):
    click = make_click(link, user=charlie, visitor_key="k" * 32)
    close_account(user=alice)
    click.refresh_from_db()
    assert (click.user, click.visitor_key) == (charlie, "k" * 32)


def test_claims_are_withdrawn_and_their_words_forgotten(alice, programme):
    claim_order(user=alice, programme=programme, order_no="O-1", note="My aunt's coat")
    close_account(user=alice)
    row = OrderClaim.objects.get()
    assert (row.state, row.note) == ("withdrawn", "")


def test_a_banned_person_who_asks_to_be_closed_keeps_no_hold_on_money(link, alice):
    """Banned: held. Closed: it is nobody's, and no hold is left to release."""
    alice.is_active = False
    alice.save()
    assert order(link).hold_reasons == ["banned"]
    close_account(user=alice)
    line = order(link).line
    assert Commission.objects.get(line=line).hold_reasons == []


def test_giving_up_twenty_orders_asks_as_often_as_one(
    alice, bob, programme, django_assert_max_num_queries
):
    def fill(person, orders):
        pin = make_pin(make_board(person), product=make_product())
        link = make_link(programme=programme, pin=pin)
        for _ in range(orders):
            order(link)

    fill(alice, 1)
    fill(bob, 20)
    with CaptureQueriesContext(connection) as asked:
        close_account(user=alice)
    with django_assert_max_num_queries(len(asked)):
        close_account(user=bob)
    assert balance("liab:suspense", "unattributed") == -700 * 21


# The site may keep it some day --------------------------------------------------------


def test_the_site_keeps_what_was_given_up_sixty_days_ago(link, alice, bob, rosa):
    commission = approved(link, rosa)
    with pytest.raises(TransitionRefused):
        sweep(commission=commission, by=rosa)  # all of it is somebody's
    close_account(user=alice)
    with pytest.raises(ApprovalRefused, match="claimed"):
        sweep(commission=commission, by=rosa)
    User.objects.filter(pk=alice.pk).update(closed_at=timezone.now() - CLAIMABLE)
    OrderLine.objects.update(created_at=timezone.now() - CLAIMABLE)
    sweep(commission=commission, by=rosa)
    assert balance("liab:suspense", "unattributed") == 0
    assert balance("rev:platform", "site") == -900
    assert balance("liab:payable", bob.pk) == -100
    assert Journal.objects.get(kind="SWEEP").by == rosa
    with pytest.raises(TransitionRefused):
        sweep(commission=commission, by=rosa)
    # A refund takes from the new parts.
    tell_line(commission.line, refunded_minor=5_000)
    assert balance("rev:platform", "site") == -450
    assert balance("liab:payable", bob.pk) == -50


def test_a_reviewer_keeps_it_by_a_button(client, link, alice, rosa, settings):
    settings.STAFF_SECOND_FACTOR = False
    commission = approved(link, rosa)
    client.force_login(rosa)
    story = f"/admin/commerce/commission/{commission.pk}/change/"
    assert "Keep for the site" not in client.get(story).content.decode()
    close_account(user=alice)
    assert "Keep for the site" in client.get(story).content.decode()


def test_reviewers_find_what_may_be_kept_some_day(
    client, link, alice, bob, rosa, programme, settings
):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    old = tell_line(make_line(programme), status="received")
    OrderLine.objects.filter(pk=old.line_id).update(
        created_at=timezone.now() - CLAIMABLE
    )
    tell_line(make_line(programme), status="received")
    given_up = approved(link, rosa)
    close_account(user=alice)
    fresh = make_link(
        programme=programme, pin=make_pin(make_board(bob), product=make_product())
    )
    order(fresh)
    for queue, row in [("unclaimed", old), ("given_up", given_up)]:
        page = client.get("/admin/commerce/commission/", {"queue": queue})
        assert [found.pk for found in page.context["cl"].result_list] == [row.pk]


def test_what_was_given_up_is_found_by_an_index(db):
    rows = CommissionShare.objects.in_suspense().values("commission")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "share_in_suspense" in rows.explain()


# What the page says of it -------------------------------------------------------------


def test_the_page_names_the_sums_before_it_asks(client, link, alice, rosa, ruth):
    can_be_paid(alice)
    in_payout(link, rosa, ruth)
    order(link)
    client.force_login(alice)
    html = client.get(CLOSE).content.decode()
    assert "Your earnings" in html
    assert "¥6.00" in html.split("in no payout yet")[0]
    assert "¥12.00" in html.split("under way")[1]
    assert 'href="/earnings/"' in html


def test_what_the_page_says_is_what_happens(client, link, alice, rosa):
    approved(link, rosa)
    order(link)
    client.force_login(alice)
    assert "¥12.00" in client.get(CLOSE).content.decode()
    answer = client.post(CLOSE, {"password": PASSWORD, "is_sure": "on"})
    assert answer.status_code == 302
    assert balance("liab:suspense", "unattributed") == -1200
