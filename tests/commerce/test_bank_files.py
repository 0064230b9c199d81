"""The bank's answers as a file: looked at first, applied once, and never guessed."""

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from commerce.actions.bank_files import answers_of, apply_bank_file, keep_bank_file
from commerce.actions.commissions import approve
from commerce.actions.payouts import (
    approve_batch,
    export_batch,
    mark_failed,
    mark_paid,
    prepare_batch,
)
from commerce.bank_answers import read_answers
from commerce.exceptions import ApprovalRefused, FileUnreadable, TransitionRefused
from commerce.ledger import verify
from commerce.ledger.rights import give_rights
from commerce.models import Account, BankFile, Journal, Payout
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
HEAD = "payout,amount,currency,result,reference\n"


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def sent(alice, bob, charlie, rosa, ruth):
    """A batch that the bank has: ¥60.00 each for alice, bob and charlie."""
    programme = make_programme(rate_bp=1000)
    for person in (alice, bob, charlie):
        can_be_paid(person)
        link = make_link(programme=programme, beneficiary=person)
        click = make_click(link, rate_bp=1000)
        line = make_line(programme, click=click, paid_minor=100_000)
        approve(commission=tell_line(line, status="received"), by=rosa)
    batch = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=batch, by=ruth)
    export_batch(batch=batch, by=rosa)
    batch.refresh_from_db()
    return batch


def row(batch, user, result, reference="", *, amount="60.00", currency="CNY"):
    payout = batch.payouts.get(user=user).public_id
    return f"{payout},{amount},{currency},{result},{reference}\n"


def kept(batch, text, by):
    return keep_bank_file(batch=batch, content=(HEAD + text).encode(), by=by)


def did(batch, text, by):
    return [
        (str(row.does), row.why)
        for row in apply_bank_file(bank_file=kept(batch, text, by), by=by)
    ]


def states(batch):
    return dict(batch.payouts.values_list("user__username", "state"))


def test_what_we_export_comes_back_filled_in(sent, alice, bob, charlie, rosa):
    rows = list(csv.DictReader(io.StringIO(export_batch(batch=sent, by=rosa)[1:])))
    answers = {"alice": ("ok", "B-1"), "bob": ("failed", "closed"), "charlie": ("", "")}
    for line in rows:
        line["result"], line["reference"] = answers[line["holder"]]
    written = io.StringIO()
    writer = csv.DictWriter(written, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    content = written.getvalue().encode("utf-8-sig")
    bank_file = keep_bank_file(batch=sent, content=content, by=rosa)
    assert set(states(sent).values()) == {"submitted"}  # nothing moved yet
    apply_bank_file(bank_file=bank_file, by=rosa)
    assert states(sent) == {"alice": "paid", "bob": "failed", "charlie": "submitted"}
    assert sent.payouts.get(user=alice).external_ref == "B-1"
    clearing = Account.objects.get(kind="liab:payout_clearing")
    assert clearing.balance_minor == -6000
    assert Account.objects.get(kind="liab:payable", user=bob).balance_minor == -6000
    sent.refresh_from_db()
    assert sent.state == "exported"  # the bank still owes an answer
    assert verify().findings == []


def test_the_same_file_twice_does_nothing_more(sent, alice, bob, rosa):
    text = row(sent, alice, "ok", "B-1") + row(sent, bob, "failed")
    assert did(sent, text, rosa) == [("paid", ""), ("failed", "")]
    journals = Journal.objects.count()
    assert did(sent, text, rosa) == [("closed", ""), ("closed", "")]
    assert (Journal.objects.count(), BankFile.objects.count()) == (journals, 1)


def test_what_is_unknown_stays_and_is_answered_by_a_later_file(
    sent, alice, bob, charlie, rosa
):
    assert did(sent, row(sent, alice, "unknown"), rosa) == [("submitted", "")]
    assert states(sent)["alice"] == "submitted"
    with pytest.raises(ApprovalRefused, match="Nobody"):
        prepare_batch(currency="CNY", by=rosa)  # and no other batch pays it
    later = "".join(row(sent, p, "ok", p.username) for p in (alice, bob, charlie))
    did(sent, later, rosa)
    sent.refresh_from_db()
    assert (set(states(sent).values()), sent.state) == ({"paid"}, "closed")
    assert did(sent, row(sent, alice, ""), rosa) == [("closed", "")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": "60.01"}, "differ"),
        ({"currency": "USD"}, "differ"),
        ({"amount": "sixty"}, "Write the amount"),
        ({"amount": "-60.00"}, "Write the amount"),
        ({"result": "maybe"}, "ok, failed or unknown"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 61}, "reference"),
    ],
)
def test_a_row_that_does_not_fit_says_why_and_moves_nothing(
    sent, alice, bob, rosa, changes, why
):
    fields = {"result": "ok", "reference": "B-1"} | changes
    text = row(sent, alice, **fields) + row(sent, bob, "ok", "B-2")
    (does, told), other = did(sent, text, rosa)
    assert (does, other) == ("invalid", ("paid", ""))
    assert why in told
    assert states(sent) | {"charlie": ""} == {
        "alice": "submitted",
        "bob": "paid",
        "charlie": "",
    }


