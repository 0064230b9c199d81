import pytest

from pinboard.discovery.keyset import BadCursor, page_of
from pinboard.models import Board
from tests.factories import make_board


def test_a_new_row_between_two_pages_repeats_nothing(alice):
    for number in range(5):
        make_board(alice, title=f"Board {number}")
    first = page_of(Board.objects.all(), None, size=3)
    make_board(alice, title="New")
    second = page_of(Board.objects.all(), first.next_cursor, size=3)
    titles = [board.title for board in first.items + second.items]
    assert titles == [f"Board {n}" for n in (4, 3, 2, 1, 0)]
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "%00", "9" * 400, "eDk5", "👠"])
@pytest.mark.django_db
def test_a_cursor_of_somebody_else_is_refused(cursor):
    with pytest.raises(BadCursor):
        page_of(Board.objects.all(), cursor)
