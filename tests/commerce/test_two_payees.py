"""One commission, two people: each reads what became of their own share."""

import pytest

from commerce.actions.commissions import approve
from commerce.actions.payouts import approve_batch, mark_paid, prepare_batch
from commerce.earnings import totals_of
from commerce.models import Account
from commerce.statement import statement_of
from tests.commerce.test_payout_actions import can_be_paid
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_programme,
    make_shop,
    make_token,
    tell_line,
)

pytestmark = pytest.mark.django_db


def pay(rosa, ruth):
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    for payout in batch.payouts.all():
        mark_paid(payout=payout, by=ruth, external_ref=f"ref-{payout.pk}")


@pytest.fixture
def commission(alice, bob, rita, rosa, ruth):
    """¥60.00 for alice, who is paid, and ¥10.00 for bob, who never said where."""
    programme = make_programme(rate_bp=1000, shop=make_shop(owner=rita))
    link = make_link(
        programme=programme,
        beneficiary=alice,
        originator=bob,
        beneficiary_is_originator=False,
    )
    line = make_line(
        programme, click=make_click(link, rate_bp=1000), paid_minor=100_000
    )
    commission = approve(commission=tell_line(line, status="received"), by=rosa)
    can_be_paid(alice)
    pay(rosa, ruth)
    commission.refresh_from_db()
    return commission


def words_of(user):
    (totals,) = totals_of(user)
    return {word: amount for word, amount in totals.items() if amount not in (0, "CNY")}


def page_of(client, commission, reader):
    client.force_login(reader)
    answer = client.get(f"/earnings/commissions/{commission.public_id}/")
    return answer.context["passport"]


def test_who_was_paid_reads_paid_while_the_other_waits(
    client, commission, alice, bob, rosa, ruth
):
    assert commission.state == "in_payout"
    assert words_of(alice) == {"paid": 6000}
    assert words_of(bob) == {"approved": 1000}
    owed = Account.objects.filter(kind="liab:payable", balance_minor__lt=0)
    assert [(row.user, -row.balance_minor) for row in owed] == [(bob, 1000)]
    can_be_paid(bob)
    pay(rosa, ruth)
    commission.refresh_from_db()
    assert commission.state == "paid"
    assert words_of(alice) == {"paid": 6000}
    assert words_of(bob) == {"paid": 1000}


def test_each_page_and_sheet_says_the_same(client, commission, alice, bob):
    for person, word, shown in [(alice, "paid", "Paid"), (bob, "approved", "Approved")]:
        assert page_of(client, commission, person).word == word
        assert f"{shown}</span>" in client.get("/earnings/").content.decode()
        assert shown in list(statement_of(person))[1]
        token = {"Authorization": f"Bearer {make_token(person)}"}
        (row,) = client.get("/api/v1/commissions", headers=token).json()["items"]
        assert row["word"] == word
        totals = client.get("/api/v1/earnings", headers=token).json()["totals"]
        assert totals[0][word] == {"paid": 6000, "approved": 1000}[word]


def test_the_shop_and_a_reviewer_read_how_far_the_whole_is(
    client, commission, rita, rosa
):
    for reader in (rita, rosa):
        assert page_of(client, commission, reader).word == "approved"


def test_the_history_says_when_it_was_ones_own_turn(
    client, commission, alice, bob, rosa, ruth
):
    before = [step.text for step in page_of(client, commission, alice).steps]
    assert before == ["On its way", "Approved", "Paid"]
    assert page_of(client, commission, bob).steps[-1].text == "Approved"
    at = page_of(client, commission, alice).steps[-1].at
    can_be_paid(bob)
    pay(rosa, ruth)
    assert page_of(client, commission, alice).steps[-1].at == at
    assert page_of(client, commission, bob).steps[-1].at > at


def test_what_is_taken_back_from_who_was_paid_is_returned(client, commission, alice):
    tell_line(commission.line, refunded_minor=100_000)
    assert words_of(alice) == {"returned": 6000}
    assert page_of(client, commission, alice).word == "returned"
