"""A board's own order, its sections and its cover."""

import random

import pytest
from django.db import IntegrityError, transaction

from pinboard.actions import arranging, bulk
from pinboard.actions.pins import delete_pin, edit_pin, restore_pin
from pinboard.exceptions import NoLongerThere
from pinboard.models import Board, BoardSection, Pin
from tests.factories import make_board, make_pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(alice):
    return make_board(alice, "Coats")


@pytest.fixture
def pins(board):
    """The oldest first, so the last one is on top."""
    return [make_pin(board, title=f"P{number}") for number in range(5)]


def order(board):
    own = Pin.objects.filter(board=board, deleted_at=None).order_by("-place")
    return [pin.title for pin in own]


def test_what_is_new_is_on_top(board, pins):
    assert order(board) == ["P4", "P3", "P2", "P1", "P0"]


@pytest.mark.parametrize(
    ("number", "way", "beside", "expected"),
    [
        (0, "first", None, "P0 P4 P3 P2 P1"),
        (2, "up", None, "P4 P2 P3 P1 P0"),
        (2, "down", None, "P4 P3 P1 P2 P0"),
        (4, "up", None, "P4 P3 P2 P1 P0"),
        (0, "down", None, "P4 P3 P2 P1 P0"),
        (0, "before", 3, "P4 P0 P3 P2 P1"),
        (4, "after", 0, "P3 P2 P1 P0 P4"),
        (4, "after", 2, "P3 P2 P4 P1 P0"),
        (1, "before", 4, "P1 P4 P3 P2 P0"),
    ],
)
def test_a_pin_goes_where_it_is_put(alice, board, pins, number, way, beside, expected):
    target = pins[beside] if beside is not None else None
    arranging.arrange(pin=pins[number], by=alice, way=way, beside=target)
    assert order(board) == expected.split()
    board.refresh_from_db()
    assert board.sort == "own"


def test_it_is_one_small_write(alice, board, pins, django_assert_max_num_queries):
    with django_assert_max_num_queries(10) as asked:
        arranging.arrange(pin=pins[0], by=alice, way="before", beside=pins[3])
    writes = [q for q in asked if q["sql"].startswith("UPDATE") and "_pin" in q["sql"]]
    assert len(writes) == 1


def test_where_there_is_no_room_left_the_board_is_spread_once(alice, board, pins):
    for place, pin in enumerate(pins, start=1):
        Pin.objects.filter(pk=pin.pk).update(place=place)
    arranging.arrange(pin=pins[4], by=alice, way="after", beside=pins[1])
    assert order(board) == ["P3", "P2", "P1", "P4", "P0"]


def test_any_moves_end_as_in_a_list(alice, board, pins):
    chance = random.Random(7)
    shown = list(reversed(pins))
    for _ in range(120):
        pin, beside = chance.sample(pins, 2)
        way = chance.choice(["before", "after"])
        shown.remove(pin)
        shown.insert(shown.index(beside) + (way == "after"), pin)
        arranging.arrange(pin=pin, by=alice, way=way, beside=beside)
        assert order(board) == [pin.title for pin in shown]


def test_what_comes_out_of_the_trash_has_its_place_again(alice, board, pins):
    arranging.arrange(pin=pins[0], by=alice, way="after", beside=pins[3])
    pins[0].refresh_from_db()
    delete_pin(pin=pins[0], by=alice)
    arranging.arrange(pin=pins[1], by=alice, way="after", beside=pins[3])
    restore_pin(pin=pins[0], by=alice)
    assert order(board).index("P0") - order(board).index("P3") <= 2


def test_a_pin_from_another_board_comes_on_top_and_into_no_section(alice, board, pins):
    other = make_board(alice)
    section = arranging.add_section(board=other, by=alice, title="Shoes")
    pin = make_pin(other, title="New", section=section)
    make_pin(board, title="Newer")
    edit_pin(pin=pin, by=alice, title="New", description="", alt="", board=board)
    assert order(board)[0] == "New"
    assert Pin.objects.get(pk=pin.pk).section is None


def test_nobody_arranges_by_pins_of_another_board_or_person(alice, bob, board, pins):
    theirs = make_pin(make_board(bob))
    with pytest.raises(NoLongerThere):
        arranging.arrange(pin=pins[0], by=alice, way="before", beside=theirs)
    with pytest.raises(NoLongerThere):
        arranging.arrange(pin=pins[0], by=bob, way="first")


def test_the_database_keeps_two_pins_from_one_place(board, pins):
    with (
        pytest.raises(IntegrityError, match="one_pin_at_a_place"),
        transaction.atomic(),
    ):
        Pin.objects.update(place=5)


# Pages ------------------------------------------------------------------------------


def titles(page):
    return [f"P{number}" for number in range(5) if f">P{number}<" in page]


def shown_order(client, board, **query):
    page = client.get(board.get_absolute_url(), query).content.decode()
    places = {page.index(f">P{n}<"): f"P{n}" for n in range(5) if f">P{n}<" in page}
    return [places[at] for at in sorted(places)]


def test_the_order_survives_a_reload_for_everybody(client, alice, board, pins):
    client.force_login(alice)
    answer = client.post(f"/pins/{pins[0].pk}/place/", {"way": "first"})
    assert answer.status_code == 302
    client.logout()
    assert shown_order(client, board) == ["P0", "P4", "P3", "P2", "P1"]
    newest = shown_order(client, board, order="newest")
    assert newest == ["P4", "P3", "P2", "P1", "P0"]
    assert shown_order(client, board, order="oldest") == newest[::-1]


