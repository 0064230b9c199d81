"""The order of one's boards on one's profile."""

import random

import pytest

from pinboard.actions.arranging import arrange_board
from pinboard.actions.boards import delete_board, restore_board
from pinboard.exceptions import NoLongerThere
from pinboard.models import Board
from tests.factories import make_board, make_pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def boards(alice):
    """The oldest first, so the last one is on top."""
    return [make_board(alice, f"B{number}") for number in range(5)]


def order(owner):
    own = Board.objects.filter(owner=owner, deleted_at=None).order_by("-place")
    return [board.title for board in own]


def shown(client, **query):
    page = client.get("/people/alice/", query).content.decode()
    places = {page.find(f">B{n}</a>"): f"B{n}" for n in range(5)}
    return [places[at] for at in sorted(places) if at > 0]


def test_a_new_board_is_on_top(client, alice, boards):
    assert shown(client) == ["B4", "B3", "B2", "B1", "B0"]


@pytest.mark.parametrize(
    ("number", "way", "beside", "expected"),
    [
        (0, "first", None, "B0 B4 B3 B2 B1"),
        (2, "up", None, "B4 B2 B3 B1 B0"),
        (2, "down", None, "B4 B3 B1 B2 B0"),
        (4, "up", None, "B4 B3 B2 B1 B0"),
        (0, "before", 3, "B4 B0 B3 B2 B1"),
        (4, "after", 0, "B3 B2 B1 B0 B4"),
    ],
)
def test_a_board_goes_where_it_is_put_for_everybody(
    client, alice, boards, number, way, beside, expected
):
    client.force_login(alice)
    fields = {"way": way}
    if beside is not None:
        fields["beside"] = boards[beside].pk
    answer = client.post(f"/boards/{boards[number].pk}/place/", fields)
    assert answer["Location"] == "/people/alice/"
    client.logout()
    assert shown(client) == expected.split()


def test_it_is_one_small_write(alice, boards, django_assert_max_num_queries):
    with django_assert_max_num_queries(8) as asked:
        arrange_board(board=boards[0], by=alice, way="before", beside=boards[3])
    assert len([q for q in asked if q["sql"].startswith("UPDATE")]) == 1


def test_where_there_is_no_room_left_all_are_spread_once(alice, boards):
    for place, board in enumerate(boards, start=1):
        Board.objects.filter(pk=board.pk).update(place=place)
    arrange_board(board=boards[4], by=alice, way="after", beside=boards[1])
    assert order(alice) == ["B3", "B2", "B1", "B4", "B0"]
    make_board(alice, "B9")
    assert order(alice)[0] == "B9"


def test_any_moves_end_as_in_a_list(alice, boards):
    chance = random.Random(7)
    wanted = list(reversed(boards))
    for _ in range(80):
        board, beside = chance.sample(boards, 2)
        way = chance.choice(["before", "after"])
        wanted.remove(board)
        wanted.insert(wanted.index(beside) + (way == "after"), board)
        arrange_board(board=board, by=alice, way=way, beside=beside)
        assert order(alice) == [board.title for board in wanted]


def test_what_comes_out_of_the_trash_has_its_place_again(alice, boards):
    arrange_board(board=boards[0], by=alice, way="first")
    delete_board(board=boards[0], by=alice)
    arrange_board(board=boards[1], by=alice, way="first")
    restore_board(board=boards[0], by=alice)
    assert order(alice) == ["B1", "B0", "B4", "B3", "B2"]


def test_pages_of_boards_go_on_by_key(client, alice):
    made = [make_board(alice, f"Q{number:02}") for number in range(30)]
    arrange_board(board=made[0], by=alice, way="first")
    first = client.get("/people/alice/").content.decode()
    cursor = first.split("?cursor=")[1].split('"')[0]
    second = client.get("/people/alice/", {"cursor": cursor}).content.decode()
    seen = [n for n in range(30) if f">Q{n:02}<" in first]
    rest = [n for n in range(30) if f">Q{n:02}<" in second]
    assert 0 in seen
    assert sorted(seen + rest) == list(range(30))


@pytest.mark.parametrize(
    "fields",
    [{}, {"way": "sideways"}, {"way": "before"}, {"way": "after", "beside": "x"}],
)
def test_a_place_that_is_none_changes_nothing(client, alice, boards, fields):
    client.force_login(alice)
    answer = client.post(f"/boards/{boards[0].pk}/place/", fields)
    assert answer.status_code == 302
    assert order(alice) == ["B4", "B3", "B2", "B1", "B0"]


@pytest.mark.parametrize("who", [None, "bob"])
def test_nobody_else_arranges(client, request, boards, who):
    if who:
        client.force_login(request.getfixturevalue(who))
    answer = client.post(f"/boards/{boards[0].pk}/place/", {"way": "first"})
    assert answer.status_code == (404 if who else 302)
    page = client.get("/people/alice/", {"arrange": "1"}).content.decode()
    assert "data-handle" not in page
    assert shown(client)[0] == "B4"


def test_nobody_arranges_by_boards_of_another(alice, bob, boards):
    theirs = make_board(bob)
    with pytest.raises(NoLongerThere):
        arrange_board(board=boards[0], by=alice, way="before", beside=theirs)
    with pytest.raises(NoLongerThere):
        arrange_board(board=boards[0], by=bob, way="first")


def test_the_owner_is_offered_it_and_others_are_not(client, alice, bob, boards):
    client.force_login(alice)
    assert "arrange=1" in client.get("/people/alice/").content.decode()
    page = client.get("/people/alice/?arrange=1").content.decode()
    assert page.count("data-handle") == 5
    client.force_login(bob)
    assert "arrange=1" not in client.get("/people/alice/").content.decode()


@pytest.mark.parametrize("count", [1, 20])
def test_the_profile_asks_as_much_for_many_as_for_one(
    client, alice, count, django_assert_max_num_queries
):
    for _ in range(count):
        make_pin(make_board(alice))
    client.force_login(alice)
    client.get("/people/alice/")
    with django_assert_max_num_queries(6):
        client.get("/people/alice/?arrange=1")
