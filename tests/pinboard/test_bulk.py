"""Many pins at once: moved, copied, deleted, and taken back."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.links import link_saved
from commerce.models import TrackingLink
from pinboard.actions import bulk
from pinboard.actions.boards import delete_board
from pinboard.actions.pins import delete_pin, edit_pin, restore_pin, save_pin
from pinboard.exceptions import NotInTrash
from pinboard.models import Board, BoardEvent, Comment, Like, Pin
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_product,
    make_programme,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def coats(alice):
    return filled(make_board(alice, "Coats"), 3)


@pytest.fixture
def hats(alice):
    return make_board(alice, "Hats")


def filled(board, count, **fields):
    for _ in range(count):
        make_pin(board, **fields)
    Board.objects.filter(pk=board.pk).update(pin_count=count)
    board.refresh_from_db()
    return board


def pins_of(board):
    return Pin.objects.filter(board=board, deleted_at=None)


def counts(*boards):
    return [Board.objects.get(pk=board.pk).pin_count for board in boards]


def test_pins_are_moved_and_counted_and_moved_back(alice, coats, hats):
    two = pins_of(coats)[:2]
    deed = bulk.move_pins(
        pins=Pin.objects.filter(pk__in=[pin.pk for pin in two]), to=hats, by=alice
    )
    assert deed.count == 2
    assert counts(coats, hats) == [1, 2]
    assert bulk.undo(deed=deed.id, by=alice) == 2
    assert counts(coats, hats) == [3, 0]
    assert pins_of(coats).count() == 3


def test_copies_know_where_they_came_from_and_go_when_undone(alice, bob, coats, hats):
    pin = pins_of(coats)[0]
    Pin.objects.filter(pk=pin.pk).update(origin_pinner=bob)
    deed = bulk.copy_pins(pins=pins_of(coats), to=hats, by=alice)
    copy = Pin.objects.get(board=hats, via=pin)
    assert (copy.origin_pinner, copy.via_pinner, copy.state) == (bob, alice, "ready")
    assert copy.picture == pin.picture
    assert Pin.objects.get(pk=pin.pk).save_count == 1
    assert counts(coats, hats) == [3, 3]
    bulk.undo(deed=deed.id, by=alice)
    assert counts(coats, hats) == [3, 0]
    assert pins_of(coats).count() == 3


def test_what_was_deleted_at_once_comes_back_at_once_as_it_was(alice, bob, coats):
    pin = pins_of(coats)[0]
    Comment.objects.create(pin=pin, author=bob, text="Lovely")
    Like.objects.create(pin=pin, user=bob)
    deed = bulk.delete_pins(pins=pins_of(coats), by=alice)
    assert (pins_of(coats).count(), counts(coats)) == (0, [0])
    assert bulk.undo(deed=deed.id, by=alice) == 3
    assert (pins_of(coats).count(), counts(coats)) == (3, [3])
    assert Comment.objects.of(pin).count() == Like.objects.filter(pin=pin).count() == 1


def test_pins_of_others_are_left_alone(alice, bob, coats, hats):
    theirs = filled(make_board(bob, "Theirs"), 2)
    every = Pin.objects.all()
    assert bulk.delete_pins(pins=every, by=alice).count == 3
    assert bulk.move_pins(pins=every, to=hats, by=alice).count == 0
    assert pins_of(theirs).count() == 2


def test_nobody_copies_what_they_may_not_see(alice, bob, hats):
    secret = filled(make_board(bob, "Secret", visibility="secret"), 2)
    assert bulk.copy_pins(pins=pins_of(secret), to=hats, by=alice).count == 0


def test_nobody_undoes_the_deeds_of_others(alice, bob, coats):
    deed = bulk.delete_pins(pins=pins_of(coats), by=alice)
    for stranger, number in ((bob, deed.id), (alice, uuid.uuid4())):
        with pytest.raises(NotInTrash):
            bulk.undo(deed=number, by=stranger)


def test_what_was_moved_on_since_is_not_moved_back(alice, coats, hats):
    shoes = make_board(alice, "Shoes")
    deed = bulk.move_pins(pins=pins_of(coats), to=hats, by=alice)
    pin = pins_of(hats)[0]
    bulk.move_pins(pins=Pin.objects.filter(pk=pin.pk), to=shoes, by=alice)
    assert bulk.undo(deed=deed.id, by=alice) == 2
    assert list(pins_of(shoes)) == [pin]


def test_pictures_follow_from_public_to_secret(alice, coats):
    secret = make_board(alice, "Secret", visibility="secret")
    picture = pins_of(coats)[0].picture
    shown_elsewhere = pins_of(coats)[1].picture
    make_pin(make_board(alice), picture=shown_elsewhere)
    bulk.move_pins(pins=pins_of(coats), to=secret, by=alice)
    picture.refresh_from_db()
    shown_elsewhere.refresh_from_db()
    assert (picture.is_public, shown_elsewhere.is_public) == (False, True)


def test_copies_can_be_bought_a_moment_later(
    alice, hats, django_capture_on_commit_callbacks
):
    programme = make_programme()
    product = make_product(url="https://shop.example/coat")
    board = make_board(alice)
    make_pin(board, product=product)
    with django_capture_on_commit_callbacks(execute=True):
        bulk.copy_pins(pins=pins_of(board), to=hats, by=alice)
    link_saved([pin.pk for pin in pins_of(hats)])
    link = TrackingLink.objects.get(pin__board=hats)
    assert (link.beneficiary, link.programme) == (alice, programme)


@pytest.mark.parametrize("deed", ["delete", "move", "copy"])
def test_many_cost_as_many_questions_as_few(alice, hats, deed):
    asked = []
    for count in (2, 40):
        board = filled(make_board(alice, "Many"), count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            if deed == "delete":
                bulk.delete_pins(pins=pins_of(board), by=alice)
            elif deed == "move":
                bulk.move_pins(pins=pins_of(board), to=hats, by=alice)
            else:
                bulk.copy_pins(pins=pins_of(board), to=hats, by=alice)
        asked.append(len(queries))
    assert asked[0] == asked[1] < 20


def test_every_deed_is_written_down(alice, bob, coats, hats):
    pin = pins_of(coats)[0]
    edit_pin(pin=pin, by=alice, title="x", description="", alt="", board=hats)
    pin.refresh_from_db()
    delete_pin(pin=pin, by=alice)
    restore_pin(pin=pin, by=alice)
    told = BoardEvent.objects.filter(pin=pin).order_by("pk")
    assert [(event.board, event.kind) for event in told] == [
        (coats, "removed"),
        (hats, "added"),
        (hats, "removed"),
        (hats, "added"),
    ]
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    assert copy.board_events.get().actor == bob


# The page ---------------------------------------------------------------------------


def address(board):
    return f"/boards/{board.pk}/pins/"


def send(client, board, **fields):
    return client.post(address(board), fields, follow=True)


def test_the_owner_chooses_on_the_cards(client, alice, coats):
    client.force_login(alice)
    page = client.get(coats.get_absolute_url(), {"select": "1"}).content.decode()
    assert page.count('name="pin"') == 3
    assert 'data-bulk"' not in page
    assert "data-bulk" in page


@pytest.mark.parametrize("who", [None, "charlie"])
def test_nobody_else_chooses_anything(client, request, coats, who):
    if who:
        client.force_login(request.getfixturevalue(who))
    page = client.get(coats.get_absolute_url(), {"select": "1"}).content.decode()
    assert 'name="pin"' not in page
    answer = client.post(address(coats), {"deed": "delete", "all": "on"})
    assert answer.status_code == (404 if who else 302)
    assert pins_of(coats).count() == 3


def test_chosen_pins_go_and_come_back_by_undo(client, alice, coats):
    client.force_login(alice)
    pks = [pin.pk for pin in pins_of(coats)[:2]]
    page = send(client, coats, deed="delete", pin=pks).content.decode()
    assert "2 pins deleted." in page
    undo = page.split('action="/deeds/')[1].split('"')[0]
    page = client.post(f"/deeds/{undo}", follow=True).content.decode()
    assert "2 pins are back." in page
    assert pins_of(coats).count() == 3


def test_all_are_moved_to_another_board(client, alice, coats, hats):
    client.force_login(alice)
    page = send(client, coats, deed="move", all="on", to=hats.pk).content.decode()
    assert "3 pins moved to Hats." in page
    assert counts(coats, hats) == [0, 3]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"deed": "delete"}, "Choose the pins first."),
        ({"deed": "delete", "pin": ["x", "9" * 40, "-1", "\0"]}, "Choose the pins"),
        ({"deed": "move", "all": "on"}, "Choose the board they go to."),
        ({"deed": "burn", "all": "on"}, ""),
    ],
)
def test_what_cannot_be_done_is_said_and_keeps_the_choice(
    client, alice, coats, hats, fields, sentence
):
    client.force_login(alice)
    chosen = pins_of(coats)[0].pk
    if "pin" not in fields and fields["deed"] == "move":
        fields = {"deed": "move", "pin": [chosen]}
    answer = client.post(address(coats), fields)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    if fields.get("pin") == [chosen]:
        assert f'value="{chosen}" form="bulk" checked' in page
    assert pins_of(coats).count() == 3


def test_a_board_of_somebody_else_is_no_place_to_move_to(client, alice, bob, coats):
    client.force_login(alice)
    theirs = make_board(bob)
    answer = client.post(address(coats), {"deed": "move", "all": "1", "to": theirs.pk})
    assert answer.status_code == 422
    assert pins_of(theirs).count() == 0


# The trash --------------------------------------------------------------------------


def test_the_trash_shows_ones_own_and_gives_it_back(client, alice, coats, hats):
    pin = pins_of(coats)[0]
    delete_pin(pin=pin, by=alice)
    filled(hats, 2)
    delete_board(board=hats, by=alice)
    client.force_login(alice)
    page = client.get("/trash/").content.decode()
    assert pin.title in page
    assert "Hats" in page
    client.post(f"/pins/{pin.pk}/restore/")
    client.post(f"/boards/{hats.pk}/restore/")
    assert counts(coats, hats) == [3, 2]
    assert client.get(hats.get_absolute_url()).status_code == 200
    assert "Nothing was thrown away" in client.get("/trash/").content.decode()


def test_the_trash_is_emptied_for_good(client, alice, coats):
    bulk.delete_pins(pins=pins_of(coats), by=alice)
    client.force_login(alice)
    client.post("/trash/empty/")
    assert "Nothing was thrown away" in client.get("/trash/").content.decode()
    pin = Pin.objects.filter(board=coats).first()
    with pytest.raises(NotInTrash):
        restore_pin(pin=pin, by=alice)


def test_a_stranger_sees_and_restores_nothing_of_it(client, alice, charlie, coats):
    delete_pin(pin=pins_of(coats)[0], by=alice)
    delete_board(board=coats, by=alice)
    assert client.get("/trash/").status_code == 302
    client.force_login(charlie)
    assert "Coats" not in client.get("/trash/").content.decode()
    assert client.post(f"/boards/{coats.pk}/restore/").status_code == 404


def test_the_trash_costs_the_same_for_one_and_twenty(
    client, alice, django_assert_max_num_queries
):
    for count in (1, 20):
        board = filled(make_board(alice, "More"), count, picture=make_picture())
        bulk.delete_pins(pins=pins_of(board), by=alice)
        client.force_login(alice)
        with django_assert_max_num_queries(8):
            client.get("/trash/")


def test_after_thirty_days_a_board_is_gone_for_good(client, alice, coats):
    delete_board(board=coats, by=alice)
    Board.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    client.force_login(alice)
    assert client.post(f"/boards/{coats.pk}/restore/").status_code == 404
