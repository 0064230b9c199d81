"""Comments on the pin's page: threads, replies, edits, and 500 of them."""

import pytest
from django.urls import reverse

from pinboard.actions import social
from pinboard.discovery.threads import THREADS_A_PAGE, threads_of
from pinboard.models import Comment, Visibility
from pinboard.templatetags.comments import comment_html
from tests.factories import make_board, make_pin


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice))


def address(name, comment):
    return reverse(f"pinboard:{name}", args=[comment.pk])


def test_a_comment_by_the_form_stands_on_the_page(client, pin, bob):
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/comment/", {"text": "Where is it from?"})
    written = Comment.objects.get()
    place = f"/pins/{pin.pk}/#comment-{written.pk}"
    assert (answer.status_code, answer.headers["Location"]) == (302, place)
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert "Where is it from?" in html
    assert "1 comment<" in html


def test_a_reply_stands_below_its_comment(client, pin, alice, bob):
    first = social.comment(pin=pin, by=bob, text="Question")
    client.force_login(alice)
    page = client.get(f"/pins/{pin.pk}/?reply={first.pk}").content.decode()
    assert f'name="reply_to" value="{first.pk}"' in page
    client.post(f"/pins/{pin.pk}/comment/", {"text": "Answer", "reply_to": first.pk})
    threads, _ = threads_of(pin)
    assert [t.first.text for t in threads] == ["Question"]
    assert [r.text for r in threads[0].replies] == ["Answer"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, "a\0b"])
def test_a_bad_comment_is_422_and_keeps_its_text(client, pin, bob, text):
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/comment/", {"text": text})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="err error"' in html
    assert not Comment.objects.exists()
    if len(text) > 500:
        assert text in html


@pytest.mark.parametrize("asked", ["0", "none", str(10**30)])
def test_a_reply_to_nothing_is_422(client, pin, bob, asked):
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/comment/", {"text": "hi", "reply_to": asked})
    assert answer.status_code == 422


def test_a_reply_to_a_comment_of_another_pin_is_422(client, pin, alice, bob):
    other = make_pin(make_board(alice, visibility=Visibility.SECRET))
    hidden = social.comment(pin=other, by=alice, text="Secret")
    client.force_login(bob)
    answer = client.post(
        f"/pins/{pin.pk}/comment/", {"text": "hi", "reply_to": hidden.pk}
    )
    assert answer.status_code == 422


def test_a_signed_out_reader_is_asked_to_log_in_and_sees_the_comments(client, pin, bob):
    social.comment(pin=pin, by=bob, text="Nice")
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert "Nice" in html
    assert "Log in to comment" in html
    assert "<textarea" not in html


def test_the_author_edits_a_comment_and_nobody_else(client, pin, alice, bob):
    written = social.comment(pin=pin, by=bob, text="Nice")
    client.force_login(alice)
    assert client.get(address("comment-edit", written)).status_code == 404
    client.force_login(bob)
    assert "Nice" in client.get(address("comment-edit", written)).content.decode()
    assert (
        client.post(address("comment-edit", written), {"text": ""}).status_code == 422
    )
    client.post(address("comment-edit", written), {"text": "Very nice"})
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert "Very nice" in html
    assert "edited" in html


def test_no_comment_of_a_pin_that_became_secret_can_be_read_by_editing(
    client, pin, bob
):
    written = social.comment(pin=pin, by=bob, text="Nice")
    pin.board.visibility = Visibility.SECRET
    pin.board.save()
    client.force_login(bob)
    assert client.get(address("comment-edit", written)).status_code == 404


def test_author_and_owner_delete_and_a_stranger_does_not(
    client, pin, alice, bob, charlie
):
    mine, theirs = (social.comment(pin=pin, by=bob, text=t) for t in ("One", "Two"))
    client.force_login(charlie)
    assert client.post(address("comment-delete", mine)).status_code == 404
    client.force_login(bob)
    assert client.post(address("comment-delete", mine)).status_code == 302
    client.force_login(alice)
    assert client.post(address("comment-delete", theirs)).status_code == 302
    pin.refresh_from_db()
    assert pin.comment_count == 0
    assert client.post(address("comment-delete", theirs)).status_code == 404


def test_answers_stay_when_the_first_comment_is_taken_away(client, pin, alice, bob):
    first = social.comment(pin=pin, by=bob, text="Question")
    social.comment(pin=pin, by=alice, text="Answer", reply_to=first)
    social.delete_comment(comment=first, by=bob)
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert "Question" not in html
    assert "Answer" in html
    assert "This comment was taken away" in html


def test_long_threads_come_in_pages_and_none_is_cut_or_shown_twice(client, pin, bob):
    firsts = [
        social.comment(pin=pin, by=bob, text=f"No {n}")
        for n in range(THREADS_A_PAGE + 5)
    ]
    social.comment(pin=pin, by=bob, text="Late answer", reply_to=firsts[0])
    for gone in firsts[1:4]:
        social.delete_comment(comment=gone, by=bob)
    page, after = threads_of(pin)
    rest, end = threads_of(pin, after)
    assert (len(page), len(rest), end) == (THREADS_A_PAGE, 2, None)
    assert [t.pk for t in page + rest] == [c.pk for c in (firsts[0], *firsts[4:])]
    assert [r.text for r in page[0].replies] == ["Late answer"]
    html = client.get(f"/pins/{pin.pk}/").content.decode()
    assert f"?after={after}#comments" in html


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "%00", "²"])
def test_an_unreadable_place_among_the_comments_breaks_nothing(client, pin, after):
    assert client.get(f"/pins/{pin.pk}/?after={after}").status_code in (200, 400)


@pytest.mark.parametrize("name", ["\u017fam", "sa\u017f", "\u212aim", "\u0131lk"])
def test_a_letter_that_only_looks_like_one_of_a_name_mentions_nobody(
    client, pin, bob, name
):
    social.comment(pin=pin, by=bob, text=f"Ask @{name}")
    answer = client.get(f"/pins/{pin.pk}/")
    assert answer.status_code == 200
    assert f"@{name}" in answer.content.decode().replace("</a>", "")


def test_words_of_a_comment_are_text_with_plain_links():
    html = comment_html('<b>x</b> @alice see https://a.example/?a=1&b="2".\nbye')
    assert "<b>" not in html
    assert '<a class="link" href="/people/alice/">@alice</a>' in html
    assert 'href="https://a.example/?a=1&amp;b=" rel="ugc nofollow noopener"' in html
    assert "<br>bye" in html
    assert "javascript" not in comment_html("javascript:alert(1)").replace(
        "javascript:alert(1)", ""
    )
    assert "<a" not in comment_html("javascript:alert(1)")
