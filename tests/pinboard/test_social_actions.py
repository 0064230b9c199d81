"""Like, follow, comment: desired states, counts that never drift, who is told."""

import threading
import time

import pytest
from django.db import DatabaseError, connection, transaction

from pinboard.actions import social
from pinboard.exceptions import NoLongerThere
from pinboard.models import Comment, Follow, Like, Notification, Visibility
from tests.factories import make_board, make_pin, make_shop


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice))


def told(person):
    return list(
        Notification.objects.filter(recipient=person).values_list("kind", flat=True)
    )


def test_a_repeated_like_counts_once(pin, bob):
    assert social.like(pin=pin, by=bob) == 1
    assert social.like(pin=pin, by=bob) == 1
    pin.refresh_from_db()
    assert pin.like_count == 1
    assert told(pin.pinner) == ["like"]


def test_a_repeated_unlike_never_falls_below_zero(pin, bob):
    social.like(pin=pin, by=bob)
    assert social.unlike(pin=pin, by=bob) == 0
    assert social.unlike(pin=pin, by=bob) == 0
    pin.refresh_from_db()
    assert pin.like_count == 0


def test_an_unlike_of_a_count_that_drifted_stays_at_zero(pin, bob):
    Like.objects.create(pin=pin, user=bob)  # its count was lost
    assert social.unlike(pin=pin, by=bob) == 0
    pin.refresh_from_db()
    assert pin.like_count == 0


def test_an_unlike_takes_the_news_of_it_back(pin, bob, charlie):
    social.like(pin=pin, by=bob)
    social.like(pin=pin, by=charlie)
    social.unlike(pin=pin, by=bob)
    assert [n.actor for n in Notification.objects.all()] == [charlie]


def test_likes_of_one_pin_leave_another_alone(alice, bob):
    liked, other = make_pin(make_board(alice)), make_pin(make_board(alice))
    social.like(pin=liked, by=bob)
    other.refresh_from_db()
    assert other.like_count == 0


def test_ones_own_like_tells_nobody(pin, alice):
    social.like(pin=pin, by=alice)
    assert told(alice) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("act", "count"), [(social.like, 1), (social.unlike, 0)], ids=["like", "unlike"]
)
def test_ten_calls_from_five_threads_count_once(alice, bob, act, count):
    pin = make_pin(make_board(alice))
    if count == 0:
        social.like(pin=pin, by=bob)
    answers, errors = [], []

    def twice():
        try:
            answers.extend(act(pin=pin, by=bob) for _ in range(2))
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=twice) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pin.refresh_from_db()
    assert errors == []
    assert answers == [count] * 10
    assert pin.like_count == count
    assert Like.objects.filter(pin=pin).count() == count


@pytest.mark.django_db(transaction=True)
def test_two_people_who_follow_each_other_at_once_do_not_deadlock(alice, bob):
    errors = []

    def follow(person, by):
        try:
            for _ in range(5):
                social.follow_person(person=person, by=by)
                social.unfollow_person(person=person, by=by)
            social.follow_person(person=person, by=by)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=follow, args=pair)
        for pair in ((alice, bob), (bob, alice))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for person in (alice, bob):
        person.refresh_from_db()
        assert (person.follower_count, person.following_count) == (1, 1)


def test_a_person_is_followed_once_and_counted_on_both_sides(alice, bob):
    assert social.follow_person(person=alice, by=bob) == 1
    assert social.follow_person(person=alice, by=bob) == 1
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.follower_count, bob.following_count) == (1, 1)
    assert told(alice) == ["follow"]
    assert social.unfollow_person(person=alice, by=bob) == 0
    assert social.unfollow_person(person=alice, by=bob) == 0
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.follower_count, bob.following_count) == (0, 0)
    assert told(alice) == []


def test_nobody_follows_oneself(alice):
    assert social.follow_person(person=alice, by=alice) == 0
    assert not Follow.objects.exists()


def test_a_board_is_followed_once_by_others_only(alice, bob):
    board = make_board(alice)
    assert social.follow_board(board=board, by=alice) == 0
    assert social.follow_board(board=board, by=bob) == 1
    assert social.follow_board(board=board, by=bob) == 1
    board.refresh_from_db()
    assert board.follower_count == 1
    assert told(alice) == ["board_follow"]
    assert social.unfollow_board(board=board, by=bob) == 0
    board.refresh_from_db()
    assert board.follower_count == 0
    assert told(alice) == []


