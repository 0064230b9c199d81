"""Home, Explore, the chrome around every page."""

import re

import pytest
from django.urls import reverse

from pinboard.models import Follow
from tests.factories import make_board, make_picture, make_pin, make_product

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def pin_ids(answer):
    return [int(i) for i in re.findall(r'data-pin-id="(\d+)"', answer.content.decode())]


def next_address(answer):
    found = re.search(
        r'href="(\?[^"]*cursor=[^"]+)" rel="next"', answer.content.decode()
    )
    return found and found[1]


def test_a_signed_out_reader_sees_public_pins_newest_first(client, alice):
    board = make_board(alice)
    older, newer = make_pin(board), make_pin(board)
    make_pin(make_board(alice, "Hidden", visibility="secret"))
    make_pin(board, state="processing", picture=None)

    for address in ("/", "/explore/"):
        assert pin_ids(client.get(address)) == [newer.pk, older.pk]


def test_home_shows_the_following_feed_to_a_signed_in_reader(client, alice, bob):
    followed = make_pin(make_board(alice))
    make_pin(make_board(bob))
    other = make_pin(make_board(alice, "Another"), pinner=bob)
    Follow.objects.create(follower=bob, person=alice)
    client.force_login(bob)

    answer = client.get("/")

    assert pin_ids(answer) == [followed.pk]
    assert 'href="/explore/"' in answer.content.decode()
    assert other.pk in pin_ids(client.get("/explore/"))


def test_the_following_feed_says_where_it_ends(client, alice, bob):
    board = make_board(alice)
    for _ in range(30):
        make_pin(board)
    Follow.objects.create(follower=bob, person=alice)
    client.force_login(bob)
    end = "That is everything from those you follow."

    first = client.get("/")

    assert end not in first.content.decode()
    assert end in client.get("/" + next_address(first)).content.decode()
    assert end not in client.get("/explore/").content.decode()


@pytest.mark.parametrize(("pictures", "shown"), [(0, 0), (2, 0), (3, 3), (5, 3)])
def test_an_empty_page_shows_three_new_pictures(client, alice, bob, pictures, shown):
    for _ in range(pictures):
        first = make_pin(make_board(alice))
        make_pin(first.board, picture=first.picture)
    make_pin(make_board(alice, visibility="secret"))
    client.force_login(bob)

    page = client.get("/").content.decode()

    assert "Follow people, boards and shops." in page
    assert page.count('width="80" height="108"') == shown


def test_a_picture_that_many_saved_stands_once_on_a_page(client, alice, bob, charlie):
    first = make_pin(make_board(alice))
    make_pin(make_board(bob), picture=first.picture)
    newest = make_pin(make_board(charlie), picture=first.picture)
    other = make_pin(make_board(alice))

    answer = client.get("/explore/")

    assert pin_ids(answer) == [other.pk, newest.pk]
    assert "charlie and 2 others" in answer.content.decode()
    assert pin_ids(client.get(first.board.get_absolute_url())) == [first.pk]


def test_ones_own_secret_pins_are_no_discovery(client, alice):
    make_pin(make_board(alice, visibility="secret"))
    client.force_login(alice)

    assert pin_ids(client.get("/explore/")) == []


