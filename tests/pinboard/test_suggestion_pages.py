"""The pages of suggestions: by whom they are reached and what they say."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions.social import follow_person
from pinboard.actions.suggestions import decline, suggest, take
from pinboard.models import BoardMember, Pin, Suggestion
from tests.factories import make_board, make_pin, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


@pytest.fixture
def board(alice):
    return make_board(alice, "Lamps", suggestions="curated")


@pytest.fixture
def pin(charlie):
    return make_pin(make_board(charlie, "Finds"), title="A lamp")


@pytest.fixture
def made(bob, board, pin):
    return suggest(pin=pin, board=board, by=bob)


def queue_of(board):
    return f"/boards/{board.pk}/suggestions/"


def text_of(answer):
    return answer.content.decode()


def test_the_board_offers_to_suggest_and_its_owner_sees_what_waits(
    client, alice, bob, board, made
):
    link = f"/boards/{board.pk}/suggest/"
    assert link in text_of(client.get(board.get_absolute_url()))
    client.force_login(bob)
    assert link in text_of(client.get(board.get_absolute_url()))
    client.force_login(alice)
    page = text_of(client.get(board.get_absolute_url()))
    assert link not in page
    assert queue_of(board) in page


def test_an_empty_board_asks_its_visitors_for_the_first_pin(client, board):
    page = text_of(client.get(board.get_absolute_url()))
    assert page.count(f"/boards/{board.pk}/suggest/") == 2


def test_a_board_that_takes_none_offers_nothing(client, alice, bob):
    board = make_board(alice)
    client.force_login(bob)
    assert "/suggest/" not in text_of(client.get(board.get_absolute_url()))
    page = client.get(f"/boards/{board.pk}/suggest/")
    assert "takes no suggestions" in text_of(page)
    pin = make_pin(make_board(bob))
    answer = client.post(f"/boards/{board.pk}/suggest/", {"pin": pin.pk})
    assert answer.status_code == 422
    assert not Suggestion.objects.exists()


def test_who_is_signed_out_is_asked_to_log_in_first(client, board, pin):
    for address in (
        f"/pins/{pin.pk}/suggest/",
        f"/boards/{board.pk}/suggest/",
        queue_of(board),
        "/suggestions/",
    ):
        assert "/accounts/login/" in client.get(address).headers["Location"]
    client.post(f"/pins/{pin.pk}/suggest/", {"board": board.pk})
    assert not Suggestion.objects.exists()


def test_from_a_pin_one_suggests_it_to_a_board_and_can_undo(client, bob, board, pin):
    client.force_login(bob)
    page = text_of(client.get(f"/pins/{pin.pk}/save/"))
    assert f"/pins/{pin.pk}/suggest/" in page
    assert "Lamps" in text_of(client.get(f"/pins/{pin.pk}/suggest/?q=lam+alice"))
    assert "Lamps" not in text_of(client.get(f"/pins/{pin.pk}/suggest/?q=sofas"))
    answer = client.post(f"/pins/{pin.pk}/suggest/", {"board": board.pk}, follow=True)
    made = Suggestion.objects.get()
    assert (made.by, made.pin, made.board) == (bob, pin, board)
    assert f"/suggestions/{made.pk}/withdraw/" in text_of(answer)
    client.post(f"/suggestions/{made.pk}/withdraw/")
    assert not Suggestion.objects.waiting().exists()


def test_boards_of_people_one_follows_come_first(client, alice, bob, board, pin):
    for number in range(25):
        make_board(make_user(), f"Other {number}", suggestions="open")
    follow_person(person=alice, by=bob)
    client.force_login(bob)
    boards = client.get(f"/pins/{pin.pk}/suggest/").context["boards"]
    assert boards[0] == board
    assert len(boards) == 20


def test_what_is_told_already_stands_beside_the_board(client, alice, bob, made, pin):
    has_it = make_board(alice, "Has it", suggestions="open")
    make_pin(has_it, picture=pin.picture)
    client.force_login(bob)
    page = text_of(client.get(f"/pins/{pin.pk}/suggest/"))
    assert "has this picture already" in page
    assert "waits there already" in page
    answer = client.post(f"/pins/{pin.pk}/suggest/", {"board": made.board_id})
    assert answer.status_code == 422
    assert "suggested already" in text_of(answer)


def test_a_pin_that_not_everybody_sees_is_not_suggested(client, bob, board):
    pin = make_pin(make_board(bob, visibility="secret"))
    client.force_login(bob)
    assert "not on a public board" in text_of(client.get(f"/pins/{pin.pk}/suggest/"))
    answer = client.post(f"/pins/{pin.pk}/suggest/", {"board": board.pk})
    assert answer.status_code == 422
    assert not Suggestion.objects.exists()


ADDRESSES = [
    "http://127.0.0.1:8000/pins/{pin}/",
    "/pins/{pin}/?key=x#comments",
    "pins/{pin}",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_on_a_board_one_suggests_a_pin_by_its_address(
    client, settings, bob, board, pin, address
):
    settings.SITE_URL = "http://127.0.0.1:8000"
    client.force_login(bob)
    fields = {"address": address.format(pin=pin.pk)}
    answer = client.post(f"/boards/{board.pk}/suggest/", fields)
    assert answer.headers["Location"] == board.get_absolute_url()
    assert Suggestion.objects.get().pin == pin


@pytest.mark.parametrize(
    "address",
    [
        "http://elsewhere.example/pins/{pin}/",
        "/boards/{pin}/",
        "http://[bad/pins/1",
        "/pins/999999999/",
        "\x00",
        "/pins/99999999999999999999/",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_beside_its_field(
    client, bob, board, pin, address
):
    client.force_login(bob)
    fields = {"address": address.format(pin=pin.pk)}
    answer = client.post(f"/boards/{board.pk}/suggest/", fields)
    assert answer.status_code == 422
    assert answer.context["form"].errors["address"]


def test_a_hidden_pin_is_as_wrong_as_one_that_never_was(client, alice, bob, board):
    hidden = make_pin(make_board(alice, visibility="secret"), title="Hidden")
    client.force_login(bob)
    for field in ("address", "pin"):
        wrong = [
            f"/pins/{pk}/" if field == "address" else pk for pk in (hidden.pk, 9**9)
        ]
        answers = [
            client.post(f"/boards/{board.pk}/suggest/", {field: value})
            for value in wrong
        ]
        errors = [dict(answer.context["form"].errors) for answer in answers]
        assert errors[0] == errors[1] != {}


def test_ones_own_pins_stand_to_be_chosen_secret_ones_do_not(client, bob, board):
    own = make_pin(make_board(bob), title="My find")
    make_pin(make_board(bob, visibility="secret"), title="My secret")
    client.force_login(bob)
    page = text_of(client.get(f"/boards/{board.pk}/suggest/"))
    assert "My find" in page
    assert "My secret" not in page
    client.post(f"/boards/{board.pk}/suggest/", {"pin": own.pk})
    assert Suggestion.objects.get().pin == own


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        ("alice", None, 200),
        ("charlie", "editor", 200),
        ("charlie", "viewer", 404),
        ("bob", None, 404),
    ],
)
def test_who_fills_the_board_sees_what_waits(
    client, alice, bob, charlie, board, made, who, role, status
):
    person = {"alice": alice, "bob": bob, "charlie": charlie}[who]
    if role:
        BoardMember.objects.create(
            board=board, user=person, role=role, accepted_at=timezone.now()
        )
    client.force_login(person)
    assert client.get(queue_of(board)).status_code == status
    answer = client.post(queue_of(board), {"one": f"take-{made.pk}"})
    assert answer.status_code == (302 if status == 200 else 404)
    assert Pin.objects.filter(board=board).exists() == (status == 200)


def test_one_press_takes_one_and_one_press_undoes_it(client, alice, board, made):
    client.force_login(alice)
    answer = client.post(queue_of(board), {"one": f"take-{made.pk}"}, follow=True)
    made.refresh_from_db()
    undo = f"/suggestions/{made.deed}/undo/"
    assert undo in text_of(answer)
    assert "suggested by" in text_of(client.get(made.copy.get_absolute_url()))
    client.post(undo)
    assert Suggestion.objects.waiting().get() == made
    assert not Pin.objects.filter(board=board, deleted_at=None).exists()


def test_the_marked_ones_or_all_of_one_person_are_declined(client, alice, bob, board):
    finds = make_board(bob)
    rows = [suggest(pin=make_pin(finds), board=board, by=bob) for _ in range(3)]
    other = suggest(pin=make_pin(finds), board=board, by=make_user("carl"))
    client.force_login(alice)
    client.post(queue_of(board), {"deed": "decline", "suggestion": [rows[0].pk, "x"]})
    assert Suggestion.objects.waiting().count() == 3
    client.post(f"{queue_of(board)}?by=bob", {"deed": "decline", "all": "on"})
    assert Suggestion.objects.waiting().get() == other


@pytest.mark.parametrize(
    "fields", [{}, {"deed": "take"}, {"deed": "burn", "all": "on"}]
)
def test_a_press_that_says_nothing_changes_nothing(client, alice, board, made, fields):
    client.force_login(alice)
    assert client.post(queue_of(board), fields).status_code == 422
    assert Suggestion.objects.waiting().exists()


def test_on_an_open_board_the_list_is_what_stands_there(client, alice, bob):
    board = make_board(alice, suggestions="open")
    made = suggest(
        pin=make_pin(make_board(bob), title="Open lamp"), board=board, by=bob
    )
    client.force_login(alice)
    place = queue_of(board)
    assert "Open lamp" in text_of(client.get(place))
    assert "Open lamp" not in text_of(client.get(f"{place}?state=waiting"))
    asked = f"{place}?state=taken"
    answer = client.post(asked, {"one": f"decline-{made.pk}"})
    assert answer.headers["Location"] == asked
    assert not Pin.objects.filter(board=board, deleted_at=None).exists()


def test_suggestions_of_another_board_are_out_of_reach(client, bob, board, made):
    own = make_board(bob, suggestions="curated")
    client.force_login(bob)
    client.post(queue_of(own), {"one": f"take-{made.pk}"})
    client.post(queue_of(own), {"deed": "take", "suggestion": made.pk})
    assert Suggestion.objects.waiting().get() == made


def test_suggesters_see_what_became_of_theirs_without_shame(
    client, alice, bob, board, made, pin
):
    client.force_login(bob)
    own = "/suggestions/?side=mine"
    assert "Waiting for an answer" in text_of(client.get(own))
    decline(suggestions=Suggestion.objects.all(), by=alice)
    assert "Not taken" in text_of(client.get(own))
    assert client.get("/notifications/").context["lines"] == []
    take(suggestions=Suggestion.objects.all(), by=alice)
    assert "On the board" in text_of(client.get(own))
    Pin.objects.filter(board=board).update(deleted_at=timezone.now())
    assert "Not on the board any more" in text_of(client.get(own))


def test_a_suggestion_of_somebody_else_cannot_be_taken_back(client, charlie, made):
    client.force_login(charlie)
    assert client.post(f"/suggestions/{made.pk}/withdraw/").status_code == 404
    assert Suggestion.objects.waiting().exists()


def test_notifications_of_a_board_stand_together_and_lead_to_what_waits(
    client, alice, board
):
    for name in ("ann", "ben", "cid"):
        person = make_user(name)
        suggest(pin=make_pin(make_board(person)), board=board, by=person)
    client.force_login(alice)
    page = client.get("/notifications/")
    [line] = page.context["lines"]
    assert (len(line.actors), line.others) == (3, 1)
    assert "suggested pins for your board Lamps" in text_of(page)
    assert queue_of(board) in text_of(page)


def test_what_waits_for_all_of_ones_boards_is_one_list(client, alice, made):
    client.force_login(alice)
    assert queue_of(made.board) in text_of(client.get("/suggestions/"))


@pytest.mark.parametrize("place", ["queue", "mine", "boards", "pin", "board"])
def test_lists_ask_as_much_of_the_database_for_many_as_for_one(
    client, alice, bob, place
):
    board = make_board(alice, suggestions="curated")
    finds = make_board(make_user())
    pin = make_pin(finds)
    reader = alice if place in ("queue", "boards") else bob
    client.force_login(reader)
    address = {
        "queue": queue_of(board),
        "mine": "/suggestions/?side=mine",
        "boards": "/suggestions/",
        "pin": f"/pins/{pin.pk}/suggest/",
        "board": f"/boards/{board.pk}/suggest/",
    }[place]

    def more(count):
        for _ in range(count):
            other = make_board(alice, suggestions="curated")
            for target in (board, other):
                found = make_pin(finds)
                Suggestion.objects.create(pin=found, board=target, by=bob)
            make_pin(make_board(bob))

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    more(1)
    asked()
    few = asked()
    more(19)
    assert asked() == few


def test_the_form_of_a_board_says_who_may_suggest(client, alice, board):
    client.force_login(alice)
    edit = f"/boards/{board.pk}/edit/"
    client.post(edit, {"title": "Lamps", "suggestions": "open"})
    board.refresh_from_db()
    assert board.suggestions == "open"
    assert client.post(edit, {"title": "L", "suggestions": "x"}).status_code == 422
    client.post(edit, {"title": "Lamps"})  # a form that does not say keeps it
    board.refresh_from_db()
    assert board.suggestions == "open"
