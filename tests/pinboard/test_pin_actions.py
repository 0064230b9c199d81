"""Pinning, saving, changing, deleting and restoring, by those who may."""

from datetime import timedelta

import pytest
from django.http import Http404
from django.utils import timezone

from pinboard.actions.pins import (
    delete_pin,
    edit_pin,
    fail_pins_of,
    pin_upload,
    publish_pins_of,
    restore_pin,
    retry_pin,
    save_pin,
)
from pinboard.exceptions import (
    NoLongerThere,
    NotInTrash,
    PictureBroken,
    PinboardError,
    PinNotReady,
    sentence_of,
)
from pinboard.models import Board, JobState, Pin, RenditionJob
from pinboard.signals import pin_product_changed, pin_published
from pinboard.tasks import make_renditions
from tests.factories import make_board, make_picture, make_pin, make_product
from tests.pictures import draw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


@pytest.fixture
def heard():
    """The facts that were told while a test ran."""
    facts = []

    def on_published(pin, **_):
        facts.append(("published", pin.pk))

    def on_changed(pin, **_):
        facts.append(("product", pin.pk))

    pin_published.connect(on_published)
    pin_product_changed.connect(on_changed)
    yield facts
    pin_published.disconnect(on_published)
    pin_product_changed.disconnect(on_changed)


def count_of(board):
    return Board.objects.get(pk=board.pk).pin_count


def words_of(pin, **changes):
    words = {"title": pin.title, "description": pin.description, "alt": pin.alt}
    return {"board": pin.board} | words | changes


def test_a_pin_is_counted_told_and_found_once_it_is_ready(alice, heard):
    board = make_board(alice)
    product = make_product(title="Walnut stool")
    pin = pin_upload(
        by=alice, board=board, content=draw(), title="My chair", product=product
    )
    assert (count_of(board), heard, pin.search) == (0, [], None)
    publish_pins_of(pin.picture)
    publish_pins_of(pin.picture)
    pin.refresh_from_db()
    assert count_of(board) == 1
    assert heard == [("published", pin.pk)]
    assert "chair" in pin.search
    assert "stool" in pin.search


def test_a_failed_pin_says_why_in_words(alice):
    pin = make_pin(make_board(alice), state="processing")
    fail_pins_of(pin.picture, PictureBroken.code)
    pin.refresh_from_db()
    assert pin.state == "failed"
    assert "damaged" in sentence_of(pin.error_code)
    assert sentence_of("a code of an older release") == str(PinboardError.for_user)


def test_a_ready_pin_does_not_fail_any_more(alice):
    pin = make_pin(make_board(alice))
    fail_pins_of(pin.picture, PictureBroken.code)
    pin.refresh_from_db()
    assert pin.state == "ready"


def test_a_saved_pin_keeps_its_lineage(alice, bob, charlie, heard):
    first = make_pin(
        make_board(alice), product=make_product(), source_url="http://a.b/"
    )
    second = save_pin(pin=first, board=make_board(bob), by=bob)
    third = save_pin(pin=second, board=make_board(charlie), by=charlie)
    assert (second.via, second.via_pinner, second.origin_pinner) == (
        first,
        alice,
        alice,
    )
    assert (third.via, third.via_pinner, third.origin_pinner) == (second, bob, alice)
    assert third.product == first.product
    assert third.picture == first.picture
    assert third.source_url == "http://a.b/"
    assert third.state == "ready"
    assert [fact for fact, _ in heard] == ["published"] * 2
    first.refresh_from_db()
    assert first.save_count == 1
    assert count_of(third.board) == 1
    assert alice.notifications.get().kind == "save"
    assert bob.notifications.get().actor == charlie


def test_one_may_save_a_pin_to_two_boards_and_twice_to_one(alice, bob):
    pin, board = make_pin(make_board(alice)), make_board(bob)
    for target in (board, make_board(bob), board):
        save_pin(pin=pin, board=target, by=bob)
    pin.refresh_from_db()
    assert pin.save_count == 3
    assert count_of(board) == 2


def test_what_is_saved_to_a_secret_board_is_told_to_nobody(alice, bob):
    pin = make_pin(make_board(alice), picture=make_picture(is_public=False))
    copy = save_pin(pin=pin, board=make_board(bob, visibility="secret"), by=bob)
    assert not alice.notifications.exists()
    copy.picture.refresh_from_db()
    assert not copy.picture.is_public


@pytest.mark.parametrize("state", ["processing", "failed"])
def test_a_pin_that_is_not_ready_cannot_be_saved(alice, state):
    pin = make_pin(make_board(alice), state=state)
    with pytest.raises(PinNotReady):
        save_pin(pin=pin, board=make_board(alice), by=alice)
    assert Pin.objects.count() == 1