def test_what_is_none_of_the_batch_is_named(sent, alice, rosa, ruth):
    mark_failed(payout=sent.payouts.get(user=alice), by=rosa, note="")
    other = prepare_batch(currency="CNY", by=rosa)
    approve_batch(batch=other, by=ruth)
    export_batch(batch=other, by=rosa)
    unknown = f"{'0' * 8}-0000-7000-8000-{'0' * 12},60.00,CNY,ok,B-1\n"
    for text in (row(other, alice, "ok", "B-1"), unknown, "x,60.00,CNY,ok,B-1\n"):
        ((does, why),) = did(sent, text, rosa)
        assert does == "invalid"
        assert "No payout of this batch" in why
    assert other.payouts.get().state == "submitted"


def test_a_file_that_contradicts_itself_or_what_is_known_moves_nothing(
    sent, alice, bob, charlie, rosa
):
    twice = row(sent, alice, "ok", "B-1") + row(sent, alice, "failed")
    assert [why for _, why in did(sent, twice, rosa)] == [
        "The file names this payout twice."
    ] * 2
    same = row(sent, alice, "ok", "B-1") + row(sent, bob, "ok", "B-1")
    assert {does for does, _ in did(sent, same, rosa)} == {"invalid"}
    mark_paid(payout=sent.payouts.get(user=charlie), by=rosa, external_ref="B-1")
    ((does, why),) = did(sent, row(sent, alice, "ok", "B-1"), rosa)
    assert (does, why) == ("invalid", "Another payout has this reference.")
    for result, reference in [("failed", ""), ("ok", "B-9")]:
        ((does, why),) = did(sent, row(sent, charlie, result, reference), rosa)
        assert does == "invalid"
        assert "Ask the bank" in why
    assert states(sent) == {"alice": "submitted", "bob": "submitted", "charlie": "paid"}


def test_nobody_answers_for_their_own_payout_by_a_file_either(sent, rosa, ruth):
    rene = make_user("rene", reviewer=True)
    payout = sent.payouts.first()
    Payout.objects.filter(pk=payout.pk).update(user=rene)
    text = row(sent, rene, "ok", "B-1")
    ((does, why),) = did(sent, text, rene)
    assert does == "invalid"
    assert "Another reviewer" in why
    Payout.objects.filter(pk=payout.pk).update(user=payout.user)


