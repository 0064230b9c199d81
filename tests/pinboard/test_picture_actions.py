"""Taking pictures in, showing them to the public, taking them back."""

import pytest
from django.core.files.storage import default_storage

from pinboard.actions import social
from pinboard.actions.boards import delete_board, edit_board
from pinboard.actions.pictures import intake, refresh_publicity, set_avatar
from pinboard.actions.pins import delete_pin, edit_pin, pin_upload, restore_pin
from pinboard.actions.sweeping import tidy_pictures
from pinboard.exceptions import PictureRefused
from pinboard.models import Board, JobState, Picture, Pin, PinState, RenditionJob
from pinboard.pictures.names import PRIVATE, copies_of, original_of, upload_of
from pinboard.tasks import make_renditions
from tests.factories import make_board, make_picture, make_pin, make_product
from tests.pictures import draw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


def do_all_jobs():
    for job in RenditionJob.objects.filter(state=JobState.PENDING):
        make_renditions(job.pk)


def ready_pin(by, **board):
    pin = pin_upload(
        by=by,
        board=make_board(by, **board),
        content=draw(600, 400, "PNG", colour=(7, 7, Pin.objects.count())),
    )
    do_all_jobs()
    pin.refresh_from_db()
    return pin


def public_copies(picture):
    picture.refresh_from_db()
    there = [default_storage.exists(path) for path in copies_of(picture)]
    assert all(there) or not any(there)
    assert all(there) == picture.is_public
    return picture.is_public


def test_an_upload_is_answered_before_and_ready_after_its_job(
    alice, django_capture_on_commit_callbacks
):
    board = make_board(alice)
    pin = pin_upload(by=alice, board=board, content=draw(1500, 900, "PNG"))
    assert pin.state == PinState.PROCESSING
    assert (pin.picture.width, pin.picture.height) == (1500, 900)
    assert default_storage.exists(upload_of(pin.picture))
    with django_capture_on_commit_callbacks(execute=True):
        do_all_jobs()
    pin = Pin.objects.get()
    board.refresh_from_db()
    assert pin.state == PinState.READY
    assert board.pin_count == 1
    assert public_copies(pin.picture)
    assert default_storage.exists(original_of(pin.picture))
    assert not default_storage.exists(upload_of(pin.picture))


def test_nobody_can_work_a_name_out_from_the_bytes(alice, settings):
    content = draw(50, 50)
    name = intake(content).name
    assert len(name) == 43
    Picture.objects.all().delete()
    settings.SECRET_KEY = "another"
    assert intake(content).name != name


def test_the_same_bytes_are_one_picture_and_ready_at_once(alice, bob):
    content = draw(700, 500)
    first = pin_upload(by=alice, board=make_board(alice), content=content)
    waiting = pin_upload(by=bob, board=make_board(bob), content=content)
    assert waiting.picture == first.picture
    assert RenditionJob.objects.count() == 1
    do_all_jobs()
    later = pin_upload(by=bob, board=make_board(bob), content=content)
    assert later.state == PinState.READY
    assert set(Pin.objects.values_list("state", flat=True)) == {PinState.READY}
    assert Picture.objects.count() == 1


def test_what_is_no_picture_leaves_nothing_behind(alice):
    with pytest.raises(PictureRefused):
        pin_upload(by=alice, board=make_board(alice), content=b"no picture")
    assert not Pin.objects.exists()
    assert not Picture.objects.exists()