def test_pages_of_the_feed_repeat_nothing_while_pins_are_added(client, alice):
    board = make_board(alice)
    there = {make_pin(board).pk for _ in range(30)}
    first = client.get("/explore/")
    make_pin(board)

    second = client.get("/explore/" + next_address(first))

    seen = pin_ids(first) + pin_ids(second)
    assert len(seen) == len(set(seen))
    assert set(seen) == there
    assert next_address(second) is None


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 400, "%F0%9F%91%A0"])
def test_an_unreadable_cursor_is_not_found(client, db, cursor):
    assert client.get(f"/explore/?cursor={cursor}").status_code == 404
    assert client.get(f"/?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("count", [1, 20])
def test_a_signed_out_feed_takes_two_queries(
    client, alice, django_assert_num_queries, count
):
    board = make_board(alice)
    for _ in range(count):
        make_pin(board, product=make_product())
    client.get("/explore/")

    for address in ("/", "/explore/"):
        with django_assert_num_queries(2):
            client.get(address)


@pytest.mark.parametrize("count", [1, 20])
def test_a_signed_in_feed_takes_three_queries_beside_session_and_user(
    client, alice, bob, django_assert_num_queries, count
):
    board = make_board(alice)
    for _ in range(count):
        make_pin(board, product=make_product())
    Follow.objects.create(follower=bob, person=alice)
    client.force_login(bob)

    with django_assert_num_queries(2 + 3):
        client.get("/")


def test_a_card_reserves_its_box_and_names_its_picture(client, alice):
    picture = make_picture(width=1000, height=9000, dominant="#aabbcc")
    make_pin(make_board(alice), picture=picture, alt="A long scarf", title="Scarf")

    page = client.get("/").content.decode()

    assert 'style="--w:1000;--h:2000;--ph:#aabbcc"' in page
    image = re.search(r'<img src="/media/[^>]+>', page)[0]
    assert 'width="1000" height="9000"' in image
    assert 'alt="A long scarf"' in image
    for width in (236, 474, 736):
        assert f"-{width}.webp {width}w" in image


def test_the_first_cards_load_at_once_and_the_others_when_they_come_near(client, alice):
    board = make_board(alice)
    for _ in range(8):
        make_pin(board)

    images = re.findall(r"<img src=\"/media/[^>]+>", client.get("/").content.decode())

    assert ["fetchpriority" in i for i in images] == [True] * 2 + [False] * 6
    assert ["lazy" in i for i in images] == [False] * 6 + [True] * 2


def test_hostile_titles_stay_text(client, alice):
    board = make_board(alice, HOSTILE)
    product = make_product(title=HOSTILE)
    make_pin(board, title=HOSTILE, alt=HOSTILE, product=product)
    alice.display_name = HOSTILE[:60]
    alice.save()

    for address in ("/", "/explore/", "/people/alice/", board.get_absolute_url()):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_save_leads_a_signed_out_reader_to_the_log_in_and_back(client, alice):
    pin = make_pin(make_board(alice))

    page = client.get("/").content.decode()
    assert f'href="/pins/{pin.pk}/save/"' in page
    assert "csrfmiddlewaretoken" not in page

    answer = client.get(f"/pins/{pin.pk}/save/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next=/pins/{pin.pk}/save/"


def test_save_on_a_card_is_a_button_of_the_one_form_of_the_page(client, alice, bob):
    pin = make_pin(make_board(alice))
    board = make_board(bob, "Bob's finds")
    client.force_login(bob)

    page = client.get("/explore/").content.decode()

    assert page.count('<form id="save" method="post">') == 1
    button = f'form="save" formaction="/pins/{pin.pk}/save/" name="board"'
    assert f'{button} value="{board.pk}"' in page


def test_ones_own_pin_offers_edit_and_not_save(client, alice):
    pin = make_pin(make_board(alice))
    client.force_login(alice)

    page = client.get("/explore/").content.decode()

    assert f'href="/pins/{pin.pk}/edit/"' in page
    assert f"/pins/{pin.pk}/save/" not in page


def test_an_empty_feed_offers_the_next_step(client, bob):
    client.force_login(bob)

    assert "Find something" in client.get("/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        *("/no-such-page/", "/pins/999999999999/", f"/pins/{'9' * 40}/"),
        *("/people/no.such.person/", "/people/%00/", "/people/%ff%fe/"),
        *("/boards/-1-x/", "/boards/a.b-x/", f"/boards/{'9' * 40}-x/"),
    ],
)
def test_what_is_not_there_is_told_in_the_dress_of_the_site(client, db, address):
    answer = client.get(address)

    assert answer.status_code == 404
    assert "This pin came loose" in answer.content.decode()
    assert '<html lang="en">' in answer.content.decode()


def test_a_theme_is_kept_in_a_cookie_and_rendered_by_the_server(client, db):
    form = {"theme": "dark", "next": "/explore/"}
    answer = client.post(reverse("pinboard:theme-set"), form)

    assert answer["Location"] == "/explore/"
    assert '<html lang="en" data-theme="dark">' in client.get("/").content.decode()

    client.post(reverse("pinboard:theme-set"), {"theme": ""})
    assert "data-theme=" not in client.get("/").content.decode().split(">")[1]


def test_an_odd_theme_is_not_rendered(client, db):
    client.cookies["theme"] = '"><script>'

    assert "<script>" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "http://[",
        "admin:index",
        "nowhere",
        "javascript:alert(1)",
        "",
    ],
)
def test_preferences_lead_back_to_our_own_pages_alone(client, db, elsewhere):
    form = {"theme": "dark", "next": elsewhere}

    assert client.post("/preferences/theme/", form)["Location"] == "/"
    assert 'name="next" value="/"' in client.get("/preferences/", form).content.decode()
    assert client.get("/preferences/theme/").status_code == 405


def test_the_language_can_be_chosen(client, db):
    client.post("/preferences/language/", {"language": "zh-hans", "next": "/"})

    assert '<html lang="zh-Hans">' in client.get("/").content.decode()


@pytest.mark.parametrize("address", ["/", "/explore/", "/search/?q=a", "/shops/"])
@pytest.mark.django_db
def test_who_asks_for_the_headers_alone_gets_them(client, address):
    answer = client.head(address)
    assert answer.status_code == 200
    assert not answer.content
