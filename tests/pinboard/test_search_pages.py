"""/search/: four kinds, filters in the address, and nothing that is hidden."""

import re

import pytest

from pinboard.discovery.words import vector_of
from pinboard.models import Board, Pin, Product
from tests.factories import (
    make_board,
    make_pin,
    make_product,
    make_shop,
    make_tags,
    make_user,
)

pytestmark = pytest.mark.django_db

KINDS = ("pins", "boards", "people", "products")


def index(row):
    type(row).objects.filter(pk=row.pk).update(search=vector_of((str(row), "A")))
    return row


def pin_ids(answer):
    return [int(i) for i in re.findall(r'data-pin-id="(\d+)"', answer.content.decode())]


def search(client, **params):
    return client.get("/search/", params)


def test_pins_are_found_by_their_words_newest_first(client, alice):
    board = make_board(alice)
    older = index(make_pin(board, title="Red coat"))
    newer = index(make_pin(board, title="Coat with red buttons"))
    index(make_pin(board, title="Green shoes"))

    assert pin_ids(search(client, q="red coat")) == [newer.pk, older.pk]
    assert pin_ids(search(client, q="red coat", kind="pins")) == [newer.pk, older.pk]


def test_boards_people_and_products_are_found(client, alice):
    board = index(make_board(alice, "厦门的夏天"))
    product = index(make_product(title="Linen shirt"))
    alice.display_name = "Lin Xiaoyu"
    alice.save()

    def page(**params):
        return search(client, **params).content.decode()

    assert board.get_absolute_url() in page(q="夏天", kind="boards")
    assert product.get_absolute_url() in page(q="linen", kind="products")
    for name in ("alice", "@alice", "xiaoyu", "xiaoyi", "ali"):
        assert 'href="/people/alice/"' in page(q=name, kind="people"), name


def test_a_typo_is_forgiven_where_nothing_has_the_words(client, alice):
    board = make_board(alice, "Dresses I like")
    pin = index(make_pin(board, title="Blue dresses"))
    product = make_product(title="Blue dress")
    hidden = make_board(alice, "Dresses for her", visibility="secret")
    make_pin(hidden, title="Hush dresses")

    def page(**params):
        return search(client, q="dreses", **params).content.decode()

    for typo in ("dreses", "dressses", "dreeses", "dresess"):
        assert pin_ids(search(client, q=typo)) == [pin.pk], typo
    assert product.get_absolute_url() in page(kind="products")
    assert board.get_absolute_url() in page(kind="boards")
    assert hidden.get_absolute_url() not in page(kind="boards")
    assert pin_ids(search(client, q="umbrella")) == []


def test_closed_accounts_are_not_found(client, alice):
    alice.is_active = False
    alice.save()

    page = search(client, q="alice", kind="people").content.decode()
    assert "/people/alice/" not in page


@pytest.mark.parametrize("visibility", ["secret", "link"])
@pytest.mark.parametrize("reader", [None, "bob"])
def test_hidden_boards_and_their_pins_are_not_found(client, alice, visibility, reader):
    board = index(make_board(alice, "Hush board", visibility=visibility))
    index(make_pin(board, title="Hush pin"))
    if reader:
        client.force_login(make_user(reader))

    for kind in KINDS:
        page = search(client, q="hush", kind=kind).content.decode()
        assert "Hush" not in page


def test_the_owner_finds_the_secret_board(client, alice):
    board = index(make_board(alice, "Hush board", visibility="secret"))
    client.force_login(alice)

    page = search(client, q="hush", kind="boards").content.decode()
    assert board.get_absolute_url() in page


def test_filters_narrow_pins_and_products(client, alice):
    board = make_board(alice)
    shop = make_shop(name="Moss")
    cheap = make_product(shop, title="Coat", price_minor=9900)
    dear = make_product(shop, title="Coat", price_minor=99000, availability="sold_out")
    other = make_product(title="Coat", price_minor=50000)
    pins = {
        p: index(make_pin(board, title="Coat", product=p)) for p in (cheap, dear, other)
    }
    index(make_pin(board, title="Coat"))

    def ids(**params):
        return pin_ids(search(client, q="coat", **params))

    assert ids(price_min="500") == [pins[other].pk, pins[dear].pk]
    assert ids(price_max="499.99") == [pins[cheap].pk]
    assert ids(shop=shop.slug) == [pins[dear].pk, pins[cheap].pk]
    assert ids(shop=shop.slug, in_stock="on") == [pins[cheap].pk]

    index(cheap), index(dear)
    page = search(client, q="coat", kind="products", in_stock="1").content.decode()
    assert cheap.get_absolute_url() in page
    assert dear.get_absolute_url() not in page


@pytest.mark.parametrize(
    "params",
    [
        {"price_min": "cheap"},
        {"price_min": "-1"},
        {"price_max": "9" * 30},
        {"price_max": "NaN"},
        {"shop": "' OR 1=1"},
        {"kind": "nonsense"},
        {"q": "x " * 2000},
    ],
)
def test_what_is_no_filter_is_refused_beside_its_field(client, params):
    answer = search(client, **params)

    assert answer.status_code == 400
    assert 'class="err error"' in answer.content.decode()


@pytest.mark.parametrize(
    "q",
    [
        *("", " ", "%", "_", "\\", '"', "(((", "a & | !", "' OR 1=1; DROP TABLE", "🧥"),
        *("的", "<script>alert(1)</script>", "{{ 7|add:7 }}", ":*", "-"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_any_words_are_answered(client, alice, q, kind):
    index(make_pin(make_board(alice), title="Coat"))

    answer = search(client, q=q, kind=kind)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_pages_of_results_keep_the_filters_and_repeat_nothing(client, alice):
    board = make_board(alice)
    for _ in range(30):
        index(make_pin(board, title="Coat"))

    first = search(client, q="coat", kind="pins")
    link = re.search(r'href="(\?[^"]*)" rel="next"', first.content.decode())[1]
    second = client.get("/search/" + link.replace("&amp;", "&"))

    assert "q=coat" in link
    assert len(set(pin_ids(first) + pin_ids(second))) == 30


def test_a_bad_cursor_is_not_found(client):
    for kind in KINDS:
        assert search(client, q="a", kind=kind, cursor="%").status_code == 404


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize(
    ("kind", "queries"), [("pins", 3), ("boards", 2), ("people", 1), ("products", 1)]
)
def test_a_search_takes_few_queries_at_any_size(
    client, alice, django_assert_num_queries, count, kind, queries
):
    for number in range(count):
        board = index(make_board(alice, "Coats"))
        product = index(make_product(title="Coats"))
        pin = index(make_pin(board, title="Coats", product=product))
        make_tags(pin, "wool", f"tag {number}")
        make_user(f"coats{number}")
    assert Board.objects.count() == Pin.objects.count() == Product.objects.count()
    search(client, q="coats", kind=kind)

    with django_assert_num_queries(queries):
        search(client, q="coats", kind=kind)