def test_a_picture_that_cannot_be_decoded_fails_its_pins_with_a_reason(alice, bob):
    cut = draw(700, 500, "PNG")
    cut = cut[: len(cut) // 2]
    pins = [
        pin_upload(by=user, board=make_board(user), content=cut)
        for user in (alice, bob)
    ]
    do_all_jobs()
    for pin in pins:
        pin.refresh_from_db()
        assert (pin.state, pin.error_code) == (PinState.FAILED, "picture_broken")
        assert pin.pinner.notifications.get().kind == "pin_failed"
    assert RenditionJob.objects.get().state == JobState.FAILED


def test_the_same_bytes_again_get_another_try_after_a_failure(alice):
    content = draw(300, 300)
    picture = intake(content)
    picture.job.fail("gave_up")
    pin = pin_upload(by=alice, board=make_board(alice), content=content)
    do_all_jobs()
    pin.refresh_from_db()
    assert pin.state == PinState.READY


def test_a_job_may_be_done_twice(alice):
    pin = ready_pin(alice)
    job = pin.picture.job
    job.reopen()
    do_all_jobs()
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert alice.boards.get().pin_count == 1


def test_a_lost_upload_is_tried_again_and_not_taken_for_a_bad_picture(alice):
    picture = intake(draw(300, 300))
    default_storage.delete(upload_of(picture))
    make_renditions(picture.job.pk)
    picture.job.refresh_from_db()
    assert picture.job.state == JobState.PENDING
    assert picture.job.leased_until is None


@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_what_only_secret_and_link_boards_show_has_no_public_name(alice, visibility):
    pin = ready_pin(alice, visibility=visibility)
    assert pin.state == PinState.READY
    assert not public_copies(pin.picture)
    assert all(r.path.startswith(PRIVATE) for r in pin.picture.renditions)


def test_the_first_public_pin_brings_the_public_name_and_the_last_takes_it(
    alice, bob, django_capture_on_commit_callbacks
):
    content = draw(640, 480)
    secret = make_board(alice, visibility="secret")
    pin_upload(by=alice, board=secret, content=content)
    do_all_jobs()
    picture = Picture.objects.get()
    assert not public_copies(picture)
    pins = [pin_upload(by=bob, board=make_board(bob), content=content) for _ in "ab"]
    assert public_copies(picture)
    with django_capture_on_commit_callbacks(execute=True):
        delete_pin(pin=pins[0], by=bob)
    assert public_copies(picture)
    with django_capture_on_commit_callbacks(execute=True):
        delete_pin(pin=pins[1], by=bob)
    assert not public_copies(picture)
    restore_pin(pin=pins[1], by=bob)
    assert public_copies(picture)


def test_a_board_that_turns_secret_takes_its_pictures_along(
    alice, django_capture_on_commit_callbacks
):
    pin = ready_pin(alice)
    assert public_copies(pin.picture)
    with django_capture_on_commit_callbacks(execute=True):
        edit_board(board=pin.board, by=alice, visibility="secret")
    assert not public_copies(pin.picture)
    edit_board(board=pin.board, by=alice, visibility="public")
    assert public_copies(pin.picture)
    with django_capture_on_commit_callbacks(execute=True):
        delete_board(board=pin.board, by=alice)
    assert not public_copies(pin.picture)


def test_a_pin_that_moves_takes_its_picture_along(
    alice, django_capture_on_commit_callbacks
):
    pin = ready_pin(alice)
    words = {"title": "", "description": "", "alt": ""}
    secret = make_board(alice, visibility="secret")
    with django_capture_on_commit_callbacks(execute=True):
        edit_pin(pin=pin, by=alice, board=secret, **words)
    assert not public_copies(pin.picture)


def test_a_public_name_that_came_back_meanwhile_is_not_taken_away(
    alice, django_capture_on_commit_callbacks
):
    """Between the commit and the deletion of the files somebody pins it again."""
    pin = ready_pin(alice)
    with django_capture_on_commit_callbacks() as late:
        delete_pin(pin=pin, by=alice)
    restore_pin(pin=pin, by=alice)
    for callback in late:
        callback()
    assert public_copies(pin.picture)


def test_a_product_shows_its_picture_to_all(alice):
    pin = ready_pin(alice, visibility="secret")
    make_product(picture=pin.picture)
    refresh_publicity(pin.picture)
    assert public_copies(pin.picture)


def test_an_avatar_appears_when_its_picture_is_ready(
    alice, django_capture_on_commit_callbacks
):
    set_avatar(user=alice, content=draw(500, 500))
    alice.refresh_from_db()
    assert alice.avatar_path == ""
    do_all_jobs()
    alice.refresh_from_db()
    assert default_storage.exists(alice.avatar_path)
    assert not alice.avatar_path.startswith(PRIVATE)
    before = Picture.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        set_avatar(user=alice, content=draw(500, 400))
    assert not public_copies(before)
    do_all_jobs()
    alice.refresh_from_db()
    assert before.name not in alice.avatar_path


def test_an_avatar_of_known_bytes_appears_at_once(alice, bob):
    content = draw(500, 500)
    pin_upload(by=alice, board=make_board(alice, visibility="secret"), content=content)
    do_all_jobs()
    set_avatar(user=bob, content=content)
    assert default_storage.exists(bob.avatar_path)


def test_old_orphans_go_with_their_files_and_nothing_else_does(
    alice, django_capture_on_commit_callbacks
):
    kept, orphan = ready_pin(alice), ready_pin(alice)
    young, avatar = intake(draw(60, 60)), intake(draw(61, 60))
    set_avatar(user=alice, content=draw(61, 60))
    picture = orphan.picture
    orphan.delete()
    make_product(picture=make_picture(name="p" * 43))
    Picture.objects.exclude(pk=young.pk).update(created_at="2020-01-01T00:00Z")
    private = [PRIVATE + path for path in copies_of(picture)]
    paths = [*copies_of(picture), *private, original_of(picture)]
    assert all(default_storage.exists(path) for path in paths)
    tidy_pictures()
    assert not Picture.objects.filter(pk=picture.pk).exists()
    assert not any(default_storage.exists(path) for path in paths)
    assert {kept.picture_id, young.pk, avatar.pk} <= set(
        Picture.objects.values_list("pk", flat=True)
    )
    assert Picture.objects.filter(name="p" * 43).exists()
    assert default_storage.exists(kept.picture.renditions[0].path)


def test_tidying_mends_public_names_that_are_wrong(
    alice, django_capture_on_commit_callbacks
):
    shown, hidden = ready_pin(alice), ready_pin(alice)
    Picture.objects.filter(pk=shown.picture_id).update(is_public=False)
    Pin.objects.filter(pk=hidden.pk).update(deleted_at=hidden.created_at)
    with django_capture_on_commit_callbacks(execute=True):
        tidy_pictures()
    assert public_copies(shown.picture)
    assert not public_copies(hidden.picture)


def test_a_board_that_was_deleted_goes_with_its_pins_and_files(alice, bob):
    gone, fresh = ready_pin(alice, visibility="secret"), ready_pin(alice)
    social.follow_board(board=gone.board, by=bob)
    files = [rendition.path for rendition in gone.picture.renditions]
    for pin in (gone, fresh):
        delete_board(board=pin.board, by=alice)
    Board.objects.filter(pk=gone.board_id).update(deleted_at="2020-01-01T00:00Z")
    Picture.objects.update(created_at="2020-01-01T00:00Z")
    assert all(default_storage.exists(path) for path in files)
    tidy_pictures()
    assert list(Board.objects.all()) == [fresh.board]
    assert list(Pin.objects.all()) == [fresh]
    assert list(Picture.objects.all()) == [fresh.picture]
    assert not any(default_storage.exists(path) for path in files)


def test_the_trash_is_emptied_after_thirty_days(alice):
    old, fresh = make_pin(make_board(alice)), make_pin(make_board(alice))
    Pin.objects.filter(pk=old.pk).update(deleted_at="2020-01-01T00:00Z")
    delete_pin(pin=fresh, by=alice)
    tidy_pictures()
    assert list(Pin.objects.all()) == [fresh]
