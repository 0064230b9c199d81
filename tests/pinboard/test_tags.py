"""Tags on pins: written, kept by copies, changed many at once, and taken back."""

import time

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from pinboard.actions import bulk
from pinboard.actions.erasure import erase_person
from pinboard.actions.pins import delete_pin, edit_pin, pin_picture, save_pin
from pinboard.actions.sweeping import tidy_pictures
from pinboard.discovery.history import deeds_of, pins_at
from pinboard.discovery.related import related_pins
from pinboard.discovery.search import search_pins
from pinboard.exceptions import NotInTrash
from pinboard.models import BoardEvent, Pin, Tag, TagChange
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_product,
    make_shop,
    make_tags,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def coats(alice):
    return make_board(alice, "Coats")


def names(pin):
    return list(Tag.objects.filter(pin=pin).values_list("name", flat=True))


def edit(pin, by, **told):
    words = {name: getattr(pin, name) for name in ("title", "description", "alt")}
    return edit_pin(pin=pin, by=by, **(words | {"board": pin.board} | told))


def of(board):
    return Pin.objects.filter(board=board, deleted_at=None)


def test_a_new_pin_has_its_tags_in_their_order_and_is_found_by_them(alice, coats):
    pin = pin_picture(
        by=alice, board=coats, picture=make_picture(), tags=["Mid century", "大衣", "a"]
    )
    assert names(pin) == ["Mid century", "大衣", "a"]
    for words in ("century", "大衣", "#大衣", "mid-century"):
        assert list(search_pins(words, alice)) == [pin], words


def test_editing_writes_other_tags_and_the_words_of_search(alice, coats):
    pin = make_pin(coats, title="Coat")
    edit(pin, alice, tags=["wool", "winter"])
    edit(pin, alice, tags=["winter", "Linen"])
    assert names(pin) == ["winter", "Linen"]
    assert list(search_pins("linen", alice)) == [pin]
    assert list(search_pins("wool", alice)) == []


def test_editing_without_a_word_of_tags_leaves_them(alice, coats):
    pin = make_pin(coats, title="Coat")
    make_tags(pin, "wool")
    edit(pin, alice, title="Warm coat")
    assert names(pin) == ["wool"]
    assert list(search_pins("warm wool", alice)) == [pin]
    assert not TagChange.objects.exists()