def test_copies_outlive_the_pin_they_came_from(alice, bob):
    pin = make_pin(make_board(alice))
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    delete_pin(pin=pin, by=alice)
    assert Pin.objects.visible_to(bob).filter(pk=copy.pk).exists()
    Pin.objects.filter(pk=pin.pk).delete()
    copy.refresh_from_db()
    assert copy.via is None
    assert copy.via_pinner == alice
    assert copy.origin_pinner == alice


def test_deleting_and_restoring_keep_the_count_right(alice):
    board = make_board(alice)
    pin = save_pin(pin=make_pin(make_board(alice)), board=board, by=alice)
    assert count_of(board) == 1
    delete_pin(pin=pin, by=alice)
    assert count_of(board) == 0
    assert not Pin.objects.visible_to(alice).filter(pk=pin.pk).exists()
    restore_pin(pin=pin, by=alice)
    restore_pin(pin=pin, by=alice)
    assert count_of(board) == 1
    assert Pin.objects.visible_to(alice).filter(pk=pin.pk).exists()


def test_a_pin_that_became_ready_in_the_trash_is_published_when_it_returns(
    alice, heard
):
    board = make_board(alice)
    pin = pin_upload(by=alice, board=board, content=draw())
    delete_pin(pin=pin, by=alice)
    make_renditions(RenditionJob.objects.get().pk)
    assert heard == []
    restored = restore_pin(pin=pin, by=alice)
    assert restored.state == "ready"
    assert heard == [("published", pin.pk)]
    assert count_of(board) == 1


def test_the_trash_gives_nothing_back_after_thirty_days(alice):
    pin = make_pin(make_board(alice), deleted_at=timezone.now() - timedelta(days=31))
    with pytest.raises(NotInTrash):
        restore_pin(pin=pin, by=alice)


def test_strangers_change_nothing(alice, charlie):
    pin = make_pin(make_board(alice))
    failed = make_pin(make_board(alice), state="failed")
    trashed = make_pin(make_board(alice), deleted_at=timezone.now())
    for deed in (
        lambda: delete_pin(pin=pin, by=charlie),
        lambda: edit_pin(pin=pin, by=charlie, **words_of(pin, title="Mine")),
        lambda: retry_pin(pin=failed, by=charlie),
    ):
        with pytest.raises(NoLongerThere):
            deed()
    with pytest.raises(NotInTrash):
        restore_pin(pin=trashed, by=charlie)
    pin.refresh_from_db()
    assert pin.deleted_at is None
    assert pin.title != "Mine"


def test_a_second_press_on_delete_comes_too_late(alice):
    pin = make_pin(make_board(alice))
    delete_pin(pin=pin, by=alice)
    with pytest.raises(NoLongerThere):
        delete_pin(pin=pin, by=alice)
    assert issubclass(NoLongerThere, Http404)  # so that every page answers 404


def test_new_words_are_found_and_a_move_is_counted(alice):
    pin = make_pin(make_board(alice), title="Old")
    other = make_board(alice, title="Rooms")
    edit_pin(pin=pin, by=alice, **words_of(pin, title="Lantern", board=other))
    pin.refresh_from_db()
    assert "lantern" in pin.search
    assert pin.board == other
    assert count_of(other) == 1


def test_another_product_begins_a_lineage_of_its_own(alice, bob, heard):
    first = make_pin(make_board(alice), product=make_product())
    copy = save_pin(pin=first, board=make_board(bob), by=bob)
    heard.clear()
    edit_pin(pin=copy, by=bob, **words_of(copy, title="Same product"))
    assert heard == []
    edit_pin(pin=copy, by=bob, product=make_product(), **words_of(copy))
    copy.refresh_from_db()
    assert copy.origin_pinner is None
    assert copy.via == first
    assert heard == [("product", copy.pk)]
    edit_pin(pin=copy, by=bob, product=None, **words_of(copy))
    copy.refresh_from_db()
    assert copy.product is None


def test_a_failed_pin_may_be_tried_again(alice, django_capture_on_commit_callbacks):
    pin = pin_upload(by=alice, board=make_board(alice), content=draw())
    job = RenditionJob.objects.get()
    job.fail("gave_up")
    fail_pins_of(pin.picture, "gave_up")
    with django_capture_on_commit_callbacks() as sent:
        retried = retry_pin(pin=pin, by=alice)
    assert (retried.state, retried.error_code) == ("processing", "")
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.PENDING, 0)
    assert len(sent) == 1


def test_a_failed_pin_whose_picture_is_ready_by_now_is_ready_at_once(alice):
    pin = make_pin(make_board(alice), state="failed", error_code="gave_up")
    assert retry_pin(pin=pin, by=alice).state == "ready"
    assert count_of(pin.board) == 1


def test_a_ready_pin_is_not_tried_again(alice):
    pin = make_pin(make_board(alice))
    assert retry_pin(pin=pin, by=alice).state == "ready"
    assert count_of(pin.board) == 0
