"""The page on which products are put into a picture, with forms alone."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from pinboard.actions.products import index_product
from pinboard.models import Board, BoardMember, Pin, PointReadJob
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_point,
    make_product,
    make_shop,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="A room")


@pytest.fixture
def place(pin):
    return f"/pins/{pin.pk}/products/"


@pytest.fixture
def hers(alice):
    client = Client()
    client.force_login(alice)
    return client


def points_of(pin):
    return [(p.product_id, p.x, p.y) for p in pin.points.all()]


def errors_in(answer):
    return re.findall(r'class="err error".*?<span>(.*?)</span>', text_of(answer), re.S)


def text_of(answer):
    return answer.content.decode()


def offered(answer):
    """The products that the page offers, by their keys."""
    found = text_of(answer).partition('id="found"')[2]
    return [int(key) for key in re.findall(r'name="product" value="(\d+)"', found)]


def test_a_product_is_put_at_one_of_nine_places(hers, place, pin):
    lamp = make_product()
    answer = hers.post(place, {"product": lamp.pk, "spot": "right-top"})
    assert answer.status_code == 302
    assert answer["Location"] == place
    assert points_of(pin) == [(lamp.pk, 8333, 1667)]


def test_or_where_two_numbers_say(hers, place, pin):
    lamp = make_product()
    where = {"spot": "middle", "across": "35.27", "down": "4"}
    hers.post(place, {"product": lamp.pk, **where})
    assert points_of(pin) == [(lamp.pk, 3527, 400)]


def test_words_find_a_product_and_keep_the_place(hers, place):
    lamp = make_product(title="Paper lamp")
    index_product(lamp)
    asked = {"q": "lamp", "spot": "", "across": "10", "down": "20"}
    answer = hers.post(place, asked, follow=True)
    assert answer.status_code == 200
    assert offered(answer) == [lamp.pk]
    assert 'value="10"' in text_of(answer)
    assert 'value="20"' in text_of(answer)
    assert 'value="lamp"' in text_of(answer)


def test_words_that_find_nothing_say_what_to_do(hers, place):
    answer = hers.get(place, {"q": "zanzibar"})
    assert offered(answer) == []
    assert "No product is called" in text_of(answer)


def test_the_address_of_a_known_product_is_enough(hers, place, pin):
    lamp = make_product()
    hers.post(place, {"q": lamp.url + "?utm_source=x", "spot": "middle"})
    assert points_of(pin) == [(lamp.pk, 5000, 5000)]
    assert not PointReadJob.objects.exists()


def test_an_address_that_nobody_knows_is_read_by_a_worker(hers, place, pin, alice):
    url = "https://shop.example/new-lamp"
    answer = hers.post(place, {"q": url, "spot": "middle"}, follow=True)
    job = PointReadJob.objects.get()
    assert (job.pin, job.by, job.url, job.x, job.y) == (pin, alice, url, 5000, 5000)
    assert "Reading the page of the product" in text_of(answer)
    assert '<meta http-equiv="refresh"' in text_of(answer)
    assert points_of(pin) == []


def test_what_went_wrong_with_an_address_is_said_and_dismissed(hers, place, pin, bob):
    hers.post(place, {"q": "https://shop.example/x", "spot": "middle"})
    job = PointReadJob.objects.get()
    job.fail("no_product")
    html = text_of(hers.get(place))
    assert "This page names no product with a price" in html
    dismiss = f"/points/waiting/{job.pk}/dismiss/"
    his = Client()
    his.force_login(bob)
    assert his.post(dismiss).status_code == 404
    assert hers.post(dismiss).status_code == 302
    assert not PointReadJob.objects.exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"spot": "middle"}, "Type a product&#x27;s name, or paste its address."),
        ({"spot": "middle", "q": "  "}, "Type a product"),
        ({"spot": "middle", "product": "999999"}, "There is no such product."),
        ({"spot": "middle", "product": "x"}, "There is no such product."),
        ({"q": "lamp"}, "Choose where in the picture it is."),
        ({"q": "lamp", "across": "5"}, "Give both numbers, or none."),
        ({"q": "lamp", "across": "500", "down": "1"}, "less than or equal to 100"),
        ({"q": "lamp", "across": "-1", "down": "1"}, "greater than or equal to 0"),
        ({"q": "lamp", "across": "NaN", "down": "1"}, "Enter a number."),
        ({"q": "lamp", "spot": "moon"}, "Select a valid choice"),
        ({"q": "la\0mp", "spot": "middle"}, "Null characters"),
        ({"q": "http://127.0.0.1/x", "spot": "middle"}, "could not be opened"),
        ({"q": "x" * 3000, "spot": "middle"}, "at most 2000 characters"),
    ],
)
def test_bad_input_is_answered_by_a_sentence(hers, place, pin, fields, error):
    answer = hers.post(place, fields)
    assert answer.status_code == 422
    assert any(error in shown for shown in errors_in(answer)), errors_in(answer)
    if fields.get("q", "").strip() and "\0" not in fields["q"]:
        assert fields["q"] in text_of(answer)
    assert points_of(pin) == []


def test_no_query_breaks_the_page(hers, place):
    for q in ("x" * 5000, "'", "%", "&", "https://"):
        assert hers.get(place, {"q": q, "across": q, "spot": q}).status_code == 200


def test_the_same_product_twice_and_a_thirteenth_are_refused(hers, place, pin):
    point = make_point(pin)
    answer = hers.post(place, {"product": point.product_id, "spot": "middle"})
    assert answer.status_code == 422
    assert "in the picture already" in text_of(answer)
    for _ in range(11):
        make_point(pin)
    answer = hers.post(place, {"product": make_product().pk, "spot": "middle"})
    assert answer.status_code == 422
    assert "at most 12 products" in text_of(answer)
    assert pin.points.count() == 12
    assert "Find or add" not in text_of(hers.get(place))


def test_a_point_is_moved_by_its_form_and_by_a_script(hers, place, pin):
    point = make_point(pin)
    move = f"/points/{point.pk}/move/"
    assert hers.post(move, {"spot": "left-bottom"}).status_code == 302
    assert points_of(pin) == [(point.product_id, 1667, 8333)]
    quiet = {"across": "33.333333333333336", "down": "0", "quiet": "1"}
    assert hers.post(move, quiet).status_code == 204
    assert points_of(pin) == [(point.product_id, 3333, 0)]
    answer = hers.post(move, {"across": "101", "down": "0"})
    assert answer.status_code == 422
    assert 'class="row-move" open' in text_of(answer)
    assert 'value="101"' in text_of(answer)
    assert errors_in(answer)
    assert points_of(pin) == [(point.product_id, 3333, 0)]


def test_a_point_is_removed(hers, place, pin):
    first, second = make_point(pin), make_point(pin)
    answer = hers.post(f"/points/{first.pk}/remove/", follow=True)
    assert points_of(pin) == [(second.product_id, second.x, second.y)]
    assert f"{first.product.title} is no longer in the picture." in text_of(answer)
    assert hers.post(f"/points/{first.pk}/remove/").status_code == 404


def test_one_is_offered_ones_own(hers, place, pin, alice, bob):
    kept = make_product(make_shop(owner=alice))
    pinned = make_pin(pin.board, product=make_product()).product
    theirs = make_pin(make_board(bob), product=make_product()).product
    there = make_point(pin, make_product(kept.shop)).product
    answer = hers.get(place)
    assert set(offered(answer)) == {kept.pk, pinned.pk}
    assert theirs.pk not in offered(answer)
    assert there.pk not in offered(answer)


def deeds_on(pin, point):
    lamp = make_product()
    return [
        ("get", f"/pins/{pin.pk}/products/", {}),
        ("post", f"/pins/{pin.pk}/products/", {"product": lamp.pk, "spot": "middle"}),
        ("post", f"/points/{point.pk}/move/", {"spot": "middle"}),
        ("post", f"/points/{point.pk}/remove/", {}),
    ]


@pytest.mark.parametrize("visibility", ["public", "secret"])
@pytest.mark.parametrize("who", ["stranger", "viewer", "signed out"])
def test_others_may_do_nothing(pin, bob, who, visibility):
    Board.objects.filter(pk=pin.board_id).update(visibility=visibility)
    point = make_point(pin)
    client = Client()
    if who != "signed out":
        client.force_login(bob)
    if who == "viewer":
        join(pin.board, bob, "viewer")
    for method, address, fields in deeds_on(pin, point):
        answer = getattr(client, method)(address, fields)
        if who == "signed out":
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")
        else:
            assert answer.status_code == 404
    assert points_of(pin) == [(point.product_id, point.x, point.y)]


@pytest.mark.parametrize("who", ["owner", "editor"])
def test_owner_and_editor_may(pin, alice, bob, who):
    client = Client()
    client.force_login(alice if who == "owner" else bob)
    join(pin.board, bob, "editor")
    for method, address, fields in deeds_on(pin, make_point(pin)):
        assert getattr(client, method)(address, fields).status_code in (200, 302)
    assert len(points_of(pin)) == 1


def join(board, user, role):
    BoardMember.objects.create(
        board=board, user=user, role=role, accepted_at=timezone.now()
    )


def test_a_picture_that_is_still_made_waits_on_its_own_page(hers, alice):
    pin = make_pin(
        make_board(alice), state="processing", picture=make_picture(is_ready=False)
    )
    answer = hers.get(f"/pins/{pin.pk}/products/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/pins/{pin.pk}/"


def test_the_way_there_is_shown_to_who_may_go_it(hers, pin, bob):
    link = f'href="/pins/{pin.pk}/products/"'
    assert link in text_of(hers.get(pin.get_absolute_url()))
    his = Client()
    his.force_login(bob)
    assert link not in text_of(his.get(pin.get_absolute_url()))
    make_point(pin)
    assert link in text_of(hers.get(pin.get_absolute_url()))
    assert link not in text_of(his.get(pin.get_absolute_url()))


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_asks_the_same_for_one_product_and_for_twelve(
    hers, place, pin, count, django_assert_num_queries
):
    for _ in range(count):
        make_point(pin)
        make_pin(pin.board, product=make_product())
    hers.get(place)
    with django_assert_num_queries(7):
        hers.get(place)


@pytest.mark.parametrize("count", [1, 20])
def test_cards_say_how_many_products_and_ask_nothing_for_it(
    client, alice, count, django_assert_num_queries
):
    board = make_board(alice)
    for _ in range(count):
        pin = make_pin(board)
        for _ in range(3):
            make_point(pin)
    place = board.get_absolute_url()
    client.get(place)
    with django_assert_num_queries(4):
        html = text_of(client.get(place))
    assert html.count("3 products") == count
    assert Pin.objects.filter(point_count=3).count() == count
