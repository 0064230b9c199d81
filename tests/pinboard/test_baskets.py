"""A board as a basket: how many, what it costs, what is left of a budget."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from pinboard.actions.baskets import fill_basket
from pinboard.models import BasketBudget, BasketLine, Board, Pin
from pinboard.models.basket import Choice
from tests.factories import (
    make_board,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_rate,
    make_shop,
)
from users.actions import close_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(alice):
    return make_board(alice, "Winter")


@pytest.fixture
def client_of(django_user_model, alice, bob, charlie):
    def open_client(name):
        opened = Client()
        if name:
            opened.force_login(django_user_model.objects.get(username=name))
        return opened

    return open_client


def make_item(board, price_minor=10000, currency="CNY", *, shop=None, **product):
    title = product.pop("title", "Coat")
    facts = {"price_minor": price_minor, "currency": currency} | product
    return make_pin(board, title=title, product=make_product(shop, **facts))


def address(board, name=""):
    return f"/boards/{board.pk}/basket/{name}"


def choose(client, board, *rows, query="", **more):
    """Send rows as the form does: pin, quantity, and whether it is bought."""
    sent = {"pin": [pin.pk for pin, *_ in rows]} | more
    for pin, quantity, *bought in rows:
        sent[f"quantity-{pin.pk}"] = quantity
        if bought:
            sent[f"bought-{pin.pk}"] = "on"
    return client.post(address(board) + query, sent)


def words(answer):
    text = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def sums(client, board, **ask):
    return client.get(address(board), **ask).context["sums"]


def total(client, board):
    found = client.get(address(board)).context["totals"]
    return found.minor, found.currency


def test_a_board_is_a_basket_before_anybody_touches_it(client, board):
    make_item(board, 10000)
    make_item(board, 2550)
    make_pin(board, title="A view, not for sale")

    answer = client.get(address(board))

    assert "Total for 2 items" in words(answer)
    assert "¥125.50" in words(answer)
    assert "A view, not for sale" not in words(answer)
    assert answer["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("reader", ["alice", "bob", None])
def test_quantities_are_kept_per_person_and_visitor(
    client, client_of, board, bob, reader
):
    pin, other = make_item(board, 10000), make_item(board, 500)
    someone, charlies = client_of(reader), client_of("charlie")

    answer = choose(someone, board, (pin, 3), (other, 0))

    assert (answer.status_code, answer["Location"]) == (302, address(board))
    assert total(someone, board) == (30000, "CNY")
    assert sums(someone, board).left_out_count == 1
    assert total(charlies, board) == (10500, "CNY")
    assert total(client_of(None), board) == (10500, "CNY")


def test_the_buttons_count_by_one_and_stop_at_nothing(client, board):
    pin = make_item(board, 10000)
    choose(client, board, (pin, 1), more=pin.pk)
    assert total(client, board) == (20000, "CNY")
    choose(client, board, (pin, 2), less=pin.pk)
    choose(client, board, (pin, 0), less=pin.pk)
    assert total(client, board) == (0, "CNY")
    choose(client, board, (pin, 999), more=pin.pk)
    assert total(client, board) == (9990000, "CNY")


@pytest.mark.parametrize("wrong", ["", "-1", "1000", "two", "1.5", "9" * 400])
@pytest.mark.parametrize("reader", ["alice", None])
def test_a_wrong_number_is_told_beside_its_field_and_nothing_is_lost(
    client_of, board, reader, wrong
):
    client = client_of(reader)
    pin, other = make_item(board), make_item(board)
    choose(client, board, (pin, 4), (other, 4))

    answer = choose(client, board, (pin, wrong), (other, 7))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('class="err error"') == 1
    assert "Write a whole number from 0 to 999." in page
    assert f'name="quantity-{other.pk}" value="7"' in page
    assert sums(client, board).piece_count == 8


def test_pins_of_other_boards_and_what_is_no_pin_are_passed_over(
    client, alice, board, bob
):
    pin, secret = make_item(board), make_item(make_board(bob, visibility="secret"))
    client.force_login(alice)

    answer = choose(client, board, (pin, 2), (secret, 9))
    assert answer.status_code == 302
    for odd in ("x", "-1", "9" * 30, "٣"):
        assert client.post(address(board), {"pin": odd}).status_code == 302

    assert BasketLine.objects.get().pin == pin


def test_only_what_changed_is_written(client, alice, board):
    pin, other = make_item(board), make_item(board)
    client.force_login(alice)
    choose(client, board, (pin, 1), (other, 2))
    assert BasketLine.objects.get().pin == other


def test_what_is_bought_stays_ticked_and_is_told(client, board):
    pin, other = make_item(board, 10000), make_item(board, 5000)
    choose(client, board, (pin, 2, "on"), (other, 1))

    answer = client.get(address(board))

    assert "1 item bought, ¥50 still to pay" in words(answer)
    assert f'id="id_bought-{pin.pk}" checked' in answer.content.decode()
    choose(client, board, (pin, 2), (other, 1))
    assert sums(client, board).bought_count == 0


def test_sold_out_is_listed_counted_and_not_in_the_total(client, board):
    make_item(board, 10000)
    make_item(board, 5000, availability="sold_out", title="Gone lamp")

    answer = client.get(address(board))

    assert "Gone lamp" in words(answer)
    assert "1 item is sold out and not counted" in words(answer)
    assert answer.context["totals"].minor == 10000
    assert "data-sold-out" in answer.content.decode()


def test_an_old_price_asks_to_be_checked(client, board):
    make_item(board, price_at=timezone.now() - timedelta(days=2, hours=23))
    assert "check price" not in words(client.get(address(board)))
    make_item(board, price_at=timezone.now() - timedelta(days=3, hours=1))
    make_item(board, price_at=None)
    answer = client.get(address(board))
    assert words(answer).count("check price") == 2
    assert "2 prices are older than 3 days" in words(answer)


def test_what_has_no_price_is_listed_and_told(client, board):
    make_item(board, None, "")
    answer = client.get(address(board))
    assert "1 item has no price yet" in words(answer)
    assert "Price at the shop" in words(answer)


def test_a_converted_total_is_told_with_the_rate_its_date_and_its_source(client, board):
    make_item(board, 10000)
    make_item(board, 1000, "USD")
    used = make_rate("USD", "CNY", "7.15", days_ago=2)
    make_rate("EUR", "CNY", "8")  # not needed, so not told

    answer = client.get(address(board))

    assert "about ¥171.50" in words(answer)
    day = date_format(used.day, "DATE_FORMAT")
    assert f"Exchange rate 1 USD = 7.15 CNY , {day} , A bank" in words(answer)
    assert "EUR" not in words(answer)
    text = client.get(address(board, "list.txt")).content.decode()
    assert f"1 USD = 7.15 CNY, {day}, A bank\n" in text


def test_no_rate_is_told_where_nothing_was_converted(client, board):
    make_item(board, 10000)
    make_rate("USD", "CNY", "7.15")
    page = words(client.get(address(board)))
    assert "¥100" in page
    assert "about" not in page.split("Total for 1 item")[1]
    assert "Exchange rate" not in page


@pytest.mark.parametrize("with_some_rate", [True, False])
def test_where_a_rate_is_missing_each_currency_has_a_sum_and_no_total_is_claimed(
    client, board, with_some_rate
):
    make_item(board, 10000)
    make_item(board, 1000, "USD")
    make_item(board, 2000, "EUR")
    if with_some_rate:
        make_rate("USD", "CNY", "7")
    client.post(address(board, "budget/"), {"amount": "5", "currency": "CNY"})

    answer = client.get(address(board))

    page = words(answer)
    assert answer.context["totals"].minor is None
    assert 'class="basket-total' not in answer.content.decode()
    assert "about" not in page.split("Total for 3 items")[1]
    assert "Total for 3 items ¥100 €20 $10 There is no current" in page
    missing = "EUR" if with_some_rate else "EUR, USD"
    said = f"There is no current exchange rate from {missing} to CNY, so each"
    assert page.count(said) == 1
    assert "Your budget of ¥5 cannot be compared" in page
    text = client.get(address(board, "list.txt")).content.decode()
    assert "Total for 3 items: ¥100 + €20 + $10\n" in text
    assert said in text


def test_what_is_sold_out_needs_no_rate(client, board):
    make_item(board, 10000)
    make_item(board, 1000, "USD", availability="sold_out")
    assert total(client, board) == (10000, "CNY")


@pytest.mark.parametrize(
    ("asked", "currency"),
    [
        ({}, "CNY"),
        ({"headers": {"accept-language": "en-US,en;q=0.9"}}, "USD"),
        ({"headers": {"accept-language": "en-GB"}}, "GBP"),
        ({"headers": {"accept-language": "de"}}, "EUR"),
        ({"headers": {"accept-language": "zh-CN"}}, "CNY"),
        ({"headers": {"accept-language": "x-klingon;;;, -"}}, "CNY"),
    ],
)
def test_the_currency_is_that_of_the_language_else_of_the_site(
    client, board, asked, currency
):
    make_item(board)
    assert client.get(address(board), **asked).context["currency"] == currency


def test_the_currency_is_chosen_in_the_preferences(client, board):
    make_item(board, 10000)
    make_rate("CNY", "CHF", "0.1125")
    answer = client.post(
        "/preferences/currency/", {"currency": "CHF", "next": address(board)}
    )
    assert answer["Location"] == address(board)
    assert "about CHF 11.25" in words(client.get(address(board)))
    assert 'value="CHF" selected' in client.get("/preferences/").content.decode()
    client.post("/preferences/currency/", {"currency": "XXX"})
    assert total(client, board) == (10000, "CNY")


@pytest.mark.parametrize("reader", ["alice", "bob", None])
def test_a_budget_is_set_seen_and_taken_away(client_of, board, reader):
    client = client_of(reader)
    make_item(board, 20000)

    client.post(address(board, "budget/"), {"amount": "250.50", "currency": "CNY"})
    assert "¥50.50 of your budget left" in words(client.get(address(board)))
    assert '<progress class="prog" max="25050" value="20000"' in (
        client.get(address(board)).content.decode()
    )
    client.post(address(board, "budget/"), {"amount": "150", "currency": "CNY"})
    assert "¥50 over your budget" in words(client.get(address(board)))
    assert "budget left" not in words(client_of("charlie").get(address(board)))
    client.post(address(board, "budget/"), {"amount": "", "currency": "CNY"})
    assert "over your budget" not in words(client.get(address(board)))


def test_a_budget_of_another_currency_is_compared_by_the_rate(client, board):
    make_item(board, 20000)
    make_rate("USD", "CNY", "7")
    client.post(address(board, "budget/"), {"amount": "30", "currency": "USD"})
    page = words(client.get(address(board)))
    assert "¥10 of your budget left" in page
    assert "of about ¥210" in page


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("much", "CNY"),
        ("-1", "CNY"),
        ("NaN", "CNY"),
        ("Infinity", "CNY"),
        ("9" * 30, "CNY"),
        ("1e40", "CNY"),
        ("1.234", "CNY"),
        ("1.5", "JPY"),
    ],
)
def test_a_wrong_budget_is_told_beside_its_field(client, board, amount, currency):
    make_item(board)
    sent = {"amount": amount, "currency": currency}
    answer = client.post(address(board, "budget/"), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_amount_error"' in page
    assert f'value="{amount}"' in page


@pytest.mark.parametrize("currency", ["", "XXX", "cny"])
def test_a_budget_in_no_currency_is_refused(client, board, currency):
    make_item(board)
    sent = {"amount": "5", "currency": currency}
    assert client.post(address(board, "budget/"), sent).status_code == 422


def test_items_stand_by_retailer_with_links_that_earn_and_say_so(client, board, rita):
    shop, other = rita.shops.get(), make_shop(name="Moss")
    pins = [make_item(board, shop=s) for s in (shop, other, shop)]
    programme = make_programme(shop=shop)
    link = make_link(programme=programme, pin=pins[0])

    answer = client.get(address(board))

    page = answer.content.decode()
    shown = [(s.name, [p.pk for p in rows]) for s, rows in answer.context["shops"]]
    assert shown == [("Rita's", [pins[0].pk, pins[2].pk]), ("Moss", [pins[1].pk])]
    assert f'href="/go/{link.token}/"' in page
    # The disclosure stands before the first link, and each link says it as well.
    told = page.index("Buy is a commission link")
    assert told < page.index('href="/go/')
    assert page.count("<small>commission link</small>") == page.count('href="/go/') == 1
    assert page.count('rel="sponsored nofollow noopener"') == 1


def test_where_nobody_earns_nothing_is_disclosed(client, board):
    make_item(board)
    page = client.get(address(board)).content.decode()
    assert 'rel="ugc nofollow noopener"' in page
    assert "/go/" not in page
    assert "commission link" not in page


def test_what_is_sold_out_has_no_link_that_earns(client, board):
    pin = make_item(board, availability="sold_out")
    link = make_link(programme=make_programme(), pin=pin)
    assert link.token not in client.get(address(board)).content.decode()


def test_a_link_board_keeps_its_key(client, alice):
    board = make_board(alice, visibility="link")
    pin = make_item(board)
    key = f"?key={board.link_key}"

    page = client.get(address(board) + key).content.decode()
    answer = choose(client, board, (pin, 2), query=key)

    assert f'href="/pins/{pin.pk}/{key}"' in page
    assert answer["Location"] == address(board) + key
    assert client.get(answer["Location"]).context["sums"].piece_count == 2
    assert client.get(address(board)).status_code == 404
    text = client.get(address(board, "list.txt") + key).content.decode()
    assert f"/pins/{pin.pk}/{key}" in text


@pytest.mark.parametrize("name", ["", "budget/", "list.txt", "list.csv"])
@pytest.mark.parametrize("reader", ["bob", None])
def test_a_secret_board_has_no_basket_for_strangers(client_of, alice, name, reader):
    board = make_board(alice, visibility="secret")
    pin = make_item(board)
    client = client_of(reader)
    assert client.get(address(board, name)).status_code in (404, 405)
    sent = {"pin": pin.pk, f"quantity-{pin.pk}": 5, "amount": "1", "currency": "CNY"}
    assert client.post(address(board, name), sent).status_code in (404, 405)
    assert not BasketLine.objects.exists()
    assert not BasketBudget.objects.exists()


def test_somebody_who_shares_a_secret_board_has_a_basket_of_their_own(
    client, alice, bob
):
    board = make_board(alice, visibility="secret")
    pin = make_item(board)
    board.members.create(user=bob, role="viewer", accepted_at=timezone.now())
    client.force_login(bob)
    choose(client, board, (pin, 2))
    assert sums(client, board).piece_count == 2
    assert BasketLine.objects.get().owner == bob


def test_the_list_as_text_names_shops_quantities_and_what_is_bought(client, board):
    shop = make_shop(name="Moss & Linen")
    pin = make_item(board, 10000, shop=shop, title="Throw <b>")
    left = make_item(board, 100, shop=shop, title="Left out")
    choose(client, board, (pin, 2, "on"), (left, 0))

    answer = client.get(address(board, "list.txt"))

    text = answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Moss & Linen\n[x] 2 × Throw <b>: ¥200\n" in text
    assert "/go/" not in text  # a link that earns is not sent on undisclosed
    assert f"http://testserver/pins/{pin.pk}/" in text
    assert "Left out" not in text


def test_no_cell_of_the_sheet_is_a_formula(client, board):
    shop = make_shop(name='=HYPERLINK("http://evil")')
    pin = make_item(board, 1999, shop=shop, title="+1+1")
    choose(client, board, (pin, 2))

    answer = client.get(address(board, "list.csv"))

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][:6] == [
        *('\'=HYPERLINK("http://evil")', "'+1+1"),
        *("2", "19.99", "CNY", "39.98"),
    ]
    assert "attachment" in answer["Content-Disposition"]


def test_a_large_board_is_turned_page_by_page_and_counted_as_a_whole(client, board):
    product = make_product(price_minor=100)
    pins = [make_pin(board, product=product) for _ in range(65)]

    first = client.get(address(board))
    link = re.search(r'href="(\?cursor=[^"]*)" rel="next"', first.content.decode())[1]
    second = client.get(address(board) + link)

    assert [p.pk for p in first.context["pins"] + second.context["pins"]] == [
        p.pk for p in pins
    ]
    assert second.context["totals"].minor == 6500
    # An update leads back to the page it was made on.
    answer = choose(client, board, (pins[64], 2), query=link)
    assert answer["Location"] == address(board) + link


def test_a_price_beyond_all_reason_breaks_nothing(client, board):
    pins = [make_item(board, 2**63 - 1) for _ in range(2)]
    choose(client, board, *((pin, 999) for pin in pins))
    make_rate("CNY", "KRW", "1000")
    client.cookies["currency"] = "KRW"
    assert client.get(address(board)).status_code == 200
    assert client.get(board.get_absolute_url()).status_code == 200


def queries_of(client, board, pins):
    """How many each of its addresses asks with these pins, after a first time."""
    many = {f"quantity-{pin.pk}": 2 for pin in pins}
    more = {f"quantity-{pin.pk}": 3 for pin in pins}
    keys = {"pin": [pin.pk for pin in pins]}
    client.post(address(board), keys | many)
    counted = []
    for name in ("", "list.txt", "list.csv"):
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address(board, name)).status_code == 200
        counted.append(len(caught))
    with CaptureQueriesContext(connection) as caught:
        assert client.post(address(board), keys | more).status_code == 302
    return [*counted, len(caught)]


@pytest.mark.parametrize("reader", ["alice", None])
def test_twenty_items_ask_no_more_than_one(client_of, board, reader):
    client = client_of(reader)
    make_rate("USD", "CNY", "7")
    pins = [make_item(board, 1000, "USD")]
    make_link(programme=make_programme(), pin=pins[0])
    few = queries_of(client, board, pins)
    for _ in range(19):
        pins.append(make_item(board, 1000, "USD"))
        make_link(programme=make_programme(), pin=pins[-1])
    assert queries_of(client, board, pins) == few
    assert max(few) <= 11


def test_the_board_tells_the_readers_basket(client, client_of, board):
    page = board.get_absolute_url()
    assert "/basket/" not in client.get(page).content.decode()
    pin, other = make_item(board, 10000), make_item(board, 500, "USD")
    link = f'href="{address(board)}"'
    assert link in client.get(page).content.decode()
    assert "Basket: ¥100 + $5 in 2 items" in words(client.get(page))
    alices = client_of("alice")
    choose(alices, board, (pin, 3), (other, 0))
    assert "Basket: ¥300 in 1 item " in words(alices.get(page))
    assert "Basket: ¥100 + $5 in 2 items" in words(client.get(page))


def test_an_empty_basket_offers_what_to_do_next(client, board):
    answer = client.get(address(board))
    assert answer.status_code == 200
    assert "Nothing to buy on this board yet" in words(answer)
    assert 'href="/explore/"' in answer.content.decode()


def test_nothing_of_a_basket_stays_when_an_account_is_closed(client, alice, bob, board):
    pin = make_item(board)
    client.force_login(bob)
    choose(client, board, (pin, 2))
    client.post(address(board, "budget/"), {"amount": "5", "currency": "CNY"})
    assert BasketLine.objects.count() == BasketBudget.objects.count() == 1
    close_account(user=bob)
    assert BasketLine.objects.count() == BasketBudget.objects.count() == 0


def test_what_a_visitor_chose_is_theirs_once_they_sign_in(client, bob, board):
    pin, other, gone = make_item(board), make_item(board), make_item(board)
    BasketLine.objects.create(owner=bob, pin=pin, quantity=9)
    BasketLine.objects.create(owner=bob, pin=other, quantity=5)
    choose(client, board, (pin, 3, "on"), (other, 1), (gone, 4))
    client.post(address(board, "budget/"), {"amount": "700", "currency": "CNY"})
    gone.delete()

    client.force_login(bob)

    lines = BasketLine.objects.filter(owner=bob)
    assert set(lines.values_list("pin", "quantity", "is_bought")) == {
        (pin.pk, 3, True),
        (other.pk, 5, False),  # what the visitor left as it was changes nothing
    }
    assert BasketBudget.objects.get(owner=bob).amount_minor == 70000
    assert "baskets" not in client.session


def test_a_pin_that_goes_while_its_number_is_sent_takes_nothing_along(bob, board):
    gone, there = make_item(board), make_item(board)
    choices = {pin.pk: Choice(quantity=2) for pin in (gone, there)}
    Pin.objects.filter(pk=gone.pk).delete()
    fill_basket(choices=choices, by=bob)
    connection.check_constraints()  # a foreign key is looked at late
    assert [line.pin for line in BasketLine.objects.all()] == [there]


def test_a_visitors_session_does_not_grow_without_end(client, alice):
    boards = [make_board(alice) for _ in range(10)]
    for board in boards:
        choose(client, board, (make_item(board), 2))
    assert len(client.session["baskets"]) == 8
    assert [sums(client, b).piece_count for b in (boards[0], boards[-1])] == [1, 2]


def test_the_basket_reads_in_chinese_without_a_fault(client, board):
    make_item(board)
    client.cookies["django_language"] = "zh-hans"
    assert client.get(address(board)).status_code == 200


def test_pins_in_work_and_of_removed_products_are_no_items(client, board, alice):
    make_item(board, removed_at=timezone.now())
    make_pin(board, state="processing", picture=None, product=make_product())
    assert sums(client, board).row_count == 0
    assert Board.objects.count() == 1
