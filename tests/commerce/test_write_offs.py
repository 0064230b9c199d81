"""The end of a debt: old, signed by two, seen by the person, and in the ledger."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from commerce.actions.commissions import approve
from commerce.actions.payouts import approve_batch, mark_paid, prepare_batch
from commerce.actions.write_offs import (
    approve_write_off,
    refuse_write_off,
    request_write_off,
)
from commerce.debts import debts
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import verify
from commerce.models import Account, Journal, WriteOff
from tests.commerce.test_payout_actions import can_be_paid
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db
WRITE_OFFS = "/admin/commerce/writeoff/"


@pytest.fixture(autouse=True)
def _by_default(settings):
    settings.STAFF_SECOND_FACTOR = False
    settings.WRITE_OFF_AFTER_DAYS = 0  # a test is younger than any debt


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def earned(programme, rosa):
    def earned(person, *, paid_minor=100_000, is_approved=True):
        link = make_link(
            programme=programme, beneficiary=person, beneficiary_is_originator=False
        )
        click = make_click(link, rate_bp=1000)
        line = make_line(programme, click=click, paid_minor=paid_minor)
        commission = tell_line(line, status="received")
        return approve(commission=commission, by=rosa) if is_approved else commission

    return earned


@pytest.fixture
def paid(earned, rosa, ruth):
    """The commissions of people who have all been paid."""

    def paid(*people):
        for person in people:
            can_be_paid(person)
        commissions = [earned(person) for person in people]
        batch = prepare_batch(currency="CNY", by=rosa)
        approve_batch(batch=batch, by=ruth)
        for payout in batch.payouts.all():
            mark_paid(payout=payout, by=ruth, external_ref=f"ref-{payout.pk}")
        return commissions

    return paid


@pytest.fixture
def owes(paid):
    """¥60.00 each, of an order that came back after it was paid out."""

    def owes(*people):
        for commission in paid(*people):
            tell_line(commission.line, refunded_minor=100_000)

    return owes


def asked(user, by, **fields):
    defaults = {"currency": "CNY", "reason": "Cannot be reached."}
    return request_write_off(user=user, by=by, **(defaults | fields))


def balance(kind, key):
    row = Account.objects.filter(kind=kind, key=str(key)).first()
    return row.balance_minor if row else 0


def test_an_old_debt_ends_under_four_eyes(owes, alice, rosa, ruth):
    owes(alice)
    assert balance("liab:payable", alice.pk) == 6000
    row = asked(alice, rosa)
    assert (row.state, row.amount_minor) == ("requested", 6000)
    assert balance("liab:payable", alice.pk) == 6000  # asking moves nothing
    row = approve_write_off(write_off=row, by=ruth)
    assert (row.state, row.approved_by) == ("booked", ruth)
    assert balance("liab:payable", alice.pk) == 0
    assert balance("exp:clawback_loss", "site") == 6000
    journal = Journal.objects.get(kind="WRITE_OFF")
    assert (journal.key, journal.by) == (f"WRITE_OFF:{row.pk}:1", ruth)
    assert debts() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert verify().findings == []


def test_what_is_earned_after_a_write_off_is_paid_whole(
    owes, earned, alice, rosa, ruth
):
    owes(alice)
    approve_write_off(write_off=asked(alice, rosa), by=ruth)
    earned(alice)
    batch = prepare_batch(currency="CNY", by=rosa)
    assert batch.payouts.get().amount_minor == 6000
    assert verify().findings == []


def test_who_asked_does_not_approve(owes, alice, rosa):
    owes(alice)
    row = asked(alice, rosa)
    with pytest.raises(ApprovalRefused, match="You asked"):
        approve_write_off(write_off=row, by=rosa)
    with pytest.raises(IntegrityError, match="approved_by_another"):
        WriteOff.objects.update(approved_by=rosa)


def test_nobody_writes_off_their_own_debt(owes, rosa, ruth):
    rene = make_user("rene", reviewer=True)
    owes(rene)
    with pytest.raises(ApprovalRefused, match="your own"):
        asked(rene, rene)
    row = asked(rene, rosa)
    with pytest.raises(ApprovalRefused, match="your own"):
        approve_write_off(write_off=row, by=rene)
    with pytest.raises(IntegrityError, match="own_debt"), transaction.atomic():
        WriteOff.objects.update(approved_by=rene)
    approve_write_off(write_off=row, by=ruth)


def test_strangers_neither_ask_nor_approve(owes, alice, rosa, charlie):
    owes(alice)
    with pytest.raises(ApprovalRefused, match="Only reviewers"):
        asked(alice, charlie)
    row = asked(alice, rosa)
    for act in (approve_write_off, refuse_write_off):
        with pytest.raises(ApprovalRefused, match="Only reviewers"):
            act(write_off=row, by=charlie)


def test_a_young_debt_stays(owes, alice, rosa, settings):
    owes(alice)
    settings.WRITE_OFF_AFTER_DAYS = 90
    with pytest.raises(ApprovalRefused, match="after 90 days"):
        asked(alice, rosa)


def test_a_debt_is_as_old_as_the_return_that_made_it(owes, paid, alice, bob):
    before = timezone.now()
    owes(alice)
    commission = paid(bob)[0]
    assert [debt.user for debt in debts()] == [alice]
    tell_line(commission.line, refunded_minor=50_000)
    middle = timezone.now()
    tell_line(commission.line, refunded_minor=100_000)  # the same debt, only larger
    first, second = debts()
    assert (first.user, second.user) == (alice, bob)
    assert before < first.since < second.since < middle
    assert second.amount_minor == 6000
    tell_line(commission.line, refunded_minor=0)
    assert [debt.user for debt in debts()] == [alice]
    tell_line(commission.line, refunded_minor=50_000)  # anew, after it was none
    assert debts()[-1].since > middle


def test_what_the_next_payout_nets_is_not_written_off(owes, earned, alice, rosa, ruth):
    owes(alice)
    row = asked(alice, rosa)
    earned(alice, paid_minor=10_000, is_approved=False)
    with pytest.raises(ApprovalRefused, match=r"¥6\.00 is on its way"):
        approve_write_off(write_off=row, by=ruth)
    refuse_write_off(write_off=row, by=ruth)
    with pytest.raises(ApprovalRefused, match="on its way"):
        asked(alice, rosa)


def test_what_a_payout_that_comes_back_would_net_is_not_written_off(
    earned, alice, rosa, ruth
):
    can_be_paid(alice)
    commission = earned(alice)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    tell_line(commission.line, refunded_minor=100_000)
    with pytest.raises(ApprovalRefused, match="payout of theirs is open"):
        asked(alice, rosa)


def test_a_debt_that_shrank_is_asked_for_anew(paid, alice, rosa, ruth):
    line = paid(alice)[0].line
    tell_line(line, refunded_minor=100_000)
    row = asked(alice, rosa)
    tell_line(line, refunded_minor=50_000)
    with pytest.raises(ApprovalRefused, match="smaller"):
        approve_write_off(write_off=row, by=ruth)
    assert not Journal.objects.filter(kind="WRITE_OFF").exists()
    refuse_write_off(write_off=row, by=rosa)
    approve_write_off(write_off=asked(alice, rosa), by=ruth)
    assert balance("exp:clawback_loss", "site") == 3000


def test_it_is_asked_and_decided_once(owes, alice, rosa, ruth):
    owes(alice)
    row = asked(alice, rosa)
    with pytest.raises(ApprovalRefused, match="already"):
        asked(alice, ruth)
    approve_write_off(write_off=row, by=ruth)
    for act in (approve_write_off, refuse_write_off):
        with pytest.raises(TransitionRefused):
            act(write_off=row, by=ruth)
    assert Journal.objects.filter(kind="WRITE_OFF").count() == 1


def test_a_reason_and_a_debt_are_needed(owes, alice, bob, rosa):
    owes(alice)
    with pytest.raises(ApprovalRefused, match="reason"):
        asked(alice, rosa, reason=" ")
    for person, currency in [(bob, "CNY"), (alice, "USD")]:
        with pytest.raises(ApprovalRefused, match="Nothing is owed"):
            asked(person, rosa, currency=currency)


def test_the_verifier_finds_a_write_off_that_was_not_booked(owes, alice, rosa, ruth):
    owes(alice)
    row = asked(alice, rosa)
    WriteOff.objects.filter(pk=row.pk).update(state="booked", approved_by=ruth)
    found = {str(f) for f in verify().findings if f.check == "write-off"}
    assert len(found) == 2
    assert all(f"WRITE_OFF:{row.pk}:1" in text for text in found)


def test_the_verifier_finds_a_write_off_that_nobody_signed(owes, alice, rosa, ruth):
    owes(alice)
    row = approve_write_off(write_off=asked(alice, rosa), by=ruth)
    WriteOff.objects.filter(pk=row.pk).delete()
    assert {f.check for f in verify().findings} == {"write-off"}


def test_the_screens_lead_from_the_debt_to_its_end(client, owes, alice, rosa, ruth):
    owes(alice)
    client.force_login(rosa)
    add = f"{WRITE_OFFS}add/"
    page = client.get(add).content.decode()
    assert "alice" in page
    assert "¥60.00" in page
    fields = {"user": alice.pk, "currency": "CNY"}
    answer = client.post(add, fields | {"reason": " "}, follow=True)
    assert "Give a reason" in answer.content.decode()
    client.post(add, fields | {"reason": "Cannot be reached."})
    row = WriteOff.objects.get()
    page = client.get(f"{WRITE_OFFS}{row.pk}/change/").content.decode()
    assert "You asked for it" in page
    client.force_login(ruth)
    page = client.get(f"{WRITE_OFFS}{row.pk}/change/").content.decode()
    assert "Cannot be reached." in page
    decide = reverse("admin:commerce_writeoff_decide", args=[row.pk])
    assert client.get(decide).status_code == 405
    client.post(decide, {"decision": "approve"})
    row.refresh_from_db()
    assert row.state == "booked"
    assert "alice" in client.get(WRITE_OFFS).content.decode()
    assert "Nobody owes" in client.get(add).content.decode()


@pytest.mark.parametrize("user", ["", "x", "9" * 30, "\0"])
def test_nonsense_on_the_screen_is_no_error(client, rosa, user):
    client.force_login(rosa)
    fields = {"user": user, "currency": "CNY", "reason": "x"}
    answer = client.post(f"{WRITE_OFFS}add/", fields, follow=True)
    assert "Nothing is owed" in answer.content.decode()
    assert client.get(f"{WRITE_OFFS}{user or 0}/change/").status_code in (302, 404)


def test_strangers_and_the_signed_out_see_no_debts(client, owes, alice, charlie, rosa):
    owes(alice)
    row = asked(alice, rosa)
    decide = reverse("admin:commerce_writeoff_decide", args=[row.pk])
    for address in (WRITE_OFFS, f"{WRITE_OFFS}add/", f"{WRITE_OFFS}{row.pk}/change/"):
        assert client.get(address).status_code == 302
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    for address in (WRITE_OFFS, f"{WRITE_OFFS}add/", f"{WRITE_OFFS}{row.pk}/change/"):
        assert client.get(address).status_code == 403
    client.post(decide, {"decision": "approve"})
    row.refresh_from_db()
    assert row.state == "requested"


@pytest.mark.parametrize("count", [1, 20])
def test_the_debts_cost_the_same_for_one_and_for_twenty(
    client, owes, rosa, count, django_assert_max_num_queries
):
    owes(*(make_user() for _ in range(count)))
    client.force_login(rosa)
    with django_assert_max_num_queries(12):
        page = client.get(f"{WRITE_OFFS}add/").content.decode()
    assert page.count('name="currency"') == count


def test_the_person_reads_that_it_was_written_off(client, owes, alice, rosa, ruth):
    owes(alice)
    client.force_login(alice)
    assert "comes off your next one" in client.get("/earnings/").content.decode()
    approve_write_off(write_off=asked(alice, rosa), by=ruth)
    page = client.get("/earnings/").content.decode()
    assert "comes off your next one" not in page
    assert "written off" in page
    assert "¥60.00" in page
