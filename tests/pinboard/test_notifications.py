"""The list of what one was told, and the number on the bell."""

import pytest

from pinboard.actions import boards, social
from pinboard.actions.notifications import mark_all_read, notify, unread_count
from pinboard.models import Notification, Visibility
from tests.factories import make_board, make_pin, make_user

LIST = "/notifications/"


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="Blush coat")


def test_a_signed_out_reader_is_asked_to_log_in(client, db):
    assert client.get(LIST).headers["Location"].startswith("/accounts/login/?next=")


def test_ones_own_deeds_are_no_news(pin, alice):
    assert notify(recipient=alice, kind="like", actor=alice, pin=pin) is None
    assert unread_count(alice) == 0


def test_likes_of_one_pin_are_one_line_and_comments_are_never_buried(
    client, pin, alice
):
    people = [make_user(display_name=f"Person {n}") for n in range(5)]
    for person in people:
        social.like(pin=pin, by=person)
    for person in people[:2]:
        social.comment(pin=pin, by=person, text=f"Nice, says {person}")
    client.force_login(alice)
    answer = client.get(LIST)
    html = answer.content.decode()
    assert len(answer.context["lines"]) == 3
    assert "Person 4" in html
    assert "and 3 others" in html
    assert "Nice, says Person 0" in html
    assert "Nice, says Person 1" in html


def test_likes_of_two_pins_are_two_lines(client, pin, alice, bob):
    social.like(pin=pin, by=bob)
    social.like(pin=make_pin(pin.board), by=bob)
    client.force_login(alice)
    assert len(client.get(LIST).context["lines"]) == 2


def test_opening_the_list_changes_nothing_and_the_button_reads_all(
    client, pin, alice, bob
):
    social.like(pin=pin, by=bob)
    client.force_login(alice)
    client.get(LIST)
    assert unread_count(alice) == 1
    client.post("/notifications/read/")
    assert unread_count(alice) == 0
    html = client.get(LIST).content.decode()
    assert "Mark all as read" not in html
    assert "unread" not in html


def test_reading_is_a_post_and_ones_own(client, pin, alice, bob):
    social.like(pin=pin, by=bob)
    client.force_login(bob)
    assert client.get("/notifications/read/").status_code == 405
    client.post("/notifications/read/")
    assert unread_count(alice) == 1


def test_the_badge_is_right_after_deletions(pin, alice, bob, charlie):
    written = social.comment(pin=pin, by=bob, text="Nice")
    social.like(pin=pin, by=bob)
    social.follow_board(board=pin.board, by=charlie)
    assert unread_count(alice) == 3
    social.delete_comment(comment=written, by=bob)
    assert unread_count(alice) == 2
    boards.delete_board(board=pin.board, by=alice)
    assert unread_count(alice) == 0


def test_the_badge_forgets_who_was_closed_out(pin, alice, bob):
    social.like(pin=pin, by=bob)
    bob.is_active = False
    bob.save()
    assert unread_count(alice) == 0


def test_the_bell_and_the_list_count_alike(client, pin, alice, bob):
    social.like(pin=pin, by=bob)
    social.comment(pin=pin, by=bob, text="Nice")
    client.force_login(alice)
    answer = client.get(LIST)
    assert answer.context["chrome"]["unread_count"] == unread_count(alice) == 2


def test_news_of_a_pin_that_became_secret_is_not_shown_to_others(
    client, pin, alice, bob
):
    first = social.comment(pin=pin, by=bob, text="Question")
    social.comment(pin=pin, by=alice, text="Hidden words", reply_to=first)
    assert unread_count(bob) == 1
    pin.board.visibility = Visibility.SECRET
    pin.board.save()
    assert unread_count(bob) == 0
    client.force_login(bob)
    html = client.get(LIST).content.decode()
    assert "Hidden words" not in html
    assert "Blush coat" not in html


def test_every_kind_has_its_sentence(client, pin, alice, bob):
    comment = social.comment(pin=pin, by=bob, text="Nice")
    Notification.objects.all().delete()
    for kind in Notification.Kind.values:
        notify(
            recipient=alice,
            kind=kind,
            actor=None if kind in ("news", "pin_failed") else bob,
            pin=pin if kind not in ("follow", "board_follow", "news") else None,
            board=pin.board if kind == "board_follow" else None,
            comment=comment if kind in ("comment", "reply", "mention") else None,
            text="¥8.76 was approved" if kind == "news" else "",
            url="/earnings/" if kind == "news" else "",
        )
    client.force_login(alice)
    html = client.get(LIST).content.decode()
    for words in (
        *("liked your pin Blush coat", "saved your pin Blush coat", "commented:"),
        *("answered you:", "mentioned you:", "follows you now"),
        *("follows your board Coats", "could not be finished", "¥8.76 was approved"),
    ):
        assert words in html


def test_a_pin_that_failed_is_named_with_the_reason(client, alice):
    board = make_board(alice)
    failed = {"picture": None, "state": "failed", "error_code": "not_a_picture"}
    titled = make_pin(board, title="Blush coat", **failed)
    bare = make_pin(board, title="", source_url="https://shop.example/coat", **failed)
    for pin in (titled, bare):
        notify(recipient=alice, kind="pin_failed", pin=pin)
    client.force_login(alice)

    html = client.get(LIST).content.decode()

    assert "Your pin “Blush coat” could not be finished." in html
    assert "Your pin of https://shop.example/coat could not be finished." in html
    assert html.count("This file is no picture we can read.") == 2


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_costs_the_same_for_one_and_for_twenty(
    client, pin, alice, rows, django_assert_num_queries
):
    for _ in range(rows):
        by = make_user()
        social.like(pin=pin, by=by)
        social.comment(pin=pin, by=by, text="Nice")
    client.force_login(alice)
    with django_assert_num_queries(4):  # session, user, header, list
        client.get(LIST)


def test_an_unreadable_cursor_is_not_found(client, alice):
    client.force_login(alice)
    assert client.get(LIST + "?cursor=x").status_code == 404


def test_the_empty_list_offers_something_to_do(client, alice):
    client.force_login(alice)
    assert "Create a pin" in client.get(LIST).content.decode()


def test_everything_is_read_at_once(pin, alice, bob, charlie):
    social.like(pin=pin, by=bob)
    social.like(pin=pin, by=charlie)
    assert mark_all_read(user=alice) == 2
    assert mark_all_read(user=alice) == 0