def test_only_reviewers_and_only_once_the_bank_has_it(sent, alice, charlie, rosa):
    text = row(sent, alice, "ok", "B-1")
    with pytest.raises(ApprovalRefused):
        kept(sent, text, charlie)
    bank_file = kept(sent, text, rosa)
    with pytest.raises(ApprovalRefused):
        apply_bank_file(bank_file=bank_file, by=charlie)
    type(sent).objects.update(state="approved")
    with pytest.raises(TransitionRefused):
        kept(sent, text, rosa)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"payout,amount\nx,1\n", "headings of this report: amount, currency, payout"),
        (HEAD.encode(), "no rows"),
        (b"\x00\xff\xfe\x00", "no text"),
        (HEAD.encode() + b"a\x00b,1,CNY,ok,1\n", "no text"),
        (HEAD.encode() + b"x,1,CNY,ok,1\n" * 5001, "5000 rows"),
        (b"x" * (2 * 1024 * 1024 + 1), "2 MB"),
        (HEAD.encode() + b'"' + b"x" * 200_000 + b"\n", "no CSV"),
        (b"PK\x03\x04workbook", "workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(content, why):
    with pytest.raises(FileUnreadable) as refused:
        read_answers(content)
    assert why in str(refused.value.for_user)


def test_a_sheet_of_a_chinese_excel_is_read():
    content = (HEAD + "x,60.00,cny,OK,回执 7\n").encode("gb18030")
    (answer,) = read_answers(content)
    assert (answer.currency, answer.result, answer.reference) == ("CNY", "ok", "回执 7")


def test_the_file_goes_through_the_screens(client, sent, alice, bob, rosa, ruth):
    client.force_login(rosa)
    page = reverse("admin:commerce_payoutbatch_change", args=[sent.pk])
    upload = reverse("admin:commerce_batch_answers", args=[sent.pk])
    assert "The bank's answers (CSV)" in client.get(page).content.decode()
    text = row(sent, alice, "ok", "B-1") + row(sent, bob, "ok", "B-1")
    for content, why in [
        (b"nonsense", "headings of this report"),
        (None, "Choose the bank"),
    ]:
        fields = {"file": SimpleUploadedFile("x.csv", content)} if content else {}
        answer = client.post(upload, fields)
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert 'class="error' in answer.content.decode()
    text = row(sent, alice, "ok", "B-1") + row(sent, bob, "ok", "", amount="1.00")
    file = SimpleUploadedFile("x.csv", (HEAD + text).encode())
    preview = client.post(upload, {"file": file}, follow=True)
    assert "will be marked as paid" in preview.content.decode()
    assert "Amount or currency differ" in preview.content.decode()
    assert states(sent)["alice"] == "submitted"
    done = client.post(preview.redirect_chain[-1][0], follow=True)
    assert "1 paid, 0 came back, 0 unknown, 1 unfit." in done.content.decode()
    assert "nothing to do here" in done.content.decode()
    assert states(sent)["alice"] == "paid"
    assert "applied" in client.get(page).content.decode()


def test_strangers_upload_nothing(client, sent, alice, charlie, rosa):
    bank_file = kept(sent, row(sent, alice, "ok", "B-1"), rosa)
    upload = reverse("admin:commerce_batch_answers", args=[sent.pk])
    answer = reverse("admin:commerce_batch_answer", args=[sent.pk, bank_file.pk])
    for address in (upload, answer):
        assert client.post(address).status_code == 302
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    for address in (upload, answer):
        assert client.post(address).status_code == 403
    client.force_login(rosa)
    assert client.get(upload).status_code == 405
    missing = reverse("admin:commerce_batch_answer", args=[sent.pk, 0])
    assert client.get(missing).status_code == 404
    assert states(sent)["alice"] == "submitted"


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_apply_a_file_at_once_and_each_payout_moves_once(
    sent, alice, bob, rosa, ruth
):
    text = row(sent, alice, "ok", "B-1") + row(sent, bob, "failed")
    bank_file = kept(sent, text, rosa)
    gate = threading.Barrier(2)

    def press(reviewer):
        gate.wait()
        try:
            return apply_bank_file(bank_file=bank_file, by=reviewer)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, [rosa, ruth]))
    assert states(sent)["alice"] == "paid"
    assert Journal.objects.filter(kind="PAYOUT_OK").count() == 1
    assert Journal.objects.filter(kind="PAYOUT_FAIL").count() == 1
    assert {row.does for row in answers_of(bank_file)} == {"closed"}
    assert verify().findings == []


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE commerce_bankfile SET rows = '[]'",
        "UPDATE commerce_bankfile SET sha256 = repeat('0', 64)",
        "UPDATE commerce_bankfile SET uploaded_by_id = NULL",
        "UPDATE commerce_bankfile SET applied_at = now()",
        "UPDATE commerce_bankfile SET applied_by_id = NULL",
        "UPDATE commerce_bankfile SET applied_at = NULL, applied_by_id = NULL",
        "DELETE FROM commerce_bankfile",
    ],
)
def test_what_the_bank_answered_stays_as_it_came(sent, alice, rosa, attack):
    did(sent, row(sent, alice, "ok", "B-1"), rosa)
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attack)
    kept = BankFile.objects.get()
    assert kept.applied_by == rosa
    did(sent, row(sent, alice, "ok", "B-1"), rosa)  # again: it is who applied it first
    assert BankFile.objects.get().applied_at == kept.applied_at


def test_the_role_of_the_application_may_only_say_who_applied_it(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE pinboard_bank")
        give_rights("pinboard_bank")
        cursor.execute(
            "SELECT array_agg(column_name::text ORDER BY column_name)"
            " FROM information_schema.column_privileges WHERE grantee = 'pinboard_bank'"
            " AND table_name = 'commerce_bankfile' AND privilege_type = 'UPDATE'"
        )
        assert cursor.fetchone()[0] == ["applied_at", "applied_by_id"]
