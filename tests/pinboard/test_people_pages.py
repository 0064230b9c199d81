import re
from xml.etree import ElementTree

import pytest

from pinboard.models import Follow, Like
from tests.factories import make_board, make_pin, make_product

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


def pin_ids(answer):
    return [int(i) for i in re.findall(r'data-pin-id="(\d+)"', answer.content.decode())]


def test_a_profile_shows_its_public_boards(client, alice):
    board = make_board(alice, "Coats")
    make_pin(board)
    make_board(alice, "Hush", visibility="secret")
    make_board(alice, "Gifts", visibility="link")

    page = client.get("/people/alice/").content.decode()

    assert board.get_absolute_url() in page
    assert "<b>1</b> board" in page
    assert "Hush" not in page
    assert "Gifts" not in page


def test_a_profile_counts_what_its_reader_may_see(client, alice):
    shown, hidden = make_board(alice), make_board(alice, visibility="secret")
    for board in (shown, shown, hidden):
        make_pin(board)

    assert "<b>2</b> pins" in client.get("/people/alice/").content.decode()
    client.force_login(alice)
    assert "<b>3</b> pins" in client.get("/people/alice/").content.decode()


def test_the_owner_sees_all_boards_and_the_way_to_the_earnings(client, alice):
    hidden = make_board(alice, "Hush", visibility="secret")
    client.force_login(alice)

    page = client.get("/people/alice/").content.decode()

    assert hidden.get_absolute_url() in page
    assert "secret board" in page
    assert "<b>1</b> board" in page
    assert 'href="/settings/profile/"' in page


def test_strangers_see_no_earnings_tab(client, alice, bob):
    client.force_login(bob)
    page = client.get("/people/alice/").content.decode()
    tabs = page[page.index('class="tabs"') :]

    assert "Earnings" not in tabs[: tabs.index("</nav>")]


def test_covers_come_from_the_boards_own_pins_alone(client, alice, bob):
    board = make_board(alice)
    shown = [make_pin(board) for _ in range(4)][1:]
    hidden = make_pin(make_board(alice, visibility="secret"))

    page = client.get("/people/alice/").content.decode()

    for pin in shown:
        assert pin.picture.name in page
    assert hidden.picture.name not in page


def test_pins_and_likes_are_tabs_that_hide_what_is_hidden(client, alice, bob):
    board, secret = make_board(alice), make_board(alice, visibility="secret")
    first, second = make_pin(board), make_pin(board)
    hidden = make_pin(secret)
    for pin in (second, hidden, first):
        Like.objects.create(pin=pin, user=alice)
        Like.objects.create(pin=pin, user=bob)

    assert pin_ids(client.get("/people/alice/?tab=pins")) == [second.pk, first.pk]
    assert pin_ids(client.get("/people/alice/?tab=likes")) == [first.pk, second.pk]
    client.force_login(alice)
    assert pin_ids(client.get("/people/alice/?tab=pins"))[0] == hidden.pk


def test_likes_page_by_the_time_of_liking(client, alice, bob):
    board = make_board(alice)
    pins = [make_pin(board) for _ in range(30)]
    for pin in pins:
        Like.objects.create(pin=pin, user=bob)
    Like.objects.create(pin=pins[0], user=alice)

    first = client.get("/people/bob/?tab=likes")
    link = re.search(r'href="(\?[^"]*)" rel="next"', first.content.decode())[1]
    second = client.get("/people/bob/" + link.replace("&amp;", "&"))

    assert pin_ids(first) + pin_ids(second) == [p.pk for p in reversed(pins)]


def test_a_reader_can_follow_others_only(client, alice, bob):
    client.force_login(bob)
    page = client.get("/people/alice/").content.decode()
    assert 'action="/people/alice/follow/"' in page
    assert "data-followed" not in page

    Follow.objects.create(follower=bob, person=alice)
    assert "data-followed" in client.get("/people/alice/").content.decode()
    assert "/people/bob/follow/" not in client.get("/people/bob/").content.decode()


def test_closed_accounts_have_no_page(client, alice):
    alice.is_active = False
    alice.save()

    assert client.get("/people/alice/").status_code == 404
    assert client.get("/people/alice/feed.atom").status_code == 404


def test_a_bad_cursor_is_not_found(client, alice):
    for tab in ("boards", "pins", "likes", "odd"):
        address = f"/people/alice/?tab={tab}&cursor=x"
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("tab", ["boards", "pins", "likes"])
def test_a_profile_takes_three_queries(
    client, alice, django_assert_num_queries, count, tab
):
    for _ in range(count):
        pin = make_pin(make_board(alice), product=make_product())
        Like.objects.create(pin=pin, user=alice)
    client.get(f"/people/alice/?tab={tab}")

    with django_assert_num_queries(3):
        client.get(f"/people/alice/?tab={tab}")


def test_the_feed_is_atom_and_holds_public_pins_with_their_words(client, alice):
    board = make_board(alice)
    pin = make_pin(board, title="Red <b>coat</b>", alt="A coat", description="Warm")
    make_pin(make_board(alice, visibility="secret"), title="Hush")
    make_pin(make_board(alice, visibility="link"), title="Hush")

    answer = client.get("/people/alice/feed.atom")

    assert answer["Content-Type"].startswith("application/atom+xml")
    entries = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}title") for e in entries] == ["Red <b>coat</b>"]
    summary = entries[0].findtext(f"{ATOM}summary")
    assert 'alt="A coat"' in summary
    assert "Warm" in summary
    link = entries[0].find(f"{ATOM}link").get("href")
    assert link == f"http://testserver/pins/{pin.pk}/"


def test_what_xml_cannot_write_is_left_out_of_the_feed(client, alice):
    make_pin(make_board(alice), title="Red\x01 coat\x0b", description="\x1f<script>")
    alice.bio = "\x02"
    alice.save()

    answer = client.get("/people/alice/feed.atom")

    title = ElementTree.fromstring(answer.content).findtext(
        f".//{ATOM}entry/{ATOM}title"
    )
    assert title == "Red coat"
    assert b"<script>" not in answer.content


@pytest.mark.parametrize("count", [1, 20])
def test_the_feed_takes_two_queries(client, alice, django_assert_num_queries, count):
    for _ in range(count):
        make_pin(make_board(alice), product=make_product())

    with django_assert_num_queries(2):
        client.get("/people/alice/feed.atom")
