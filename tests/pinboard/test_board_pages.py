import re

import pytest

from pinboard.models import Follow
from tests.factories import make_board, make_pin, make_product, make_shop

pytestmark = pytest.mark.django_db


def pin_ids(answer):
    return [int(i) for i in re.findall(r'data-pin-id="(\d+)"', answer.content.decode())]


def test_everybody_sees_a_public_board(client, alice):
    board = make_board(alice, "Summer in Xiamen", description="Ten days")
    older, newer = make_pin(board), make_pin(board)
    make_pin(make_board(alice, "Other"))

    answer = client.get(board.get_absolute_url())

    page = answer.content.decode()
    assert pin_ids(answer) == [newer.pk, older.pk]
    assert "<h1>Summer in Xiamen</h1>" in page
    assert "Ten days" in page
    assert 'href="/people/alice/"' in page
    assert "noindex" not in page
    assert "X-Robots-Tag" not in answer


def test_the_order_is_a_parameter(client, alice):
    board = make_board(alice)
    pins = [make_pin(board).pk for _ in range(30)]

    first = client.get(board.get_absolute_url(), {"order": "oldest"})
    link = re.search(r'href="(\?[^"]*)" rel="next"', first.content.decode())[1]
    second = client.get(board.get_absolute_url() + link.replace("&amp;", "&"))

    assert pin_ids(first) + pin_ids(second) == pins


@pytest.mark.parametrize("slug", ["x", "coat", "Coats", "%E7%BA%A2", "a b"])
def test_another_slug_leads_to_the_right_one(client, alice, slug):
    board = make_board(alice)

    answer = client.get(f"/boards/{board.pk}-{slug}/?order=oldest")

    assert answer.status_code == 302
    assert answer["Location"] == board.get_absolute_url() + "?order=oldest"


def test_a_title_in_chinese_makes_an_address_that_opens(client, alice):
    board = make_board(alice, "厦门的夏天")

    assert client.get(board.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("reader", ["bob", None])
@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_a_hidden_board_does_not_exist_for_strangers(
    client, alice, bob, reader, visibility
):
    board = make_board(alice, visibility=visibility)
    make_pin(board)
    if reader:
        client.force_login(bob)

    for address in (
        board.get_absolute_url(),
        f"/boards/{board.pk}-x/",
        board.get_absolute_url() + "?key=",
        board.get_absolute_url() + "?key=" + "x" * 22,
        board.get_absolute_url() + "?key=%00",
    ):
        assert client.get(address).status_code in (400, 404)


def test_the_key_of_a_secret_board_opens_nothing(client, alice):
    board = make_board(alice, visibility="secret")

    address = f"{board.get_absolute_url()}?key={board.link_key}"
    assert client.get(address).status_code == 404


def test_the_owner_sees_the_secret_board_with_pins_in_work(client, alice):
    board = make_board(alice, visibility="secret")
    ready = make_pin(board)
    in_work = make_pin(board, state="processing", picture=None, title="Soon")
    client.force_login(alice)

    answer = client.get(board.get_absolute_url())

    assert pin_ids(answer) == [in_work.pk, ready.pk]
    assert f'href="/boards/{board.pk}/edit/"' in answer.content.decode()
    assert answer["X-Robots-Tag"] == "noindex"


def test_the_key_opens_a_link_board_and_goes_along(client, alice):
    board = make_board(alice, visibility="link")
    for _ in range(25):
        pin = make_pin(board)
    key = f"?key={board.link_key}"

    answer = client.get(board.get_absolute_url() + key)

    page = answer.content.decode()
    assert pin_ids(answer)[0] == pin.pk
    assert answer["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page
    assert f'href="/pins/{pin.pk}/{key}"' in page
    link = re.search(r'href="(\?[^"]*)" rel="next"', page)[1].replace("&amp;", "&")
    assert len(pin_ids(client.get(board.get_absolute_url() + link))) == 1


def test_the_owner_is_shown_the_link_to_share(client, alice, bob):
    board = make_board(alice, visibility="link")
    address = f"{board.get_absolute_url()}?key={board.link_key}"

    guest = client.get(address).content.decode()
    client.force_login(alice)
    own = client.get(board.get_absolute_url()).content.decode()

    assert f"{address}" in own
    assert "share-link" not in guest


def test_a_reader_can_follow_and_the_owner_cannot(client, alice, bob):
    board = make_board(alice)
    follow = f'action="/boards/{board.pk}/follow/"'

    client.force_login(bob)
    assert follow in client.get(board.get_absolute_url()).content.decode()
    Follow.objects.create(follower=bob, board=board)
    assert "data-followed" in client.get(board.get_absolute_url()).content.decode()

    client.force_login(alice)
    assert follow not in client.get(board.get_absolute_url()).content.decode()


def test_what_everything_costs_is_told_by_currency(client, alice):
    board = make_board(alice)
    shop = make_shop()
    for price, currency in ((21900, "CNY"), (8150, "CNY"), (4000, "EUR")):
        product = make_product(shop, price_minor=price, currency=currency)
        make_pin(board, product=product)

    page = client.get(board.get_absolute_url()).content.decode()

    assert "<b>¥300.50</b>" in page
    assert "<b>€40</b>" in page


def test_deleted_boards_and_pins_are_gone(client, alice):
    board = make_board(alice)
    pin = make_pin(board)
    client.force_login(alice)
    type(pin).objects.update(deleted_at="2026-01-01T00:00Z")
    assert pin_ids(client.get(board.get_absolute_url())) == []

    type(board).objects.update(deleted_at="2026-01-01T00:00Z")
    assert client.get(board.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("count", [1, 20])
def test_a_board_takes_four_queries(client, alice, django_assert_num_queries, count):
    board = make_board(alice)
    for _ in range(count):
        make_pin(board, product=make_product())
    client.get(board.get_absolute_url())

    with django_assert_num_queries(4):
        client.get(board.get_absolute_url())
