"""Boards, pins, people, feeds and search through the API."""

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from pinboard.models import Board, Comment, Pin
from tests.factories import (
    make_board,
    make_link,
    make_pin,
    make_point,
    make_product,
    make_programme,
    make_tags,
    make_token,
)

JSON = "application/json"


@pytest.fixture(autouse=True)
def _fresh_rates():
    cache.clear()


class Program:
    """Calls the API as somebody, or as a stranger."""

    def __init__(self, client, user=None):
        self.client = client
        self.headers = {}
        if user:
            self.headers["HTTP_AUTHORIZATION"] = f"Bearer {make_token(user)}"

    def __call__(self, method, path, body=None, status=200):
        send = getattr(self.client, method.lower())
        options = dict(self.headers)
        if body is not None:
            options |= {"data": body, "content_type": JSON}
        answer = send(f"/api/v1{path}", **options)
        assert answer.status_code == status, answer.content[:300]
        return answer.json() if answer.content else None


@pytest.fixture
def as_alice(client, alice):
    return Program(client, alice)


@pytest.fixture
def as_bob(client, bob):
    return Program(client, bob)


@pytest.fixture
def stranger(client, db):
    return Program(client)


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="Wool coat")


def ids(page):
    return [item["id"] for item in page["items"]]


def test_a_board_is_made_and_read_back(as_alice, alice, stranger):
    body = {
        "title": "  Red\u200b coats ",
        "description": "warm",
        "visibility": "public",
    }
    board = as_alice("POST", "/boards", body, 201)
    made = Board.objects.get(owner=alice)
    assert board["id"] == made.pk
    assert board["title"] == "Red coats"
    assert board["owner"] == "alice"
    assert board["url"] == f"http://testserver{made.get_absolute_url()}"
    assert stranger("GET", f"/boards/{made.pk}") == board


def test_a_link_board_opens_with_its_key_which_only_its_owner_is_told(
    as_alice, as_bob, stranger, alice
):
    board = make_board(alice, visibility="link")
    pin = make_pin(board)
    assert board.link_key in as_alice("GET", f"/boards/{board.pk}")["url"]
    stranger("GET", f"/boards/{board.pk}", status=404)
    stranger("GET", f"/boards/{board.pk}?key=wrong", status=404)
    told = as_bob("GET", f"/boards/{board.pk}?key={board.link_key}")
    assert board.link_key not in told["url"]
    assert ids(stranger("GET", f"/boards/{board.pk}/pins?key={board.link_key}")) == [
        pin.pk
    ]
    stranger("GET", f"/pins/{pin.pk}?key={board.link_key}")
    stranger("GET", f"/pins/{pin.pk}", status=404)


def test_a_pin_is_told_as_the_contract_says(stranger, alice):
    product = make_product(price_minor=21900, title="Coat")
    pin = make_pin(make_board(alice), product=product, title="My coat")
    link = make_link(programme=make_programme(rate_bp=800), pin=pin)
    told = stranger("GET", f"/pins/{pin.pk}")
    assert told["state"] == "ready"
    assert told["error"] is None
    assert told["pinner"] == "alice"
    assert told["board"] == pin.board_id
    assert told["via"] is None
    assert (told["image"]["width"], told["image"]["height"]) == (800, 1000)
    assert told["image"]["dominant"] == pin.picture.dominant
    widths = {rendition["width"] for rendition in told["image"]["renditions"]}
    assert {236, 474, 736, 800} == widths
    first = told["image"]["renditions"][0]
    assert first["url"].startswith("http://testserver/media/")
    assert first["type"] == "image/webp"
    assert first["height"] == 295
    assert told["product"]["id"] == product.pk
    assert told["product"]["price_minor"] == 21900
    assert told["product"]["currency"] == "CNY"
    assert told["product"]["shop"] == product.shop.slug
    assert told["buy_url"] == f"http://testserver/go/{link.token}/"
    assert told["disclosure"].startswith("The shop pays an 8% commission")


