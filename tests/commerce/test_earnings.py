"""What a person earned: totals, the page, the passport, the sheet."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from commerce.actions.commissions import approve, reject
from commerce.actions.commissions import sync_commission as sync
from commerce.earnings import clicks_of, totals_of
from commerce.ledger import account, post
from commerce.models import Account, CommissionShare, PayoutAccount
from commerce.words import account_shown
from tests.factories import (
    PASSWORD,
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_shop,
    make_token,
    tell_line,
)


@pytest.fixture
def programme(rita):
    return make_programme(shop=rita.shops.get(), rate_bp=800)


@pytest.fixture
def pin(alice, programme):
    product = make_product(programme.shop, title="Wool coat")
    return make_pin(make_board(alice, "Winter"), product=product)


@pytest.fixture
def link(pin, programme):
    return make_link(programme=programme, pin=pin)


def order(link, **fields):
    click = make_click(link)
    line = make_line(link.programme, click=click, product=link.product, **fields)
    return sync(line=line)


def total(user):
    (only,) = totals_of(user)
    return {word: amount for word, amount in only.items() if word != "currency"}


def test_who_earned_nothing_has_zeros_in_the_usual_currency(alice):
    assert totals_of(alice) == [
        {"currency": "CNY", "on_its_way": 0, "approved": 0, "paid": 0, "returned": 0}
    ]


def test_a_share_moves_through_the_words(link, alice, rosa):
    commission = order(link)
    assert total(alice)["on_its_way"] == 560
    commission = tell_line(commission.line, status="received")
    assert total(alice)["on_its_way"] == 560
    approve(commission=commission, by=rosa)
    assert total(alice) == {
        "on_its_way": 0,
        "approved": 560,
        "paid": 0,
        "returned": 0,
    }


@pytest.mark.parametrize("status", ["paid", "received"])
def test_what_was_returned_is_the_share_that_would_have_been(link, alice, status):
    commission = order(link)
    tell_line(commission.line, status=status)
    tell_line(commission.line, status="invalid")
    assert total(alice) == {
        "on_its_way": 0,
        "approved": 0,
        "paid": 0,
        "returned": 560,
    }


def test_the_sites_and_the_original_pinners_shares_are_not_ones_own(
    programme, alice, bob
):
    product = make_product(programme.shop)
    pin = make_pin(make_board(bob), product=product, origin_pinner=alice)
    order(make_link(programme=programme, pin=pin))
    assert total(bob)["on_its_way"] == 480
    assert total(alice)["on_its_way"] == 80


def test_currencies_are_never_added_up(link, alice):
    order(link)
    other = make_programme(currency="USD")
    product = make_product(currency="USD")
    pin = make_pin(make_board(alice), product=product)
    order(make_link(programme=other, pin=pin))
    assert [row["currency"] for row in totals_of(alice)] == ["CNY", "USD"]
    assert [row["on_its_way"] for row in totals_of(alice)] == [560, 560]


def test_clicks_of_machines_and_repetitions_do_not_count(link, alice):
    make_click(link)
    make_click(link, marks=["dup"])
    make_click(link, is_qualified=False, reason="bot")
    assert clicks_of(alice) == {"counted": 1, "not_counted": 2}


def test_the_api_tells_the_same_sums(client, link, alice):
    order(link)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {make_token(alice, 'earnings')}"}
    assert client.get("/api/v1/earnings", **headers).json() == {
        "totals": totals_of(alice),
        "clicks": {"counted": 1, "not_counted": 0},
    }


def commissions(client, user, query=""):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {make_token(user, 'earnings')}"}
    answer = client.get(f"/api/v1/commissions{query}", **headers)
    assert answer.status_code == 200
    return answer.json()["items"]


def test_the_api_tells_a_commission_whose_parts_sum_to_its_net(client, link, alice):
    commission = order(link)
    (told,) = commissions(client, alice, f"?order_id={commission.line.order_id}")
    assert told["line_id"] == commission.line.line_id
    assert told["state"] == "estimated"
    assert told["word"] == "on_its_way"
    assert (told["rate_bp"], told["gross_minor"], told["fee_minor"]) == (800, 800, 0)
    assert sum(share["amount_minor"] for share in told["shares"]) == 800
    mine = next(s for s in told["shares"] if s["role"] == "pinner")
    assert mine == {
        "role": "pinner",
        "person": "alice",
        "bp": 7000,
        "amount_minor": 560,
    }


def test_the_api_shows_commissions_to_pinner_and_shop_alone(
    client, link, alice, bob, rita, rosa
):
    order(link)
    assert len(commissions(client, alice)) == 1
    assert len(commissions(client, rita)) == 1
    assert commissions(client, bob) == []
    assert commissions(client, rosa) == []
    assert commissions(client, alice, "?order_id=other") == []


def test_nobodys_commission_is_shown_to_no_shop(client, programme, rita):
    sync(line=make_line(programme))
    assert commissions(client, rita) == []


def test_the_shop_is_told_the_pinners_name_and_no_other(
    client, programme, alice, bob, rita
):
    product = make_product(programme.shop)
    pin = make_pin(make_board(bob), product=product, origin_pinner=alice)
    order(make_link(programme=programme, pin=pin))

    def names(user):
        (told,) = commissions(client, user)
        return {share["role"]: share["person"] for share in told["shares"]}

    assert names(rita)["pinner"] == "bob"
    assert names(rita)["originator"] is None
    assert names(bob) == {"pinner": "bob", "originator": None, "platform": None}
    assert names(alice) == {"pinner": None, "originator": "alice", "platform": None}


def test_earnings_ask_to_log_in(client, link):
    commission = order(link)
    for path in (
        "/earnings/",
        "/earnings/statement.csv",
        "/earnings/payout/",
        f"/earnings/commissions/{commission.public_id}/",
    ):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_the_page_shows_totals_orders_and_pins(client, link, alice, rosa):
    commission = tell_line(order(link).line, status="received")
    approve(commission=commission, by=rosa)
    order(link)
    client.force_login(alice)
    html = client.get("/earnings/").content.decode()
    assert html.count("¥5.60") >= 4
    assert "Approved" in html
    assert "On its way" in html
    assert "Wool coat" in html
    assert "from Winter" in html
    assert f"/earnings/commissions/{commission.public_id}/" in html


def test_the_page_of_who_earned_nothing_offers_the_next_step(client, alice):
    client.force_login(alice)
    html = client.get("/earnings/").content.decode()
    assert "No orders yet" in html
    assert "/pins/new/" in html


def test_a_returned_order_says_why(client, link, alice, rosa):
    commission = order(link)
    tell_line(commission.line, refunded_minor=10_000)
    reject(commission=order(link), by=rosa, reason="Two accounts, one buyer")
    client.force_login(alice)
    html = client.get("/earnings/").content.decode()
    assert "the buyer sent it back" in html
    assert "Two accounts, one buyer" in html


def test_an_original_pinner_is_not_told_of_anothers_board(
    client, programme, alice, bob
):
    product = make_product(programme.shop)
    board = make_board(bob, "Hush", visibility="secret")
    pin = make_pin(board, product=product, origin_pinner=alice)
    commission = order(make_link(programme=programme, pin=pin))
    client.force_login(alice)
    for path in ("/earnings/", f"/earnings/commissions/{commission.public_id}/"):
        html = client.get(path).content.decode()
        assert "Hush" not in html
        assert "bob" not in html


@pytest.mark.parametrize("count", [1, 20])
def test_the_page_asks_the_same_number_of_questions_at_any_length(
    client, programme, alice, count, django_assert_max_num_queries
):
    board = make_board(alice)
    for _ in range(count):
        product = make_product(programme.shop)
        pin = make_pin(board, product=product)
        order(make_link(programme=programme, pin=pin))
    client.force_login(alice)
    with django_assert_max_num_queries(23):
        answer = client.get("/earnings/")
    assert answer.content.decode().count("/earnings/commissions/") == count


def test_an_unreadable_cursor_is_not_found(client, alice):
    client.force_login(alice)
    assert client.get("/earnings/?cursor=nonsense").status_code == 404


def test_months_leave_out_what_was_returned_and_what_is_older(client, link, alice):
    order(link)
    tell_line(order(link).line, status="invalid")
    long_ago = timezone.now() - timedelta(days=300)
    order(link, created_at=long_ago)
    client.force_login(alice)
    context = client.get("/earnings/").context
    amounts = [bar.amount_minor for bar in context["bars"]]
    assert len(amounts) == 6
    assert amounts[-1] == 560
    assert sum(amounts) == 560


def sheet_of(client, user):
    client.force_login(user)
    answer = client.get("/earnings/statement.csv")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_sheet_has_a_row_an_order_that_sums_to_the_totals(client, link, alice):
    order(link)
    order(link, paid_minor=5_000)
    head, *rows = sheet_of(client, alice)
    assert len(rows) == 2
    yours = head.index("Yours")
    assert sorted(row[yours] for row in rows) == ["2.80", "5.60"]
    assert total(alice)["on_its_way"] == 840


def test_no_cell_of_the_sheet_is_a_formula(client, link, alice):
    link.product.title = '=HYPERLINK("http://evil.example")'
    link.product.save()
    order(link, order_id="+1")
    rows = sheet_of(client, alice)
    assert not [c for row in rows for c in row if c.startswith(("=", "+", "-", "@"))]


def test_the_sheet_holds_only_ones_own(client, link, bob):
    order(link)
    assert len(sheet_of(client, bob)) == 1


def passport(client, user, commission):
    client.force_login(user)
    return client.get(f"/earnings/commissions/{commission.public_id}/")


def test_the_passport_opens_for_pinner_shop_and_reviewer_alone(
    client, link, alice, bob, rita, rosa
):
    commission = order(link)
    for user in (alice, rita, rosa):
        assert passport(client, user, commission).status_code == 200
    assert passport(client, bob, commission).status_code == 404
    unknown = f"/earnings/commissions/{uuid.uuid4()}/"
    assert client.get(unknown).status_code == 404
    assert client.get("/earnings/commissions/1/").status_code == 404


def test_the_passport_shows_each_reader_only_theirs(client, link, alice, rita, rosa):
    commission = tell_line(order(link).line, status="received")
    pinner = passport(client, alice, commission).content.decode()
    assert "as promised at the click" in pinner
    assert "¥5.60" in pinner
    assert "¥2.40" not in pinner  # the site's share
    shop = passport(client, rita, commission).content.decode()
    assert "¥8.00" in shop
    assert "¥5.60" not in shop
    assert "alice" in shop
    reviewer = passport(client, rosa, commission).content.decode()
    assert "¥2.40" in reviewer
    assert "ACCRUE" in reviewer


def test_the_passport_of_nobodys_commission_is_the_reviewers_alone(
    client, programme, rita, rosa
):
    commission = sync(line=make_line(programme))
    assert passport(client, rita, commission).status_code == 404
    assert passport(client, rosa, commission).status_code == 200


def test_the_passport_tells_the_history_in_the_words_for_people(
    client, link, alice, rosa
):
    commission = tell_line(order(link).line, status="received")
    approve(commission=commission, by=rosa)
    html = passport(client, alice, commission).content.decode()
    assert [step.text for step in _steps(client, alice, commission)] == [
        "On its way",
        "Approved",
    ]
    assert "rosa" not in html


def _steps(client, user, commission):
    return passport(client, user, commission).context["passport"].steps


ACCOUNT = {"method": "alipay", "holder": "Alice Chen", "number": "1380000 4471"}


def test_where_to_pay_is_saved_with_the_password_alone(client, alice):
    client.force_login(alice)
    answer = client.post("/earnings/payout/", ACCOUNT | {"password": PASSWORD})
    assert answer.status_code == 302
    account = PayoutAccount.objects.get(user=alice)
    assert account.number == "13800004471"
    html = client.get("/earnings/").content.decode()
    assert "Alipay ending 4471" in html
    assert "13800004471" not in html


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_saves_nothing(client, alice, password):
    client.force_login(alice)
    answer = client.post("/earnings/payout/", ACCOUNT | {"password": password})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'class="err error"' in html
    assert "Alice Chen" in html  # what was filled in stays
    assert not PayoutAccount.objects.exists()


def test_where_to_pay_is_never_shown_whole_again(client, alice):
    PayoutAccount.objects.create(
        user=alice, method="bank", holder="Alice Chen", number="6222020000004471"
    )
    client.force_login(alice)
    html = client.get("/earnings/payout/").content.decode()
    assert "4471" in html
    assert "6222020000004471" not in html
    assert "Alice Chen" not in html


def test_a_change_replaces_the_account_and_nobody_elses(client, alice, bob):
    for user in (alice, bob):
        PayoutAccount.objects.create(
            user=user, method="bank", holder="X", number="62220000"
        )
    client.force_login(alice)
    client.post("/earnings/payout/", ACCOUNT | {"password": PASSWORD})
    assert PayoutAccount.objects.get(user=alice).method == "alipay"
    assert PayoutAccount.objects.get(user=bob).method == "bank"


def test_the_shops_own_account_earns_nothing_from_its_shop(programme, rita):
    product = make_product(programme.shop)
    pin = make_pin(make_board(rita), product=product)
    order(make_link(programme=programme, pin=pin))
    assert not CommissionShare.objects.filter(party=rita).exists()


def test_another_shops_owner_does_not_see_the_order(client, link, bob):
    make_shop(owner=bob)
    assert passport(client, bob, order(link)).status_code == 404


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("6222020000004471", "bank transfer ending 4471"),
        ("alice@example.org", "bank transfer a…@example.org"),
    ],
)
def test_an_account_is_shown_by_its_end(number, shown):
    account = PayoutAccount(method="bank", holder="Alice Chen", number=number)
    assert account_shown(account) == shown


def test_what_is_booked_equals_the_ledger_to_the_cent(link, alice, bob, rosa):
    expected = order(link)  # not received: in no journal
    booked = tell_line(order(link, paid_minor=3_333).line, status="received")
    approved = tell_line(order(link, paid_minor=7_777).line, status="received")
    approve(commission=approved, by=rosa)
    tell_line(approved.line, refunded_minor=1_111)
    balances = {
        account.kind: -account.balance_minor
        for account in Account.objects.filter(user=alice)
    }
    unbooked = expected.shares.get(party=alice).amount_minor
    assert booked.shares.get(party=alice).amount_minor > 0
    assert balances[Account.Kind.PENDING] == total(alice)["on_its_way"] - unbooked
    assert balances[Account.Kind.PAYABLE] == total(alice)["approved"]


def test_a_debt_is_told(client, alice):
    payable = account(Account.Kind.PAYABLE, str(alice.pk), "CNY", user=alice)
    suspense = account(Account.Kind.SUSPENSE, "unattributed", "CNY")
    post(
        kind="ADJUST",
        key="test:debt:1",
        entries=[(payable, 320), (suspense, -320)],
        event_at=timezone.now(),
    )
    client.force_login(alice)
    assert "¥3.20 comes off your next one" in client.get("/earnings/").content.decode()


def test_an_unconfirmed_address_is_asked_for_before_a_payout(client, alice):
    client.force_login(alice)
    assert "Confirm your e-mail address" in client.get("/earnings/").content.decode()
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True)
    html = client.get("/earnings/").content.decode()
    assert "Confirm your e-mail address" not in html


def test_clicks_that_buy_are_told_in_per_cent(client, link, alice):
    order(link)
    make_click(link)
    make_click(link)
    client.force_login(alice)
    assert "33.3%" in client.get("/earnings/").content.decode()
