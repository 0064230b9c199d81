"""Tags through the API: written with a pin, found by, counted as each may see them."""

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from pinboard.models import Pin
from tests.factories import make_board, make_pin, make_tags, make_token
from tests.pictures import draw

pytestmark = pytest.mark.django_db
PINS = "/api/v1/pins"


@pytest.fixture(autouse=True)
def _fresh_rates():
    cache.clear()


@pytest.fixture
def board(alice):
    return make_board(alice)


@pytest.fixture
def secret(alice):
    return make_board(alice, visibility="secret")


def tagged(board, *names):
    pin = make_pin(board)
    make_tags(pin, *names)
    return pin


def bearer(user):
    return {"authorization": f"Bearer {make_token(user)}"}


def send(client, user, board, tags):
    told = {"url": "https://shop.example/coat", "board": board.pk, "tags": tags}
    return client.post(PINS, told, "application/json", headers=bearer(user))


def found(client, user=None, **asked):
    headers = bearer(user) if user else {}
    answer = client.get("/api/v1/search", asked, headers=headers)
    return [item["id"] for item in answer.json()["items"]]


def listed(client, q, user=None):
    headers = bearer(user) if user else {}
    answer = client.get("/api/v1/tags", {"q": q}, headers=headers)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(
    "tags",
    [
        ["Wool", "#大衣", "wool", " "],
        "Wool, 大衣",
        "#Wool #大衣",
        ["Wool, 大衣"],  # as a form would read it when the pin is edited
    ],
)
def test_a_pin_is_made_with_its_tags_and_tells_them(client, alice, board, tags):
    answer = send(client, alice, board, tags)
    assert answer.status_code == 201
    assert answer.json()["tags"] == ["Wool", "大衣"]
    told = client.get(f"{PINS}/{Pin.objects.get().pk}", headers=bearer(alice)).json()
    assert told["tags"] == ["Wool", "大衣"]


def test_an_upload_has_its_tags_in_one_line(client, alice, board, media_folder):
    image = SimpleUploadedFile("coat.jpg", draw(), "image/jpeg")
    told = {"image": image, "board": board.pk, "tags": "Wool, 大衣"}
    answer = client.post(PINS, told, headers=bearer(alice))
    assert (answer.status_code, answer.json()["tags"]) == (201, ["Wool", "大衣"])


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        (["w" * 41], "A tag has at most 40 characters."),
        ([str(number) for number in range(21)], "A pin takes at most 20 tags."),
        ([1], "Send a list of texts."),
        ({"wool": True}, "Send a list of texts."),
    ],
)
def test_tags_that_cannot_be_are_named_and_nothing_is_made(
    client, alice, board, tags, sentence
):
    answer = send(client, alice, board, tags)
    assert answer.status_code == 422
    assert sentence in str(answer.json()["error"]["fields"]["tags"])
    assert not Pin.objects.exists()


def test_what_is_saved_keeps_its_tags(client, bob, board):
    pin = tagged(board, "Wool")
    copy = client.post(
        f"{PINS}/{pin.pk}/save",
        {"board": make_board(bob).pk},
        "application/json",
        headers=bearer(bob),
    )
    assert copy.json()["tags"] == ["Wool"]


def test_a_search_is_narrowed_by_all_tags_that_it_names(client, board):
    both, wool = tagged(board, "Wool", "mid century"), tagged(board, "wool")
    tagged(board, "linen")
    assert found(client, tag="WOOL") == [wool.pk, both.pk]
    assert found(client, tag="#wool, mid century") == [both.pk]
    assert found(client, tag="silk") == []
    refused = client.get("/api/v1/search", {"tag": "w" * 41})
    assert refused.status_code == 422
    assert list(refused.json()["error"]["fields"]) == ["tag"]


def test_tags_are_listed_by_how_they_begin_with_their_pages(client, board):
    tagged(board, "Wool", "winter")
    tagged(board, "Wool")
    assert listed(client, "w") == [
        {
            "key": "wool",
            "name": "Wool",
            "pin_count": 2,
            "url": "http://testserver/tags/wool/",
        },
        {
            "key": "winter",
            "name": "winter",
            "pin_count": 1,
            "url": "http://testserver/tags/winter/",
        },
    ]
    assert listed(client, "") == listed(client, "ool") == []


def test_a_tag_of_secret_pins_is_told_to_who_shares_the_board_alone(
    client, alice, bob, charlie, board, secret
):
    hidden = tagged(secret, "Zanzibar", "WOOL")
    open_pin = tagged(board, "wool")
    secret.members.create(user=bob, role="viewer", accepted_at=secret.created_at)
    for reader in (alice, bob):
        assert [tag["name"] for tag in listed(client, "zan", reader)] == ["Zanzibar"]
        assert [tag["pin_count"] for tag in listed(client, "wool", reader)] == [2]
        assert found(client, reader, tag="wool") == [open_pin.pk, hidden.pk]
    for reader in (charlie, None):
        assert listed(client, "zan", reader) == []
        told = [(tag["name"], tag["pin_count"]) for tag in listed(client, "w", reader)]
        assert told == [("wool", 1)]
        assert found(client, reader, tag="wool") == [open_pin.pk]


@pytest.mark.parametrize("count", [1, 20])
def test_tags_are_two_questions_however_many_there_are(
    client, board, count, django_assert_num_queries
):
    for number in range(count):
        tagged(board, "wool", f"wool {number}")
    with django_assert_num_queries(2):
        assert len(listed(client, "wool")) == min(count + 1, 8)


def test_no_token_makes_no_tags(client, alice, board):
    told = {"url": "https://shop.example/coat", "board": board.pk, "tags": ["wool"]}
    assert client.post(PINS, told, "application/json").status_code == 401
    assert not Pin.objects.exists()
