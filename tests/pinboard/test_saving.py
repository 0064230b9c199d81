"""Save by one press: once however often it is pressed, and after a log-in by itself."""

from datetime import timedelta
from threading import Thread

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from pinboard.actions.boards import board_to_fill
from pinboard.actions.saving import save_once
from pinboard.exceptions import PinNotReady, ThereAlready
from pinboard.models import Board, Pin
from tests.factories import PASSWORD, make_board, make_pin, make_user


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="Blush coat")


def log_in(client, address, name):
    """As a person does: the page asks, and sends them on where they wanted to go."""
    return client.post(address, {"login": name, "password": PASSWORD}, follow=True)


def test_a_save_without_an_account_is_done_after_the_log_in(client, bob, pin):
    board = make_board(bob, "Mine")
    asked = client.get(f"/pins/{pin.pk}/save/", HTTP_REFERER="http://testserver/?a=1")
    assert asked["Location"].startswith("/accounts/login/")
    answer = log_in(client, asked["Location"], "bob")
    assert "Saved to Mine" in answer.content.decode()
    assert answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"] == "/?a=1"
    assert Pin.objects.filter(board=board, via=pin).count() == 1
    client.get(f"/pins/{pin.pk}/save/")
    assert Pin.objects.filter(board=board).count() == 1


def test_who_has_no_board_yet_names_one_first(client, bob, pin):
    asked = client.get(f"/pins/{pin.pk}/save/")
    answer = log_in(client, asked["Location"], "bob")
    assert "You have no board yet" in answer.content.decode()
    assert Pin.objects.count() == 1


def test_a_press_is_forgotten_for_other_pins_and_after_a_while(client, bob, pin):
    make_board(bob)
    other = make_pin(pin.board)
    client.get(f"/pins/{pin.pk}/save/")
    client.force_login(bob)
    client.get(f"/pins/{other.pk}/save/")
    assert Pin.objects.count() == 2
    client.logout()
    client.get(f"/pins/{pin.pk}/save/")
    client.force_login(bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        client.get(f"/pins/{pin.pk}/save/")
    assert Pin.objects.count() == 2


def test_a_page_elsewhere_is_not_gone_back_to(client, bob, pin):
    make_board(bob, "Mine")
    asked = client.get(f"/pins/{pin.pk}/save/", HTTP_REFERER="https://evil.example/x")
    answer = log_in(client, asked["Location"], "bob")
    assert answer.request["PATH_INFO"] == f"/pins/{pin.pk}/"


def test_a_secret_pin_is_not_saved_by_a_log_in(client, bob, alice):
    make_board(bob)
    hidden = make_pin(make_board(alice, visibility="secret"))
    asked = client.get(f"/pins/{hidden.pk}/save/")
    assert log_in(client, asked["Location"], "bob").status_code == 404
    assert Pin.objects.count() == 1


def test_a_pin_is_not_saved_twice_to_the_board_it_is_on(client, alice, pin):
    client.force_login(alice)
    address = f"/pins/{pin.pk}/save/"
    answer = client.post(address, {"board": pin.board_id}, follow=True)
    assert "You have this in Coats already." in answer.content.decode()
    assert Pin.objects.count() == 1


def test_what_is_not_ready_is_not_saved(alice, bob):
    board = make_board(bob)
    make_pin(board, picture=None, state="failed")
    unready = make_pin(make_board(alice), picture=None, state="processing")
    with pytest.raises(PinNotReady):
        save_once(pin=unready, board=board, by=bob)


def test_the_same_new_board_sent_twice_is_one_board(client, bob, pin):
    client.force_login(bob)
    for _ in range(2):
        answer = client.post(
            f"/pins/{pin.pk}/save/", {"new_board": " Winter  coats "}, follow=True
        )
    assert "You have this in Winter coats already." in answer.content.decode()
    assert Board.objects.filter(owner=bob).count() == 1


@pytest.mark.django_db(transaction=True)
def test_presses_in_many_tabs_at_once_are_one_save():
    alice, bob = make_user("alice"), make_user("bob")
    pin = make_pin(make_board(alice))
    refused = []

    def press():
        try:
            board = board_to_fill(by=bob, board=None, new_title="Mine")
            save_once(pin=pin, board=board, by=bob)
        except ThereAlready:
            refused.append(1)
        finally:
            connection.close()

    tabs = [Thread(target=press) for _ in range(6)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert Board.objects.filter(owner=bob).count() == 1
    assert Pin.objects.filter(pinner=bob).count() == 1
    assert len(refused) == 5
