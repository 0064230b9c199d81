"""Products at points of a picture: the rules that hold whoever asks for them."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from pinboard.actions import bulk
from pinboard.actions.pins import delete_pin, restore_pin, save_pin
from pinboard.actions.points import add_point, move_point, remove_point
from pinboard.exceptions import (
    NoLongerThere,
    PinNotReady,
    ProductInPicture,
    TooManyPoints,
)
from pinboard.models import BoardMember, Pin, PinPoint
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_point,
    make_product,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="A room", product=make_product())


def numbered(pin):
    return list(pin.points.values_list("number", "product"))


def count_of(pin):
    return Pin.objects.get(pk=pin.pk).point_count


def test_products_are_numbered_in_the_order_they_came(pin, alice):
    lamp, rug = make_product(title="Lamp"), make_product(title="Rug")
    for product in (lamp, rug):
        add_point(pin=pin, product=product, x=2500, y=7500, by=alice)
    assert numbered(pin) == [(1, lamp.pk), (2, rug.pk)]
    assert count_of(pin) == 2
    assert Pin.objects.get(pk=pin.pk).product == pin.product


def test_a_product_stands_in_a_picture_once(pin, alice):
    product = make_product()
    add_point(pin=pin, product=product, x=0, y=0, by=alice)
    with pytest.raises(ProductInPicture):
        add_point(pin=pin, product=product, x=9000, y=0, by=alice)
    assert count_of(pin) == 1


def test_a_picture_holds_twelve_products(pin, alice):
    for _ in range(12):
        add_point(pin=pin, product=make_product(), x=1, y=1, by=alice)
    with pytest.raises(TooManyPoints):
        add_point(pin=pin, product=make_product(), x=1, y=1, by=alice)
    assert count_of(pin) == 12


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"x": 10_001}, "point_lies_in_the_picture"),
        ({"y": 10_001}, "point_lies_in_the_picture"),
        ({"number": 13}, "at_most_twelve_points_a_pin"),
        ({"number": 0}, "at_most_twelve_points_a_pin"),
    ],
)
def test_the_database_refuses_what_no_page_sends(pin, fields, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_point(pin, **fields)
    make_point(pin, x=10_000, y=0, number=12)


def test_a_point_that_goes_closes_the_gap_behind_it(pin, alice):
    points = [make_point(pin) for _ in range(4)]
    remove_point(point=points[1], by=alice)
    left = [points[0], points[2], points[3]]
    assert numbered(pin) == [(n, p.product_id) for n, p in enumerate(left, start=1)]
    assert count_of(pin) == 3
    with pytest.raises(NoLongerThere):
        remove_point(point=points[1], by=alice)


def test_the_gap_of_a_product_that_is_deleted_is_filled(pin, alice):
    points = [make_point(pin) for _ in range(3)]
    points[1].product.delete()
    lamp = make_product()
    add_point(pin=pin, product=lamp, x=1, y=1, by=alice)
    there = [points[0].product_id, lamp.pk, points[2].product_id]
    assert numbered(pin) == list(enumerate(there, start=1))
    assert count_of(pin) == 3


def test_a_picture_that_is_still_made_takes_no_product(alice):
    pin = make_pin(
        make_board(alice), state="processing", picture=make_picture(is_ready=False)
    )
    with pytest.raises(PinNotReady):
        add_point(pin=pin, product=make_product(), x=1, y=1, by=alice)
    assert not pin.points.exists()


def test_a_point_is_moved(pin, alice):
    point = make_point(pin)
    move_point(point=point, x=10_000, y=0, by=alice)
    point.refresh_from_db()
    assert (point.x, point.y) == (10_000, 0)


def test_who_may_not_change_the_pin_may_not_touch_its_points(pin, bob):
    point = make_point(pin)
    for deed in (
        lambda: add_point(pin=pin, product=make_product(), x=1, y=1, by=bob),
        lambda: move_point(point=point, x=1, y=1, by=bob),
        lambda: remove_point(point=point, by=bob),
    ):
        with pytest.raises(NoLongerThere):
            deed()
    assert numbered(pin) == [(1, point.product_id)]


def test_an_editor_of_the_board_may(pin, bob):
    BoardMember.objects.create(
        board=pin.board, user=bob, role="editor", accepted_at=timezone.now()
    )
    add_point(pin=pin, product=make_product(), x=1, y=1, by=bob)
    assert count_of(pin) == 1


def test_a_saved_pin_keeps_the_points_and_who_found_them(pin, bob, charlie):
    points = [make_point(pin) for _ in range(3)]
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    again = save_pin(pin=copy, board=make_board(charlie), by=charlie)
    for one in (copy, again):
        kept = [(p.product_id, p.x, p.y, p.number) for p in one.points.all()]
        assert kept == [(p.product_id, p.x, p.y, p.number) for p in points]
        assert {p.origin_pinner for p in one.points.all()} == {pin.pinner}
        assert count_of(one) == 3
        assert one.product == pin.product


def test_the_copy_lives_on_when_the_first_pin_changes(pin, alice, bob):
    point = make_point(pin)
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    remove_point(point=point, by=alice)
    assert count_of(copy) == 1
    pin.delete()
    assert copy.points.get().origin_pinner == alice


def test_who_takes_a_product_off_a_copy_and_puts_it_back_has_not_found_it(
    pin, alice, bob
):
    point = make_point(pin)
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    remove_point(point=copy.points.get(), by=bob)
    back = add_point(pin=copy, product=point.product, x=1, y=1, by=bob)
    own = add_point(pin=copy, product=make_product(), x=1, y=1, by=bob)
    assert back.origin_pinner == alice
    assert own.origin_pinner is None


@pytest.mark.parametrize("count", [1, 20])
def test_many_copies_ask_as_little_as_one(
    alice, bob, count, django_assert_max_num_queries
):
    board, to = make_board(alice), make_board(bob)
    for _ in range(count):
        make_point(make_pin(board))
    with django_assert_max_num_queries(24):
        bulk.copy_pins(pins=Pin.objects.filter(board=board), to=to, by=bob)
    copies = Pin.objects.filter(board=to)
    assert [copy.point_count for copy in copies] == [1] * count
    assert PinPoint.objects.filter(pin__in=copies).count() == count


def test_the_trash_keeps_them(pin, alice):
    points = [make_point(pin) for _ in range(2)]
    delete_pin(pin=pin, by=alice)
    restored = restore_pin(pin=pin, by=alice)
    assert list(restored.points.all()) == points
    assert restored.point_count == 2


def test_a_pin_is_found_by_what_is_in_its_picture(pin, alice, bob, client):
    def found():
        html = client.get("/search/", {"q": "umbrella"}).content.decode()
        return {int(key) for key in re.findall(r'data-pin-id="(\d+)"', html)}

    stand = make_product(title="Umbrella stand")
    point = add_point(pin=pin, product=stand, x=1, y=1, by=alice)
    assert found() == {pin.pk}
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    remove_point(point=point, by=alice)
    assert found() == {copy.pk}
