"""Guests of a wish list: what they see, promise, and take back."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions.gift_claims import (
    MOST_CLAIMS,
    claim_gift,
    forget_old_claims,
    guest_of_account,
    new_guest,
    take_back,
)
from pinboard.actions.gift_lists import end_gift_list, set_gift_list, set_wanted
from pinboard.actions.pins import delete_pin, edit_pin
from pinboard.exceptions import GiftTaken, ListClosed, TooManyClaims
from pinboard.models import BoardMember, GiftClaim, GiftGuest, GiftList, Role
from pinboard.views.gift_guests import CLAIMS_AN_HOUR, COOKIE
from tests.factories import (
    make_board,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)
from users.actions import close_account

pytestmark = pytest.mark.django_db

NOBODYS = f"/gifts/{uuid4()}/take-back/"


@pytest.fixture(autouse=True)
def unhurried():
    cache.clear()


def day(days=30):
    return timezone.localdate() + timedelta(days=days)


def make_gift_board(owner, *, days=30, **fields):
    board = make_board(owner, "Wishes", **({"visibility": "link"} | fields))
    set_gift_list(board=board, by=owner, occasion="Birthday", reveal_on=day(days))
    board.refresh_from_db()
    return board


def reveal(board):
    """As if the days had passed."""
    GiftList.objects.filter(board=board).update(reveal_on=timezone.localdate())
    type(board).objects.filter(pk=board.pk).update(gift_until=timezone.localdate())
    board.refresh_from_db()


@pytest.fixture
def board(alice):
    return make_gift_board(alice)


@pytest.fixture
def pin(board):
    return make_pin(board, title="A kettle")


@pytest.fixture
def guest(client, pin):
    """A browser that never signed in."""
    return client


def address(pin):
    return f"/pins/{pin.pk}/claim/?key={pin.board.link_key}"


def page_of(board):
    return f"{board.get_absolute_url()}?key={board.link_key}"


def promise(client, pin, **fields):
    return client.post(address(pin), {"name": "Aunt Li"} | fields)


def text(answer):
    return answer.content.decode()


def test_a_guest_promises_a_gift_without_an_account(guest, pin):
    answer = promise(guest, pin)
    assert answer.status_code == 302
    claim = GiftClaim.objects.get()
    assert (claim.pin, str(claim.guest), claim.quantity) == (pin, "Aunt Li", 1)
    mine = guest.get("/gifts/")
    assert "A kettle" in text(mine)
    assert "You give this" in text(guest.get(page_of(pin.board)))


def test_the_secret_of_a_guest_is_kept_as_a_hash_alone(guest, pin):
    promise(guest, pin)
    cookie = guest.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie.value not in GiftGuest.objects.get().digest


def test_other_guests_see_that_it_is_taken_but_not_by_whom(guest, pin):
    promise(guest, pin)
    for other in (text(Client().get(page_of(pin.board))), text(Client().get("/"))):
        assert "Aunt Li" not in other
    seen = text(Client().get(page_of(pin.board)))
    assert "Taken" in seen
    assert "I give this" not in seen


def test_a_name_is_shown_to_other_guests_by_choice(guest, pin):
    promise(guest, pin, shows_name="on")
    assert "from Aunt Li" in text(Client().get(page_of(pin.board)))
    assert "from Aunt Li" in text(
        Client().get(f"/pins/{pin.pk}/?key={pin.board.link_key}")
    )


def test_a_promise_needs_a_name(guest, pin):
    for name in ("", " \u200b ", "x" * 41):
        answer = promise(guest, pin, name=name)
        assert answer.status_code == 422
        assert 'class="err error"' in text(answer)
    assert not GiftClaim.objects.exists()
    assert not GiftGuest.objects.exists()


def test_a_shopper_promises_as_themself(client, bob, pin):
    client.force_login(bob)
    assert "Your name" not in text(client.get(address(pin)))
    client.post(address(pin), {"shows_name": "on"})
    assert GiftClaim.objects.get().guest.user == bob
    assert COOKIE not in client.cookies
    assert f"from {bob}" in text(Client().get(page_of(pin.board)))


def test_a_part_can_be_promised_and_the_rest_is_told(guest, alice, pin):
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: 3})
    promise(guest, pin, quantity=1)
    assert "2 of 3 left" in text(Client().get(page_of(pin.board)))
    other = Client()
    answer = promise(other, pin, quantity=3)
    assert answer.status_code == 409
    assert "Only 2 are left now" in text(answer)
    assert promise(other, pin, quantity=2).status_code == 302
    assert "Taken" in text(Client().get(page_of(pin.board)))


def test_who_comes_too_late_is_told_in_one_sentence(guest, pin):
    promise(guest, pin)
    answer = promise(Client(), pin, name="Uncle Bo")
    assert answer.status_code == 409
    assert text(answer).count('class="error"') == 1
    assert "Somebody was faster: this is taken now." in text(answer)
    assert "All of it is taken" not in text(answer)
    assert GiftGuest.objects.count() == 1


@pytest.mark.parametrize("quantity", ["0", "-1", "4", "x", "", "9" * 30])
def test_an_odd_number_is_told_beside_its_field(guest, alice, pin, quantity):
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: 3})
    answer = promise(guest, pin, quantity=quantity)
    assert answer.status_code == 422
    assert "Give a whole number from 1 to 3." in text(answer)
    assert 'value="Aunt Li"' in text(answer)


def test_a_promise_can_be_changed(guest, alice, pin):
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: 3})
    promise(guest, pin, quantity=3)
    promise(guest, pin, quantity=2, name="Li")
    claim = GiftClaim.objects.get()
    assert (claim.quantity, str(claim.guest)) == (2, "Li")


def test_a_promise_is_taken_back_in_the_same_browser(guest, pin):
    promise(guest, pin)
    claim = GiftClaim.objects.get()
    assert Client().post(f"/gifts/{claim.pk}/take-back/").status_code == 404
    assert guest.post(f"/gifts/{claim.pk}/take-back/").status_code == 302
    assert not GiftClaim.objects.exists()


def test_a_promise_is_taken_back_on_another_device_by_the_private_link(guest, pin):
    promise(guest, pin)
    secret = guest.cookies[COOKIE].value
    assert f"/gifts/{secret}/" in text(guest.get("/gifts/"))
    other = Client()
    assert "A kettle" in text(other.get(f"/gifts/{secret}/"))
    assert COOKIE not in other.cookies  # a look changes nothing
    claim = GiftClaim.objects.get()
    other.post(f"/gifts/{claim.pk}/take-back/", {"secret": secret})
    assert not GiftClaim.objects.exists()


@pytest.mark.parametrize("secret", ["a" * 32, "short", "é" * 32])
def test_a_wrong_private_link_is_not_found(client, secret):
    assert client.get(f"/gifts/{secret}/").status_code == 404
    assert client.post(NOBODYS, {"secret": secret}).status_code == 404


def test_a_foreign_cookie_is_nobody(client, pin):
    for value in ("x", "a" * 32, "é" * 32, "a" * 5000):
        client.cookies[COOKIE] = value
        assert client.get("/gifts/").status_code == 200
        assert client.get(page_of(pin.board)).status_code == 200


def test_the_link_of_the_board_is_needed(client, pin):
    bare = f"/pins/{pin.pk}/claim/"
    assert client.get(bare).status_code == 404
    assert client.post(bare, {"name": "Eve"}).status_code == 404
    assert client.get(f"{bare}?key={'x' * 22}").status_code == 404


@pytest.mark.parametrize("role", [Role.EDITOR, Role.OWNER, None])
def test_whoever_fills_the_board_promises_nothing(client, alice, bob, pin, role):
    if role:
        BoardMember.objects.create(
            board=pin.board, user=bob, role=role, accepted_at=timezone.now()
        )
    client.force_login(bob if role else alice)
    assert client.get(address(pin)).status_code == 403
    assert promise(client, pin).status_code == 403
    assert not GiftClaim.objects.exists()


def test_who_may_only_look_is_a_guest(client, alice, bob):
    board = make_gift_board(alice, visibility="secret")
    pin = make_pin(board)
    BoardMember.objects.create(
        board=board, user=bob, role=Role.VIEWER, accepted_at=timezone.now()
    )
    client.force_login(bob)
    assert client.post(f"/pins/{pin.pk}/claim/").status_code == 302
    assert "You give this" in text(client.get(board.get_absolute_url()))
    assert Client().get(f"/pins/{pin.pk}/claim/").status_code == 404


def test_an_ordinary_board_takes_no_promises(client, alice):
    pin = make_pin(make_board(alice))
    assert client.get(f"/pins/{pin.pk}/claim/").status_code == 404


def test_after_the_day_nothing_is_promised(guest, pin):
    promise(guest, pin)
    reveal(pin.board)
    assert Client().get(address(pin)).status_code == 404
    assert "closed on" in text(Client().get(page_of(pin.board)))
    with pytest.raises(ListClosed):
        claim_gift(pin=pin, guest=new_guest()[0], quantity=1)


def test_the_page_says_who_sees_what(guest, alice, pin):
    seen = text(guest.get(page_of(pin.board)))
    assert f"{alice} and the editors of this board see no promise until" in seen


@pytest.mark.parametrize("place", ["page", "claim", "mine"])
def test_nothing_of_a_list_is_kept_by_a_browser(guest, pin, place):
    promise(guest, pin)
    where = {"page": page_of(pin.board), "claim": address(pin), "mine": "/gifts/"}
    assert guest.get(where[place])["Cache-Control"] == "private, no-store"


# What becomes of the thing


def mine(client):
    return text(client.get("/gifts/"))


def test_a_promise_outlives_its_pin_and_the_guest_is_told(guest, alice, pin):
    promise(guest, pin)
    delete_pin(pin=pin, by=alice)
    assert "A kettle" in mine(guest)
    assert "not on the list any more" in mine(guest)
    pin.delete()
    assert "A kettle" in mine(guest)
    assert "not on the list any more" in mine(guest)


def test_a_pin_moved_elsewhere_is_told_and_not_shown(guest, alice, pin):
    promise(guest, pin)
    secret = make_board(alice, "Private", visibility="secret")
    edit_pin(pin=pin, by=alice, title="Other", description="", alt="", board=secret)
    assert "not on the list any more" in mine(guest)
    assert f"/pins/{pin.pk}/" not in mine(guest)
    assert "Other" not in mine(guest)


def test_a_new_key_of_the_board_does_not_open_it_by_the_promise(guest, pin):
    promise(guest, pin)
    assert f"/pins/{pin.pk}/" in mine(guest)
    type(pin.board).objects.filter(pk=pin.board_id).update(link_key="n" * 22)
    assert f"/pins/{pin.pk}/" not in mine(guest)
    assert "n" * 22 not in mine(guest)


def test_a_list_that_was_taken_back_is_told(guest, alice, pin):
    promise(guest, pin)
    end_gift_list(board=pin.board, by=alice)
    assert "The wish list was taken back" in mine(guest)
    assert Client().get(address(pin)).status_code == 404


def test_more_promised_than_wanted_is_told(guest, alice, pin):
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: 3})
    promise(guest, pin, quantity=3)
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: 1})
    assert "3 are promised, but only 1 wanted now" in mine(guest)


def test_sold_out_is_told(guest, board):
    product = make_product(availability="sold_out")
    promise(guest, make_pin(board, product=product))
    assert "The shop has none left now" in mine(guest)


# Buying it


def test_a_promise_leads_to_the_shop_by_a_link_that_earns_its_wisher_nothing(
    guest, board
):
    shop = make_shop()
    product = make_product(shop)
    pin = make_pin(board, product=product)
    programme = make_programme(shop=shop)
    own = make_link(programme=programme, pin=pin)
    site = make_link(programme=programme, product=product)
    promise(guest, pin)
    seen = mine(guest)
    assert f"/go/{site.token}/" in seen
    assert own.token not in seen
    assert 'rel="sponsored nofollow noopener"' in seen
    assert "8%" in seen
    assert "commission" in seen
    for page in (page_of(board), f"/pins/{pin.pk}/?key={board.link_key}"):
        assert own.token not in text(guest.get(page))
    assert f"/go/{site.token}/" in text(
        guest.get(f"/pins/{pin.pk}/?key={board.link_key}")
    )


def test_a_list_that_ended_before_its_day_is_bought_by_the_site_s_links_as_before(
    client, board, alice
):
    shop = make_shop()
    product = make_product(shop)
    pin = make_pin(board, product=product)
    programme = make_programme(shop=shop)
    own = make_link(programme=programme, pin=pin)
    site = make_link(programme=programme, product=product)
    end_gift_list(board=board, by=alice)
    shown = text(client.get(f"/pins/{pin.pk}/?key={board.link_key}"))
    assert site.token in shown
    assert own.token not in shown
    reveal(board)
    shown = text(client.get(f"/pins/{pin.pk}/?key={board.link_key}"))
    assert own.token in shown


# Too much


def test_too_many_promises_of_one_address_have_to_wait(guest, pin):
    for _ in range(CLAIMS_AN_HOUR):
        assert promise(guest, pin).status_code == 302
    answer = promise(guest, pin)
    assert answer.status_code == 429
    assert "Try again in an hour" in text(answer)
    assert 'value="Aunt Li"' in text(answer)


def test_one_guest_cannot_promise_everything(board):
    guest, _ = new_guest()
    for _ in range(MOST_CLAIMS):
        claim_gift(pin=make_pin(board), guest=guest, quantity=1, name="Eve")
    with pytest.raises(TooManyClaims) as told:
        claim_gift(pin=make_pin(board), guest=guest, quantity=1, name="Eve")
    assert "You give 30 things" in str(told.value.for_user)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", [1, 3])
def test_of_many_who_want_the_last_one_at_once_just_one_gets_it(alice, wanted):
    pin = make_pin(make_gift_board(alice))
    set_wanted(board=pin.board, by=alice, wanted={pin.pk: wanted})
    guests = [new_guest()[0] for _ in range(8)]
    start, outcomes, errors = threading.Barrier(8), [], []

    def want(guest):
        start.wait()
        try:
            claim_gift(pin=pin, guest=guest, quantity=1, name="G")
            outcomes.append("got")
        except GiftTaken:
            outcomes.append("told")
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=[guest]) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(outcomes) == ["got"] * wanted + ["told"] * (8 - wanted)
    assert GiftClaim.objects.count() == wanted


@pytest.mark.parametrize("place", ["board", "mine"])
def test_pages_ask_as_often_for_one_thing_as_for_twenty(client, bob, board, place):
    client.force_login(bob)
    bobs = guest_of_account(bob)

    def asked(count):
        for _ in range(count):
            pin = make_pin(board, product=make_product())
            claim_gift(pin=pin, guest=bobs, quantity=1, key=board.link_key)
            other = make_pin(board, product=make_product())
            aunt = new_guest()[0]
            claim_gift(pin=other, guest=aunt, quantity=1, name="A", shows_name=True)
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(board) if place == "board" else "/gifts/")
        return len(queries)

    client.get("/gifts/")
    one = asked(1)
    assert asked(10) == one


# Forgetting


def test_closing_an_account_takes_its_promises_back(bob, charlie, pin):
    claim_gift(pin=pin, guest=guest_of_account(bob), quantity=1, shows_name=True)
    close_account(user=bob)
    assert not GiftClaim.objects.exists()
    claim_gift(pin=pin, guest=guest_of_account(charlie), quantity=1)


def test_a_closed_account_of_the_wisher_is_told_to_guests(guest, alice, pin):
    promise(guest, pin)
    close_account(user=alice)
    assert "The board was deleted" in mine(guest)
    assert Client().get(address(pin)).status_code == 404


def test_names_are_forgotten_a_year_after_the_day(guest, pin):
    promise(guest, pin)
    GiftGuest.objects.update(created_at=timezone.now() - timedelta(days=400))
    forget_old_claims()
    assert GiftClaim.objects.count() == 1
    GiftList.objects.update(reveal_on=day(-366))
    forget_old_claims()
    assert not GiftClaim.objects.exists()
    assert not GiftGuest.objects.exists()


def test_taking_back_twice_is_no_error(guest, pin):
    promise(guest, pin)
    claim = GiftClaim.objects.get()
    take_back(claim=claim)
    take_back(claim=claim)
    assert guest.post(f"/gifts/{claim.pk}/take-back/").status_code == 404