def test_what_is_sold_out_or_covered_by_nobody_has_no_buy_url(stranger, alice):
    board, programme = make_board(alice), make_programme()
    plain = make_pin(board, product=make_product())
    gone = make_pin(board, product=make_product(availability="sold_out"))
    make_link(programme=programme, pin=gone)
    for pin in (plain, gone):
        told = stranger("GET", f"/pins/{pin.pk}")
        assert told["buy_url"] is None
        assert told["disclosure"] is None
        assert told["product"]


def test_the_products_of_a_picture_are_told_each_with_its_own_link(stranger, alice):
    pin, programme = make_pin(make_board(alice)), make_programme(rate_bp=800)
    lamp = make_point(pin, make_product(title="Lamp"), x=2500, y=10_000).product
    rug = make_point(pin, make_product(availability="sold_out")).product
    vase = make_point(pin).product
    make_point(pin, make_product(removed_at=timezone.now()))
    link = make_link(programme=programme, pin=pin, product=lamp)
    make_link(programme=programme, pin=pin, product=rug)
    told = stranger("GET", f"/pins/{pin.pk}")
    assert told["product"] is None
    assert told["buy_url"] is None
    first, second, third = told["products"]
    assert first.pop("disclosure").startswith("The shop pays an 8% commission")
    assert first == {
        "id": lamp.pk,
        "title": "Lamp",
        "price_minor": 19900,
        "currency": "CNY",
        "availability": "in_stock",
        "shop": lamp.shop.slug,
        "x": 2500,
        "y": 10_000,
        "buy_url": f"http://testserver/go/{link.token}/",
    }
    assert (second["id"], third["id"]) == (rug.pk, vase.pk)
    assert second["availability"] == "sold_out"
    for other in (second, third):
        assert (other["buy_url"], other["disclosure"]) == (None, None)


def test_a_failed_pin_says_why_to_its_pinner_alone(as_alice, as_bob, alice):
    pin = make_pin(make_board(alice), state="failed", error_code="address_unreachable")
    error = as_alice("GET", f"/pins/{pin.pk}")["error"]
    assert error["code"] == "address_unreachable"
    assert "could not be opened" in error["message"]
    as_bob("GET", f"/pins/{pin.pk}", status=404)


def test_an_address_is_pinned_and_waits(as_alice, alice):
    board = make_board(alice)
    body = {"url": "https://shop.example/coat", "board": board.pk, "title": "Coat"}
    told = as_alice("POST", "/pins", body, 201)
    assert told["state"] == "processing"
    assert told["image"] is None
    assert Pin.objects.get(pk=told["id"]).source_url == "https://shop.example/coat"


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://[",
        "red shoes",
        "javascript:alert(1)",
        "file:///etc/hostname",
        "http://example.com/" + "a" * 20_000,
    ],
)
def test_an_address_that_is_none_is_refused_at_once(as_alice, alice, url):
    board = make_board(alice)
    as_alice("POST", "/pins", {"url": url, "board": board.pk}, 422)
    assert not Pin.objects.exists()


def upload(program, board_id, content, name="photo.jpg", **fields):
    image = SimpleUploadedFile(name, content, "image/jpeg")
    data = {"image": image, "board": str(board_id)} | fields
    return program.client.post("/api/v1/pins", data, **program.headers)


def test_what_is_no_picture_is_refused_with_a_reason(as_alice, alice):
    board = make_board(alice)
    for content in (b"This is no picture.", b"", b"%!PS-Adobe-3.0", b"PK\x03\x04"):
        answer = upload(as_alice, board.pk, content)
        assert answer.status_code == 422
        assert answer.json()["error"]["message"]
    assert not Pin.objects.exists()


