"""New board, edit, delete: what is refused, and who may."""

import pytest
from django.test import Client
from django.urls import reverse

from pinboard.models import Board
from tests.factories import make_board, make_pin

NEW = "/boards/new/"


def address(name, board):
    return reverse(f"pinboard:{name}", args=[board.pk])


def test_a_signed_out_reader_is_asked_to_log_in(client):
    assert client.get(NEW).headers["Location"] == "/accounts/login/?next=/boards/new/"


def test_a_board_without_a_title_is_422_and_keeps_the_rest(client, alice):
    client.force_login(alice)
    answer = client.post(NEW, {"title": "", "description": "kept words"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="err error" id="id_title_error"' in html
    assert "kept words" in html


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "   "},
        {"title": "\u200b\u202e"},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"title": "Odd", "description": "a\0b"},
        {"title": "Odd", "description": "x" * 1001},
        {"title": "Odd", "visibility": "everybody"},
    ],
)
def test_bad_input_is_422_and_makes_nothing(client, alice, fields):
    client.force_login(alice)
    assert client.post(NEW, fields).status_code == 422
    assert not Board.objects.exists()


@pytest.mark.parametrize("visibility", ["public", "secret", "link"])
def test_a_board_opens_with_the_chosen_visibility(client, alice, visibility):
    client.force_login(alice)
    answer = client.post(NEW, {"title": "Coats", "visibility": visibility})
    board = Board.objects.get()
    assert answer.headers["Location"] == board.get_absolute_url()
    assert (board.owner, board.visibility) == (alice, visibility)


def test_the_form_says_who_will_see_it(client, alice):
    client.force_login(alice)
    html = client.get(NEW).content.decode()
    assert "Nobody else sees this board" in html
    assert "Anybody can open it" in html


@pytest.mark.parametrize("name", ["board-edit", "board-delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_board_of_others_is_not_found(client, alice, bob, name, method):
    board = make_board(alice)
    client.force_login(bob)
    answer = getattr(client, method)(address(name, board), {"title": "Mine"})
    assert answer.status_code == 404
    board.refresh_from_db()
    assert (board.title, board.deleted_at) == ("Coats", None)


def test_the_owner_edits_and_a_refused_edit_names_the_board_as_it_is(client, alice):
    board = make_board(alice)
    client.force_login(alice)
    assert client.post(address("board-edit", board), {"title": ""}).status_code == 422
    answer = client.post(
        address("board-edit", board), {"title": "Warm coats", "visibility": "secret"}
    )
    board.refresh_from_db()
    assert answer.headers["Location"] == board.get_absolute_url()
    assert (board.title, board.visibility) == ("Warm coats", "secret")


def test_deleting_asks_first_then_takes_the_pins_along(client, alice):
    board = make_board(alice)
    pin = make_pin(board)
    client.force_login(alice)
    assert "Coats" in client.get(address("board-delete", board)).content.decode()
    assert Board.objects.filter(deleted_at=None).exists()
    client.post(address("board-delete", board))
    assert client.get(pin.get_absolute_url()).status_code == 404
    assert client.get(board.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("address", [NEW, "/boards/1/edit/", "/boards/1/delete/"])
def test_a_post_without_the_token_is_refused(alice, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(address, {"title": "forged"}).status_code == 403


def test_an_absurd_id_is_not_found(client, alice):
    client.force_login(alice)
    assert client.get(f"/boards/{10**30}/edit/").status_code == 404