def test_pages_of_ones_own_order_go_on_by_key(client, alice, board):
    made = [make_pin(board, title=f"Q{number:02}") for number in range(30)]
    arranging.arrange(pin=made[0], by=alice, way="first")
    first = client.get(board.get_absolute_url()).content.decode()
    cursor = first.split("?cursor=")[1].split('"')[0]
    second = client.get(board.get_absolute_url(), {"cursor": cursor}).content.decode()
    seen = [n for n in range(30) if f">Q{n:02}<" in first]
    rest = [n for n in range(30) if f">Q{n:02}<" in second]
    assert 0 in seen
    assert sorted(seen + rest) == list(range(30))


@pytest.mark.parametrize(
    "fields",
    [{}, {"way": "sideways"}, {"way": "before"}, {"way": "after", "beside": "x"}],
)
def test_a_place_that_is_none_changes_nothing(client, alice, board, pins, fields):
    client.force_login(alice)
    client.post(f"/pins/{pins[0].pk}/place/", fields)
    assert order(board) == ["P4", "P3", "P2", "P1", "P0"]


@pytest.mark.parametrize("who", [None, "charlie"])
@pytest.mark.parametrize("what", ["place", "cover"])
def test_nobody_else_arranges(client, request, board, pins, who, what):
    if who:
        client.force_login(request.getfixturevalue(who))
    answer = client.post(f"/pins/{pins[0].pk}/{what}/", {"way": "first"})
    assert answer.status_code == (404 if who else 302)
    page = client.get(board.get_absolute_url(), {"arrange": "1"}).content.decode()
    assert "data-handle" not in page
    assert order(board)[0] == "P4"


def test_the_cover_is_chosen_and_given_back(client, alice, board, pins):
    client.force_login(alice)
    client.post(f"/pins/{pins[1].pk}/cover/")
    board.refresh_from_db()
    assert board.cover == pins[1]
    page = client.get("/people/alice/").content.decode()
    first = page.split('class="cover"')[1].split("<img")[1]
    assert pins[1].picture.name[:20] in first
    client.post(f"/pins/{pins[1].pk}/cover/")
    board.refresh_from_db()
    assert board.cover is None


def test_sections_are_made_filled_shown_renamed_and_deleted(client, alice, board, pins):
    client.force_login(alice)
    client.post(f"/boards/{board.pk}/sections/", {"title": "Evening"})
    section = BoardSection.objects.get()
    fields = {"deed": "section", "section": section.pk, "pin": [pins[0].pk, pins[2].pk]}
    page = client.post(f"/boards/{board.pk}/pins/", fields, follow=True)
    assert "2 pins put into Evening." in page.content.decode()
    assert shown_order(client, board, section=section.pk) == ["P2", "P0"]
    page = client.get(board.get_absolute_url()).content.decode()
    assert "Evening" in page
    client.post(f"/sections/{section.pk}/edit/", {"title": "Night"})
    section.refresh_from_db()
    assert section.title == "Night"
    client.post(f"/sections/{section.pk}/delete/")
    assert not BoardSection.objects.exists()
    assert len(order(board)) == 5


@pytest.mark.parametrize("title", ["", " \u200b", "x" * 81, "Evening", "a\0b"])
def test_a_section_needs_a_title_of_its_own(client, alice, board, title):
    arranging.add_section(board=board, by=alice, title="Evening")
    client.force_login(alice)
    answer = client.post(f"/boards/{board.pk}/sections/", {"title": title})
    assert answer.status_code == 422
    assert "error" in answer.content.decode()
    assert BoardSection.objects.count() == 1


@pytest.mark.parametrize("who", [None, "charlie"])
def test_nobody_else_sees_or_changes_how_sections_are_made(
    client, request, alice, board, who
):
    section = arranging.add_section(board=board, by=alice, title="Evening")
    if who:
        client.force_login(request.getfixturevalue(who))
    for address in (f"/boards/{board.pk}/sections/", f"/sections/{section.pk}/edit/"):
        assert client.get(address).status_code == (404 if who else 302)
        assert client.post(address, {"title": "x"}).status_code == (404 if who else 302)
    client.post(f"/sections/{section.pk}/delete/")
    assert BoardSection.objects.get().title == "Evening"


def test_the_sections_of_a_secret_board_are_a_secret(client, alice, charlie):
    board = make_board(alice, visibility="secret")
    arranging.add_section(board=board, by=alice, title="Ring sizes")
    client.force_login(charlie)
    assert client.get(board.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("section", ["0", "x", "999999999999999999999"])
def test_a_section_that_is_none_of_the_boards_is_not_found(client, board, section):
    assert client.get(board.get_absolute_url(), {"section": section}).status_code == 404


def test_sections_cost_the_page_no_query(
    client, alice, board, pins, django_assert_max_num_queries
):
    for number in range(8):
        section = arranging.add_section(board=board, by=alice, title=f"S{number}")
        bulk.put_in_section(
            pins=Pin.objects.filter(board=board), section=section, by=alice
        )
    with django_assert_max_num_queries(4):
        client.get(Board.objects.get().get_absolute_url())
