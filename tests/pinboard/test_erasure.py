"""What a person who closes their account leaves on the pinboard: nothing."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions import social
from pinboard.actions.board_events import note
from pinboard.actions.notifications import unread_count
from pinboard.actions.pictures import set_avatar
from pinboard.actions.pins import pin_upload, save_pin
from pinboard.actions.sweeping import tidy_pictures
from pinboard.models import (
    Avatar,
    Board,
    BoardEvent,
    BoardInvitation,
    BoardMember,
    Comment,
    Follow,
    Like,
    Notification,
    Picture,
    Pin,
    PinDraft,
    RenditionJob,
    Role,
)
from pinboard.tasks import make_renditions
from tests.factories import make_board, make_pin, make_product, make_shop
from tests.pictures import draw
from users.actions import close_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]


def count(row, name):
    row.refresh_from_db()
    return getattr(row, name)


def test_boards_pins_and_profile_are_gone_at_once(client, alice):
    board = make_board(alice)
    pin = make_pin(board)
    places = [
        f"/pins/{pin.pk}/",
        board.get_absolute_url(),
        "/people/alice/",
        "/people/alice/feed.atom",
        f"/api/v1/pins/{pin.pk}",
        "/api/v1/people/alice",
    ]
    assert {client.get(place).status_code for place in places} == {200}
    closed = close_account(user=alice)
    places.append(f"/people/{closed.username}/")
    assert {client.get(place).status_code for place in places} == {404}
    assert "alice" not in client.get("/explore/").content.decode()
    assert not client.get("/search/?q=alice&kind=people").context["people"]


def test_what_others_saved_stays_and_names_nobody(client, alice, bob):
    pin = make_pin(make_board(alice), title="Wool coat")
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    close_account(user=alice)
    tidy_pictures()
    assert not Pin.objects.filter(pk=pin.pk).exists()
    html = client.get(f"/pins/{copy.pk}/").content.decode()
    assert "Wool coat" in html
    assert "alice" not in html
    assert "closed-" not in html
    assert client.get(f"/api/v1/pins/{copy.pk}").json()["via"] is None


def test_the_next_sweep_deletes_the_rows_without_a_month_in_the_trash(alice, bob):
    make_pin(make_board(alice))
    kept = make_pin(make_board(bob))
    close_account(user=alice)
    assert tidy_pictures() is False
    assert list(Pin.objects.all()) == [kept]
    assert list(Board.objects.all()) == [kept.board]


def test_the_files_are_gone_within_a_day(alice, media_folder, time_machine):
    """The newest picture, the avatar and one of a secret board."""
    time_machine.move_to(timezone.now(), tick=False)
    for number, visibility in enumerate(["public", "secret"]):
        board = make_board(alice, visibility=visibility)
        pin_upload(by=alice, board=board, content=draw(300 + number, 200))
    set_avatar(user=alice, content=draw(90, 90))
    for job in RenditionJob.objects.all():
        make_renditions(job.pk)
    assert any(path.is_file() for path in media_folder.rglob("*"))
    close_account(user=alice)
    assert not Avatar.objects.exists()
    for _ in range(23):
        time_machine.shift(timedelta(hours=1))
        tidy_pictures()
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    assert not Picture.objects.exists()


def test_a_picture_that_somebody_saved_is_kept(alice, bob, media_folder, time_machine):
    board = make_board(alice)
    pin = pin_upload(by=alice, board=board, content=draw(300, 200))
    for job in RenditionJob.objects.all():
        make_renditions(job.pk)
    pin.refresh_from_db()
    copy = save_pin(pin=pin, board=make_board(bob), by=bob)
    files = sorted(path for path in media_folder.rglob("*") if path.is_file())
    close_account(user=alice)
    time_machine.move_to(timezone.now() + timedelta(days=2))
    tidy_pictures()
    copy.refresh_from_db()
    assert copy.picture
    assert sorted(p for p in media_folder.rglob("*") if p.is_file()) == files


def test_what_they_said_is_gone_and_the_answers_stay(client, alice, bob):
    pin = make_pin(make_board(bob))
    said = social.comment(pin=pin, by=alice, text="My secret thought")
    taken_back = social.comment(pin=pin, by=alice, text="Never mind")
    social.delete_comment(comment=taken_back, by=alice)
    answer = social.comment(pin=pin, by=bob, text="An answer", reply_to=said)
    close_account(user=alice)
    assert set(Comment.objects.filter(author=alice).values_list("text", flat=True)) == {
        ""
    }
    assert list(Comment.objects.of(pin)) == [answer]
    assert count(pin, "comment_count") == 1
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert "My secret thought" not in html
    assert "An answer" in html


def test_likes_and_follows_go_and_the_counts_with_them(alice, bob, charlie):
    pin, board, shop = make_pin(make_board(bob)), make_board(bob), make_shop()
    for person in (alice, charlie):
        social.like(pin=pin, by=person)
        social.follow_person(person=bob, by=person)
        social.follow_board(board=board, by=person)
        social.follow_shop(shop=shop, by=person)
    social.follow_person(person=alice, by=bob)
    close_account(user=alice)
    assert not Like.objects.filter(user=alice).exists()
    assert not Follow.objects.filter(follower=alice).exists()
    assert not Follow.objects.filter(person=alice).exists()
    assert count(pin, "like_count") == 1
    for row in (bob, board, shop):
        assert count(row, "follower_count") == 1
    assert count(bob, "following_count") == 0
    assert (count(alice, "follower_count"), count(alice, "following_count")) == (0, 0)


def test_nobody_is_told_of_them_any_more(alice, bob):
    pin = make_pin(make_board(bob))
    social.like(pin=pin, by=alice)
    social.follow_person(person=alice, by=bob)
    assert unread_count(bob) == 1
    close_account(user=alice)
    assert unread_count(bob) == 0
    assert not Notification.objects.exists()


def test_nobody_shares_a_board_with_them_any_more(alice, bob):
    board = make_board(bob)
    for person in (alice, bob):
        other = board if person == alice else make_board(alice)
        BoardMember.objects.create(
            board=other, user=person, role=Role.EDITOR, accepted_at=timezone.now()
        )
    link = BoardInvitation.objects.create(
        board=board, role=Role.EDITOR, created_by=alice
    )
    close_account(user=alice)
    assert not BoardMember.objects.filter(user=alice).exists()
    assert not BoardInvitation.objects.filter(pk=link.pk).exists()


def test_the_mails_that_asked_them_to_share_are_forgotten(alice, bob):
    EmailAddress.objects.create(user=alice, email="Alice@example.org", verified=True)
    EmailAddress.objects.create(user=alice, email="bob@example.org", verified=False)
    board = make_board(bob)
    for email in ("alice@example.org", "bob@example.org"):
        BoardInvitation.objects.create(
            board=board, role=Role.EDITOR, created_by=bob, email=email
        )
    close_account(user=alice)
    assert [row.email for row in BoardInvitation.objects.all()] == ["bob@example.org"]


def test_drafts_go_and_their_addresses(alice):
    PinDraft.objects.create(owner=alice, url="https://shop.example/secret-wish")
    close_account(user=alice)
    assert not PinDraft.objects.exists()


def test_addresses_that_were_pasted_for_a_picture_go(alice, bob):
    pin = make_pin(make_board(bob))
    url = "https://shop.example/secret-wish"
    pin.point_jobs.create(by=alice, url=url, x=1, y=1)
    close_account(user=alice)
    assert not pin.point_jobs.exists()


def test_a_shop_stays_open_without_an_owner(client, rita):
    shop = rita.shops.get()
    shop.board = make_board(rita, "Rita's")
    shop.verified_at = timezone.now()
    shop.save()
    product = make_product(shop)
    close_account(user=rita)
    tidy_pictures()
    shop.refresh_from_db()
    assert (shop.owner, shop.verified_at, shop.board) == (None, None, None)
    assert client.get(shop.get_absolute_url()).status_code == 200
    assert client.get(f"/products/{product.pk}/").status_code == 200


def test_a_pin_on_somebody_elses_board_goes_from_its_count(alice, bob):
    board = make_board(bob, pin_count=2)
    make_pin(board)
    make_pin(board, pinner=alice)
    close_account(user=alice)
    assert count(board, "pin_count") == 1
    assert Pin.objects.public().count() == 1


def test_the_history_of_somebody_elses_board_names_them_no_more(client, alice, bob):
    board, pin = make_board(bob), make_pin(make_board(bob))
    note(board, pin, BoardEvent.Kind.ADDED, by=alice)
    closed = close_account(user=alice)
    assert BoardEvent.objects.get(board=board).actor is None
    client.force_login(bob)
    page = client.get(f"/boards/{board.pk}/history/")
    assert page.status_code == 200
    assert closed.username not in page.content.decode()


def test_a_big_account_is_erased_in_one_night(alice, monkeypatch):
    """A sweep that found as much as it may do at once asks for another one."""
    monkeypatch.setattr("pinboard.actions.sweeping.TIDIED_AT_ONCE", 2)
    board = make_board(alice)
    for _ in range(3):
        make_pin(board)
    close_account(user=alice)
    assert tidy_pictures() is True
    assert tidy_pictures() is False
    assert not Pin.objects.exists()
    assert not Board.objects.exists()


def test_erasing_asks_as_often_for_twenty_pins_as_for_one(
    alice, bob, charlie, django_assert_max_num_queries
):
    def fill(person, pins):
        board, theirs = make_board(person), make_board(bob)
        for _ in range(pins):
            make_pin(board)
            other = make_pin(theirs)
            social.like(pin=other, by=person)
            social.comment(pin=other, by=person, text="Nice")

    fill(alice, 1)
    fill(charlie, 20)
    with CaptureQueriesContext(connection) as asked:
        close_account(user=alice)
    with django_assert_max_num_queries(len(asked)):
        close_account(user=charlie)