def test_an_upload_above_20_mb_is_413(as_alice, alice, settings):
    settings.UPLOAD_MAX_BYTES = 100_000
    board = make_board(alice)
    answer = upload(as_alice, board.pk, b"\xff\xd8" + b"x" * 300_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"]


@pytest.mark.parametrize("board", ["", "none", "-1", str(10**40), "0"])
def test_an_upload_needs_a_board_of_ones_own(as_alice, alice, bob, board):
    assert upload(as_alice, board, b"x").status_code == 422
    others = make_board(bob)
    answer = upload(as_alice, others.pk, b"x")
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["board"]


def test_a_pin_of_nothing_is_refused(as_alice, alice):
    board = make_board(alice)
    as_alice("POST", "/pins", {"board": board.pk}, 422)
    as_alice("POST", "/pins", {"url": "https://a.example/"}, 422)
    answer = as_alice.client.post(
        "/api/v1/pins", {"board": str(board.pk)}, **as_alice.headers
    )
    assert answer.status_code in (415, 422)


def test_a_product_that_does_not_exist_is_named(as_alice, alice):
    body = {"url": "https://a.example/", "board": make_board(alice).pk, "product": 99}
    error = as_alice("POST", "/pins", body, 422)["error"]
    assert list(error["fields"]) == ["product"]


def test_a_saved_pin_keeps_via(as_bob, bob, pin):
    board = make_board(bob)
    told = as_bob("POST", f"/pins/{pin.pk}/save", {"board": board.pk}, 201)
    assert told["id"] != pin.pk
    assert told["pinner"] == "bob"
    assert told["via"] == {"pin": pin.pk, "pinner": "alice"}
    assert ids(as_bob("GET", f"/boards/{board.pk}/pins")) == [told["id"]]


def test_via_names_no_pin_that_the_reader_may_not_see(
    as_alice, as_bob, stranger, alice, bob, pin
):
    copy = make_pin(make_board(bob), via=pin, via_pinner=alice)
    Board.objects.filter(pk=pin.board_id).update(visibility="secret")
    hidden, told = {"pin": None, "pinner": "alice"}, {"pin": pin.pk, "pinner": "alice"}
    for path in (f"/pins/{copy.pk}", f"/boards/{copy.board_id}/pins", "/explore"):
        for reader, via in ((as_alice, told), (as_bob, hidden), (stranger, hidden)):
            answer = reader("GET", path)
            assert [item["via"] for item in answer.get("items", [answer])] == [via]


def test_a_save_needs_a_board_of_ones_own_and_a_pin_one_sees(as_bob, bob, alice, pin):
    for board in (pin.board_id, "none", 10**30, None):
        as_bob("POST", f"/pins/{pin.pk}/save", {"board": board}, 422)
    secret = make_pin(make_board(alice, visibility="secret"))
    body = {"board": make_board(bob).pk}
    as_bob("POST", f"/pins/{secret.pk}/save", body, 404)
    assert Pin.objects.count() == 2


def test_like_is_idempotent_and_counts(as_bob, stranger, pin):
    path = f"/pins/{pin.pk}/like"
    assert as_bob("PUT", path) == {"active": True, "count": 1}
    assert as_bob("PUT", path) == {"active": True, "count": 1}
    assert as_bob("GET", f"/pins/{pin.pk}")["liked"] is True
    assert stranger("GET", f"/pins/{pin.pk}")["liked"] is False
    assert as_bob("DELETE", path) == {"active": False, "count": 0}
    assert as_bob("DELETE", path) == {"active": False, "count": 0}
    stranger("PUT", path, status=401)


@pytest.mark.parametrize("kind", ["person", "board"])
def test_follow_is_idempotent_and_counts(as_bob, alice, kind):
    board = make_board(alice)
    path = "/people/alice/follow" if kind == "person" else f"/boards/{board.pk}/follow"
    assert as_bob("PUT", path) == {"active": True, "count": 1}
    assert as_bob("PUT", path) == {"active": True, "count": 1}
    assert as_bob("DELETE", path) == {"active": False, "count": 0}


def test_nobody_follows_oneself(as_alice, alice):
    assert as_alice("PUT", "/people/alice/follow") == {"active": False, "count": 0}


def test_comments_are_written_answered_and_paged(as_bob, as_alice, stranger, pin):
    path = f"/pins/{pin.pk}/comments"
    first = as_bob("POST", path, {"text": " Where from? "}, 201)
    assert first["text"] == "Where from?"
    assert first["author"] == "bob"
    assert first["reply_to"] is None
    reply = {"text": "The market", "reply_to": first["id"]}
    answer = as_alice("POST", path, reply, 201)
    assert answer["reply_to"] == first["id"]
    assert ids(stranger("GET", path)) == [first["id"], answer["id"]]


def test_odd_comments_are_refused(as_bob, bob, pin):
    path = f"/pins/{pin.pk}/comments"
    elsewhere = make_pin(make_board(bob))
    other = Comment.objects.create(pin=elsewhere, author=bob, text="x")
    for body in (
        {"text": "  "},
        {"text": "x" * 501},
        {"text": "hi", "reply_to": 10**30},
        {"text": "hi", "reply_to": other.pk},
    ):
        as_bob("POST", path, body, 422)
    assert pin.comments.count() == 0


def test_the_feed_is_of_those_whom_one_follows(as_bob, alice, charlie, pin):
    make_pin(make_board(charlie))
    assert ids(as_bob("GET", "/feed")) == []
    as_bob("PUT", "/people/alice/follow")
    assert ids(as_bob("GET", "/feed")) == [pin.pk]


def test_lists_page_without_repeating_while_pins_are_added(stranger, alice):
    board = make_board(alice)
    for _ in range(30):
        make_pin(board)
    first = stranger("GET", "/explore")
    assert len(first["items"]) == 24
    make_pin(board)
    second = stranger("GET", f"/explore?cursor={first['next']}")
    assert not set(ids(first)) & set(ids(second))
    assert len(second["items"]) == 6
    assert second["next"] is None


@pytest.mark.parametrize("count", [1, 20])
def test_a_list_asks_the_same_number_of_questions_at_any_length(
    stranger, alice, count, django_assert_num_queries
):
    board, programme = make_board(alice), make_programme()
    for _ in range(count):
        pin = make_pin(board, product=make_product())
        make_link(programme=programme, pin=pin)
        make_tags(pin, "wool", "coat")
    with django_assert_num_queries(3):
        page = stranger("GET", "/explore")
    assert len(page["items"]) == count
    assert all(item["buy_url"] and item["disclosure"] for item in page["items"])
    assert all(item["tags"] == ["wool", "coat"] for item in page["items"])


def test_one_question_more_tells_the_products_of_all_pictures(
    stranger, alice, django_assert_num_queries
):
    board, programme = make_board(alice), make_programme()
    for _ in range(20):
        pin = make_pin(board)
        for _ in range(2):
            product = make_point(pin).product
            make_link(programme=programme, pin=pin, product=product)
    with django_assert_num_queries(4):
        page = stranger("GET", "/explore")
    assert len(page["items"]) == 20
    for item in page["items"]:
        assert all(one["buy_url"] and one["disclosure"] for one in item["products"])
        assert len(item["products"]) == 2


@pytest.mark.parametrize("kind", ["pins", "boards", "people", "products"])
def test_search_answers_every_kind(stranger, kind, alice):
    stranger("GET", f"/search?q=coat&kind={kind}")
    stranger("GET", "/search?q=(((&kind=" + kind)


def test_search_refuses_an_unknown_kind(stranger):
    error = stranger("GET", "/search?q=a&kind=nonsense", status=422)["error"]
    assert list(error["fields"]) == ["kind"]


def test_people_are_found_by_name_and_closed_accounts_are_gone(stranger, alice):
    told = stranger("GET", "/people/Alice")
    assert told["username"] == "alice"
    assert told["url"] == "http://testserver/people/alice/"
    alice.closed_at = timezone.now()
    alice.save()
    stranger("GET", "/people/alice", status=404)
    stranger("GET", "/people/nobody", status=404)


def test_a_pin_is_deleted_by_its_owner_alone(as_alice, as_bob, pin):
    as_bob("DELETE", f"/pins/{pin.pk}", status=404)
    as_alice("DELETE", f"/pins/{pin.pk}", status=204)
    as_alice("GET", f"/pins/{pin.pk}", status=404)


def test_too_many_addresses_are_429_and_say_when_to_come_back(
    as_alice, alice, settings
):
    settings.FETCHES_PER_HOUR = 1
    board = make_board(alice)
    body = {"url": "https://shop.example/a", "board": board.pk}
    as_alice("POST", "/pins", body, 201)
    answer = as_alice.client.post(
        "/api/v1/pins", body, content_type=JSON, **as_alice.headers
    )
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "too_many_addresses"


def test_the_source_of_an_upload_is_an_address_or_nothing(as_alice, alice):
    board = make_board(alice)
    answer = upload(as_alice, board.pk, b"x", url="javascript:alert(1)")
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["url"]