def test_the_database_keeps_a_pin_to_20_tags_and_each_to_one(coats):
    pin = make_pin(coats)
    make_tags(pin, *(f"tag {number}" for number in range(20)))
    for row in (
        {"name": "more", "key": "more", "position": 20},
        {"name": "more", "key": "more", "position": 3},
        {"name": "Tag 1", "key": "tag-1", "position": 21},
        {"name": "", "key": "", "position": 0},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tag.objects.create(pin=pin, **row)


def test_a_saved_copy_keeps_the_tags_and_goes_its_own_way(alice, bob, coats):
    pin = make_pin(coats)
    make_tags(pin, "Wool", "大衣")
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    edit(pin, alice, tags=[])
    assert names(copy) == ["Wool", "大衣"]
    assert list(search_pins("大衣", bob)) == [copy]


def test_copies_of_many_keep_theirs(alice, bob, coats):
    one, two, bare = (make_pin(coats) for _ in range(3))
    make_tags(one, "wool")
    make_tags(two, "linen", "blue")
    bulk.copy_pins(pins=of(coats), to=make_board(bob), by=bob)
    copies = {copy.via_id: names(copy) for copy in Pin.objects.filter(pinner=bob)}
    assert copies == {one.pk: ["wool"], two.pk: ["linen", "blue"], bare.pk: []}


# Many at once ------------------------------------------------------------------------
def test_many_pins_get_tags_and_lose_them_when_undone(alice, coats):
    one, two = make_pin(coats), make_pin(coats)
    make_tags(one, "Wool", "old")
    deed = bulk.add_tags(pins=of(coats), tags=["wool", "winter"], by=alice)
    assert deed.count == 2
    assert names(one) == ["Wool", "old", "winter"]
    assert names(two) == ["wool", "winter"]
    assert set(search_pins("winter", alice)) == {one, two}
    assert bulk.undo(deed=deed.id, by=alice) == 2
    assert names(one) == ["Wool", "old"]
    assert names(two) == []
    assert not search_pins("winter", alice)


def test_many_pins_lose_tags_and_get_them_back_when_undone(alice, coats):
    one, two = make_pin(coats), make_pin(coats)
    make_tags(one, "Wool", "blue")
    make_tags(two, "green")
    deed = bulk.remove_tags(pins=of(coats), tags=["WOOL"], by=alice)
    assert deed.count == 1, "the other has no such tag"
    assert names(one) == ["blue"]
    assert bulk.undo(deed=deed.id, by=alice) == 1
    assert set(names(one)) == {"Wool", "blue"}
    assert names(two) == ["green"]


def test_what_was_changed_since_stays_when_a_deed_is_undone(alice, coats):
    pin = make_pin(coats)
    deed = bulk.add_tags(pins=of(coats), tags=["wool", "winter"], by=alice)
    edit(pin, alice, tags=["winter", "linen"])
    bulk.undo(deed=deed.id, by=alice)
    assert names(pin) == ["linen"]


def test_an_undo_is_itself_undone(alice, coats):
    pin = make_pin(coats)
    deed = bulk.add_tags(pins=of(coats), tags=["wool"], by=alice)
    bulk.undo(deed=deed.id, by=alice)
    last = BoardEvent.objects.order_by("pk").last()
    bulk.undo(deed=last.deed, by=alice)
    assert names(pin) == ["wool"]


def test_a_pin_without_room_stays_as_it_is_and_is_counted(alice, coats):
    full, empty = make_pin(coats), make_pin(coats)
    make_tags(full, *(f"tag {number}" for number in range(20)))
    deed = bulk.add_tags(pins=of(coats), tags=["wool"], by=alice)
    assert (deed.count, deed.left) == (1, 1)
    assert len(names(full)) == 20
    assert names(empty) == ["wool"]
    again = bulk.add_tags(pins=of(coats), tags=["tag 1"], by=alice)
    assert (again.count, again.left) == (1, 0), "the full one has it already"


def test_pins_of_strangers_keep_their_tags(alice, bob, charlie, coats):
    pin = make_pin(coats)
    make_tags(pin, "wool")
    for deed in (
        bulk.add_tags(pins=of(coats), tags=["mine"], by=bob),
        bulk.remove_tags(pins=of(coats), tags=["wool"], by=bob),
    ):
        assert deed.count == 0
        with pytest.raises(NotInTrash):
            bulk.undo(deed=deed.id, by=bob)
    mine = bulk.add_tags(pins=of(coats), tags=["new"], by=alice)
    with pytest.raises(NotInTrash):
        bulk.undo(deed=mine.id, by=charlie)
    assert names(pin) == ["wool", "new"]


def test_500_pins_are_tagged_and_untagged_in_few_questions(
    alice, coats, django_assert_max_num_queries
):
    picture, product = make_picture(), make_product()
    rows = [
        Pin(board=coats, pinner=alice, picture=picture, product=product, state="ready")
        for _ in range(500)
    ]
    Pin.objects.bulk_create(rows)
    begun = time.process_time()
    with django_assert_max_num_queries(16):
        deed = bulk.add_tags(pins=of(coats), tags=["wool", "大衣"], by=alice)
    assert deed.count == 500
    assert time.process_time() - begun < 2
    begun = time.process_time()
    assert bulk.undo(deed=deed.id, by=alice) == 500
    assert time.process_time() - begun < 2
    assert not Tag.objects.exists()


# A board's past ----------------------------------------------------------------------
def test_the_history_says_that_tags_were_changed_and_takes_it_back(alice, coats):
    pin = make_pin(coats)
    BoardEvent.objects.create(board=coats, pin=pin, kind="added", actor=alice)
    edit(pin, alice, tags=["wool"])
    deeds, _ = deeds_of(coats, None, viewer=alice)
    assert [(deed.added, deed.removed, deed.tagged) for deed in deeds] == [
        (0, 0, 1),
        (1, 0, 0),
    ]
    assert list(pins_at(coats, timezone.now(), viewer=alice)) == [pin]
    assert bulk.undo(deed=deeds[0].id, by=alice) == 1
    assert names(pin) == []


def test_all_that_one_person_did_is_taken_back_tags_as_well(alice, bob, coats):
    pin = make_pin(coats)
    begun = timezone.now()
    coats.members.create(user=bob, role="editor", accepted_at=begun)
    edit(pin, bob, tags=["spam"])
    bulk.add_tags(pins=of(coats), tags=["more spam"], by=bob)
    assert bulk.revert(board=coats, actor=bob, since=begun, by=alice) == 2
    assert names(pin) == []


@pytest.mark.usefixtures("media_folder")
def test_no_word_of_a_closed_account_is_left(alice, bob):
    board = make_board(bob)
    pin = make_pin(board, pinner=alice)
    make_tags(pin, "zanzibar")
    bulk.add_tags(pins=of(board), tags=["wool"], by=bob)
    erase_person(user=alice)
    tidy_pictures()
    assert not Tag.objects.exists()
    assert not TagChange.objects.exists()
    assert BoardEvent.objects.filter(board=board, kind="tagged").exists()


# More like this ----------------------------------------------------------------------
def test_pins_with_the_same_tags_come_after_the_same_product_before_the_shop(
    alice, bob, coats
):
    shop = make_shop()
    product = make_product(shop)
    pin = make_pin(coats, product=product)
    make_tags(pin, "wool", "winter")
    far = make_board(bob)
    one_tag = make_pin(far)
    two_tags = make_pin(far)
    of_shop = make_pin(far, product=make_product(shop))
    same = make_pin(far, product=product)
    beside = make_pin(coats)
    other = make_pin(far)
    make_tags(one_tag, "wool")
    make_tags(two_tags, "Winter", "Wool")
    make_tags(other, "linen")
    keys = ["wool", "winter"]
    assert related_pins(pin, bob, keys) == [same, two_tags, one_tag, of_shop, beside]


def test_tags_relate_no_pin_that_one_may_not_see(alice, bob, coats):
    pin = make_pin(coats)
    hidden = make_pin(make_board(bob, visibility="secret"))
    gone = make_pin(make_board(bob))
    for row in (pin, hidden, gone):
        make_tags(row, "wool")
    delete_pin(pin=gone, by=bob)
    assert related_pins(pin, alice, ["wool"]) == []
    assert related_pins(pin, bob, ["wool"]) == [hidden]
