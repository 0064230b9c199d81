import pytest

from pinboard.actions import boards
from pinboard.exceptions import NoLongerThere
from pinboard.models import Board, Visibility
from tests.factories import make_board, make_picture, make_pin


def test_a_new_board_has_a_readable_slug_and_is_found_by_its_words(alice):
    board = boards.create_board(owner=alice, title="  Summer in\u202e 厦门  ")
    board.refresh_from_db()
    assert (board.title, board.slug) == ("Summer in 厦门", "summer-in-厦门")
    assert board.visibility == Visibility.PUBLIC
    assert "summer" in board.search


def test_a_title_without_letters_still_gives_an_address(alice):
    board = boards.create_board(owner=alice, title="!!!")
    assert board.get_absolute_url().endswith("-board/")


def test_an_unknown_visibility_is_refused(alice):
    with pytest.raises(ValueError, match="everybody"):
        boards.create_board(owner=alice, title="Odd", visibility="everybody")


def test_a_board_changes_only_what_is_given(alice):
    board = make_board(alice, "Coats", description="Warm")
    boards.edit_board(board=board, by=alice, title="Warm coats")
    board.refresh_from_db()
    assert (board.title, board.slug) == ("Warm coats", "warm-coats")
    assert (board.description, board.visibility) == ("Warm", Visibility.PUBLIC)


def test_a_stranger_changes_and_deletes_nothing(alice, bob):
    board = make_board(alice)
    with pytest.raises(NoLongerThere):
        boards.edit_board(board=board, by=bob, title="Mine")
    with pytest.raises(NoLongerThere):
        boards.delete_board(board=board, by=bob)
    assert Board.objects.editable_by(alice).get().title == "Coats"


def test_a_board_that_becomes_secret_takes_its_pictures_from_the_public(alice):
    board = make_board(alice)
    picture = make_picture()
    make_pin(board, picture=picture)
    shared = make_picture()
    make_pin(board, picture=shared)
    make_pin(make_board(alice, "Other"), picture=shared)
    boards.edit_board(board=board, by=alice, visibility="secret")
    picture.refresh_from_db()
    shared.refresh_from_db()
    assert not picture.is_public
    assert shared.is_public  # another public board still shows it


def test_a_deleted_board_is_gone_with_its_pins_and_copies_stay(alice, bob):
    board = make_board(alice)
    picture = make_picture()
    pin = make_pin(board, picture=picture)
    copy = make_pin(make_board(bob), picture=picture, via=pin)
    boards.delete_board(board=board, by=alice)
    assert not Board.objects.editable_by(alice).exists()
    assert list(type(pin).objects.public()) == [copy]
    picture.refresh_from_db()
    assert picture.is_public
