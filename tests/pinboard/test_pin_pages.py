"""The page of a pin: who sees it, what stands on it, and its forms without scripts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from pinboard.actions import social
from pinboard.models import Pin, Visibility
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_product,
    make_shop,
    make_tags,
    make_user,
)


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="Blush coat", description="So soft")


def page_of(client, pin, user=None, query=""):
    if user:
        client.force_login(user)
    return client.get(pin.get_absolute_url() + query)


def test_everybody_sees_a_public_pin(client, pin):
    answer = page_of(client, pin)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'data-pin-id="{pin.pk}"' in html
    assert 'data-pin-state="ready"' in html
    assert html.count("data-pin-state") == 1
    assert "Blush coat" in html
    assert "So soft" in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("state", ["processing", "failed"])
def test_an_unready_pin_is_seen_by_its_pinner_alone(client, alice, bob, state):
    pin = make_pin(make_board(alice), state=state, picture=None)
    assert page_of(client, pin).status_code == 404
    assert page_of(client, pin, bob).status_code == 404
    answer = page_of(client, pin, alice)
    assert answer.status_code == 200
    assert f'data-pin-state="{state}"' in answer.content.decode()


def test_a_processing_pin_looks_again_by_itself(client, alice):
    pin = make_pin(make_board(alice), state="processing", picture=None)
    html = page_of(client, pin, alice).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in html
    assert "data-reload-s" in html


def test_a_ready_pin_stays_as_it_is(client, pin):
    html = page_of(client, pin).content.decode()
    assert "refresh" not in html
    assert "data-reload-s" not in html


def test_a_failed_pin_says_why_and_offers_to_try_again(client, alice):
    pin = make_pin(
        make_board(alice),
        state="failed",
        error_code="address_unreachable",
        picture=None,
    )
    html = page_of(client, pin, alice).content.decode()
    assert "This address could not be opened" in html
    assert reverse("pinboard:pin-retry", args=[pin.pk]) in html


def test_a_link_board_opens_its_pins_by_its_key_and_keeps_it(client, alice):
    board = make_board(alice, visibility=Visibility.LINK)
    pin = make_pin(board)
    assert page_of(client, pin).status_code == 404
    assert page_of(client, pin, query="?key=" + "x" * 22).status_code == 404
    answer = page_of(client, pin, query=f"?key={board.link_key}")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert f"/save/?key={board.link_key}" in html
    assert "noindex" in html


@pytest.mark.parametrize("key", ["x 1w, //evil.test/a 9w", "x" * 23, '"><script>', "x"])
def test_what_can_be_no_key_is_written_into_no_address(client, alice, key):
    pin = make_pin(
        make_board(alice, visibility=Visibility.SECRET),
        picture=make_picture(is_public=False),
    )
    answer = page_of(client, pin, alice, query="?" + urlencode({"key": key}))
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "/media/private/" in html
    assert not re.search(r'(?:src|srcset|action|href)="[^"]*[?;]key=', html)


@pytest.mark.parametrize("pk", [0, 10**30])
def test_absurd_ids_are_not_found(client, db, pk):
    assert client.get(f"/pins/{pk}/").status_code == 404


def test_a_deleted_pin_and_one_on_a_deleted_board_are_gone(client, pin):
    pin.board.deleted_at = timezone.now()
    pin.board.save()
    assert page_of(client, pin).status_code == 404


def test_open_graph_names_title_picture_and_price(client, alice):
    product = make_product(price_minor=19900, currency="CNY")
    pin = make_pin(make_board(alice), title="Coat", product=product, alt="A red coat")
    html = page_of(client, pin).content.decode()
    assert '<meta property="og:title" content="Coat">' in html
    assert ".jpg" in html
    assert '<meta property="product:price:amount" content="199.00">' in html
    assert '<meta property="og:image:alt" content="A red coat">' in html
    assert f'<link rel="canonical" href="http://testserver/pins/{pin.pk}/">' in html


def test_what_is_not_public_names_nothing_to_whoever_shares_it(client, alice):
    pin = make_pin(make_board(alice, visibility=Visibility.SECRET))
    html = page_of(client, pin, alice).content.decode()
    assert "og:title" not in html
    assert "og:image" not in html


def test_a_saved_pin_says_where_it_came_from(client, alice, bob):
    copy = make_pin(make_board(bob), via_pinner=alice)
    html = page_of(client, copy).content.decode()
    assert "@alice" in html


def test_what_came_from_ones_own_hidden_board_does_not_say_so(client, alice):
    copy = make_pin(make_board(alice), via_pinner=alice)
    assert "@alice" not in page_of(client, copy).content.decode()


def test_the_picture_has_its_words_and_its_size(client, alice):
    pin = make_pin(make_board(alice), alt="A blush coat on a hanger")
    html = page_of(client, pin).content.decode()
    assert 'alt="A blush coat on a hanger"' in html
    assert 'width="800"' in html
    assert 'height="1000"' in html


def test_what_people_write_is_text(client, alice, bob):
    hostile = "</title><script>alert(1)</script>"
    pin = make_pin(make_board(alice), title=hostile, description=hostile, alt=hostile)
    social.comment(pin=pin, by=bob, text=hostile + " http://x.example/?a=1&b='")
    html = page_of(client, pin).content.decode()
    assert "<script>alert" not in html


def test_an_odd_source_address_makes_no_link(client, alice):
    pin = make_pin(make_board(alice), source_url="javascript:alert(1)")
    assert "javascript:" not in page_of(client, pin).content.decode()


def test_more_like_this_shows_the_same_shop_and_never_the_pin_itself(
    client, alice, bob
):
    shop = make_shop()
    pin = make_pin(make_board(alice), product=make_product(shop))
    near = make_pin(make_board(bob), product=make_product(shop))
    hidden = make_pin(
        make_board(bob, visibility=Visibility.SECRET), product=make_product(shop)
    )
    far = make_pin(make_board(bob))
    shown = page_of(client, pin).context["pins"]
    assert shown == [near]
    assert hidden not in shown
    assert far not in shown


def test_more_like_this_shows_each_picture_once(client, alice, bob):
    product = make_product()
    pin = make_pin(make_board(alice), product=product)
    first = make_pin(make_board(bob), product=product)
    copy = make_pin(make_board(bob), product=product, picture=first.picture)
    make_pin(make_board(bob), product=product, picture=pin.picture)
    assert page_of(client, pin).context["pins"] == [copy]


def test_only_the_owner_is_offered_to_edit_and_delete(client, pin, alice, bob):
    edit = reverse("pinboard:pin-edit", args=[pin.pk])
    assert edit not in page_of(client, pin).content.decode()
    assert edit not in page_of(client, pin, bob).content.decode()
    assert edit in page_of(client, pin, alice).content.decode()


def fill(pin, comments):
    for number in range(comments):
        by = make_user()
        first = social.comment(pin=pin, by=by, text=f"Comment {number}")
        social.comment(pin=pin, by=by, text="Reply", reply_to=first)
    for _ in range(comments):
        other = make_pin(pin.board, product=make_product(pin.product.shop))
        make_tags(other, "wool")
    make_tags(pin, *(f"wool {number}" for number in range(comments - 1)), "wool")


@pytest.mark.parametrize("rows", [1, 20])
def test_the_page_costs_five_queries_at_most(
    client, alice, rows, django_assert_num_queries
):
    pin = make_pin(make_board(alice), product=make_product())
    fill(pin, rows)
    with django_assert_num_queries(5):
        client.get(pin.get_absolute_url())


@pytest.mark.parametrize("rows", [1, 20])
def test_signed_in_session_user_and_header_come_on_top(
    client, alice, bob, rows, django_assert_num_queries
):
    pin = make_pin(make_board(alice), product=make_product())
    fill(pin, rows)
    client.force_login(bob)
    with django_assert_num_queries(8):
        client.get(pin.get_absolute_url())


# Forms of the page -------------------------------------------------------------------
def test_like_and_unlike_by_the_form(client, pin, bob):
    client.force_login(bob)
    address = reverse("pinboard:pin-like", args=[pin.pk])
    assert client.post(address, {"on": "1"}).headers["Location"] == f"/pins/{pin.pk}/"
    assert page_of(client, pin).context["pin"].liked_by_viewer
    client.post(address, {"on": "0"})
    pin.refresh_from_db()
    assert pin.like_count == 0


def test_a_script_gets_state_and_count(client, pin, bob):
    client.force_login(bob)
    address = reverse("pinboard:pin-like", args=[pin.pk])
    answer = client.post(address, {"on": "1"}, headers={"Accept": "application/json"})
    assert answer.json() == {"active": True, "count": 1}


@pytest.mark.parametrize(
    "name", ["pin-like", "pin-comment", "pin-save", "pin-delete", "pin-retry"]
)
def test_actions_ask_a_signed_out_reader_to_log_in(client, pin, name):
    address = reverse(f"pinboard:{name}", args=[pin.pk])
    answer = client.post(address)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("name", ["pin-like", "pin-delete"])
@pytest.mark.parametrize(
    ("asked", "way"), [("/pins/7/", "/pins/7/"), ("//evil.example", "/"), (None, "/")]
)
def test_the_log_in_leads_back_to_the_page_of_the_form(client, pin, name, asked, way):
    """And not to an address that takes no GET."""
    fields = {"next": asked} if asked else {}
    answer = client.post(reverse(f"pinboard:{name}", args=[pin.pk]), fields)
    assert answer.headers["Location"] == f"/accounts/login/?next={way}"


@pytest.mark.parametrize("name", ["pin-edit", "pin-delete", "pin-retry", "pin-restore"])
def test_what_only_the_owner_may_is_not_found_by_others(client, pin, bob, name):
    client.force_login(bob)
    address = reverse(f"pinboard:{name}", args=[pin.pk])
    assert client.post(address, {"title": "Mine"}).status_code == 404


@pytest.mark.parametrize("name", ["pin-like", "pin-comment", "pin-save", "pin-delete"])
def test_a_post_without_the_token_is_refused(pin, alice, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    address = reverse(f"pinboard:{name}", args=[pin.pk])
    assert client.post(address).status_code == 403


@pytest.mark.parametrize("name", ["pin-like", "pin-comment", "pin-delete", "pin-retry"])
def test_actions_take_no_get(client, pin, alice, name):
    client.force_login(alice)
    assert client.get(reverse(f"pinboard:{name}", args=[pin.pk])).status_code == 405


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "\\\\e"])
def test_the_way_back_never_leads_away(client, pin, bob, away):
    client.force_login(bob)
    address = reverse("pinboard:pin-like", args=[pin.pk])
    answer = client.post(address, {"next": away})
    assert answer.headers["Location"] == f"/pins/{pin.pk}/"


def test_one_click_saves_to_the_board_and_offers_undo(client, pin, bob):
    board = make_board(bob, "Winter")
    client.force_login(bob)
    answer = client.post(
        reverse("pinboard:pin-save", args=[pin.pk]), {"board": board.pk}, follow=True
    )
    copy = Pin.objects.get(board=board)
    assert (copy.via, copy.via_pinner, copy.state) == (pin, pin.pinner, "ready")
    html = answer.content.decode()
    assert "Saved to Winter" in html
    assert reverse("pinboard:pin-delete", args=[copy.pk]) in html


def test_the_save_page_lists_ones_own_boards_and_makes_a_new_one(client, pin, bob):
    make_board(bob, "Winter")
    client.force_login(bob)
    address = reverse("pinboard:pin-save", args=[pin.pk])
    html = client.get(address).content.decode()
    assert "Winter" in html
    assert "Coats" not in html  # alice's
    client.post(address, {"new_board": "Fresh"})
    assert Pin.objects.get(board__title="Fresh").pinner == bob


def test_saving_to_nowhere_is_422_beside_the_field(client, pin, bob, alice):
    client.force_login(bob)
    address = reverse("pinboard:pin-save", args=[pin.pk])
    for content in ({}, {"board": pin.board_id}, {"board": "none"}, {"board": 10**30}):
        answer = client.post(address, content)
        assert answer.status_code == 422
        assert 'class="err error"' in answer.content.decode()
    assert not Pin.objects.filter(pinner=bob).exists()


def test_a_pin_that_is_not_ready_cannot_be_saved_and_says_so(client, alice):
    board = make_board(alice)
    pin = make_pin(board, state="processing", picture=None)
    client.force_login(alice)
    answer = client.post(
        reverse("pinboard:pin-save", args=[pin.pk]), {"board": board.pk}, follow=True
    )
    assert answer.status_code == 200
    assert Pin.objects.count() == 1
    assert "data-toast" in answer.content.decode()


def test_a_pin_gone_for_good_cannot_be_restored_and_says_so(client, pin, alice):
    pin.deleted_at = timezone.now() - timedelta(days=31)
    pin.save()
    client.force_login(alice)
    answer = client.post(reverse("pinboard:pin-restore", args=[pin.pk]), follow=True)
    assert "gone for good" in answer.content.decode()
    pin.refresh_from_db()
    assert pin.deleted_at is not None


def test_the_owner_edits_words_and_board(client, pin, alice):
    other = make_board(alice, "Other")
    client.force_login(alice)
    address = reverse("pinboard:pin-edit", args=[pin.pk])
    assert "Blush coat" in client.get(address).content.decode()
    answer = client.post(address, {"title": "Rose coat", "board": other.pk})
    assert answer.status_code == 302
    pin.refresh_from_db()
    assert (pin.title, pin.board) == ("Rose coat", other)


def test_an_edit_to_a_board_of_others_is_422_and_keeps_the_input(
    client, pin, alice, bob
):
    client.force_login(alice)
    address = reverse("pinboard:pin-edit", args=[pin.pk])
    theirs = make_board(bob, "Theirs")
    answer = client.post(address, {"title": "Kept words", "board": theirs.pk})
    assert answer.status_code == 422
    assert "Kept words" in answer.content.decode()
    pin.refresh_from_db()
    assert pin.title == "Blush coat"


@pytest.mark.parametrize("field", ["title", "description", "alt"])
def test_nul_in_words_is_422(client, pin, alice, field):
    client.force_login(alice)
    address = reverse("pinboard:pin-edit", args=[pin.pk])
    answer = client.post(address, {"board": pin.board_id, field: "a\0b"})
    assert answer.status_code == 422


def test_delete_offers_undo_and_undo_brings_it_back(client, pin, alice, bob):
    make_pin(make_board(bob), picture=pin.picture)  # so that its files stay
    client.force_login(alice)
    answer = client.post(reverse("pinboard:pin-delete", args=[pin.pk]), follow=True)
    restore = reverse("pinboard:pin-restore", args=[pin.pk])
    assert restore in answer.content.decode()
    assert page_of(client, pin).status_code == 404
    client.post(restore)
    assert page_of(client, pin).status_code == 200