def test_a_shop_is_followed_once(bob):
    shop = make_shop()
    assert social.follow_shop(shop=shop, by=bob) == 1
    assert social.follow_shop(shop=shop, by=bob) == 1
    assert social.unfollow_shop(shop=shop, by=bob) == 0
    assert social.unfollow_shop(shop=shop, by=bob) == 0
    shop.refresh_from_db()
    assert shop.follower_count == 0


def test_a_comment_is_counted_and_told_to_the_pinner(pin, alice, bob):
    written = social.comment(pin=pin, by=bob, text="  Where is it from?  ")
    pin.refresh_from_db()
    assert (written.text, pin.comment_count) == ("Where is it from?", 1)
    assert told(alice) == ["comment"]


def test_a_reply_to_a_reply_answers_the_first_comment(pin, alice, bob, charlie):
    first = social.comment(pin=pin, by=bob, text="First")
    reply = social.comment(pin=pin, by=alice, text="Reply", reply_to=first)
    second = social.comment(pin=pin, by=charlie, text="Me too", reply_to=reply)
    assert second.reply_to == first
    # alice wrote the answered reply, so she is told of an answer, and once only.
    assert told(alice) == ["comment", "reply"]


def test_somebody_mentioned_is_told_once_and_by_the_nearest_reason(pin, alice, bob):
    social.comment(pin=pin, by=bob, text="@alice @alice @nobody look")
    assert told(alice) == ["mention"]


def test_a_mention_in_capitals_and_before_a_full_stop_reaches(pin, bob, charlie):
    social.comment(pin=pin, by=bob, text="Ask @Charlie.")
    assert told(charlie) == ["mention"]


@pytest.mark.parametrize("text", ["mail me: a@charlie", "@@charlie", "x@charlie.org"])
def test_an_address_is_no_mention(pin, bob, charlie, text):
    social.comment(pin=pin, by=bob, text=text)
    assert told(charlie) == []


def test_a_mention_under_a_secret_pin_tells_nobody_who_cannot_see_it(alice, bob):
    pin = make_pin(make_board(alice, visibility=Visibility.SECRET))
    social.comment(pin=pin, by=alice, text="@bob would like it")
    assert told(bob) == []


def test_only_its_author_edits_a_comment(pin, alice, bob):
    written = social.comment(pin=pin, by=bob, text="Nice")
    with pytest.raises(NoLongerThere):
        social.edit_comment(comment=written, by=alice, text="Awful")
    edited = social.edit_comment(comment=written, by=bob, text="Very nice")
    assert edited.text == "Very nice"
    assert edited.edited_at is not None


@pytest.mark.parametrize("remover", ["author", "owner"])
def test_author_and_pin_owner_take_a_comment_away(pin, alice, bob, remover):
    written = social.comment(pin=pin, by=bob, text="Nice")
    by = {"author": bob, "owner": alice}[remover]
    social.delete_comment(comment=written, by=by)
    social.delete_comment(comment=written, by=by)
    pin.refresh_from_db()
    assert pin.comment_count == 0
    assert list(Comment.objects.of(pin)) == []
    assert told(alice) == []


@pytest.mark.django_db(transaction=True)
def test_five_requests_at_once_take_a_comment_away_once(alice, bob):
    pin = make_pin(make_board(alice))
    social.comment(pin=pin, by=alice, text="Stays")
    written = social.comment(pin=pin, by=bob, text="Nice")

    def delete():
        social.delete_comment(comment=written, by=bob)
        connection.close()

    threads = [threading.Thread(target=delete) for _ in range(5)]
    with transaction.atomic():
        Comment.objects.select_for_update().get(pk=written.pk)
        for thread in threads:
            thread.start()
        time.sleep(0.5)  # for all of them to wait for the row
    for thread in threads:
        thread.join()
    pin.refresh_from_db()
    assert pin.comment_count == 1


def test_a_stranger_takes_no_comment_away(pin, bob, charlie):
    written = social.comment(pin=pin, by=bob, text="Nice")
    social.delete_comment(comment=written, by=charlie)
    pin.refresh_from_db()
    assert pin.comment_count == 1
    assert list(Comment.objects.of(pin)) == [written]
