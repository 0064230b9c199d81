"""Making a board a wish list, moving its date, and what is told once it has come."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from pinboard.actions import bulk
from pinboard.actions.gift_claims import claim_gift, guest_of_account, new_guest
from pinboard.actions.gift_lists import end_gift_list, set_gift_list, thank
from pinboard.actions.pins import pin_picture
from pinboard.exceptions import NoLongerThere, RevealTooSoon
from pinboard.models import (
    BoardEvent,
    BoardMember,
    GiftClaim,
    GiftItem,
    GiftList,
    Notification,
    Role,
)
from tests.factories import make_board, make_picture, make_pin

pytestmark = pytest.mark.django_db


def day(days):
    return timezone.localdate() + timedelta(days=days)


def as_text(days):
    return day(days).isoformat()


def pass_days(board, days):
    """Nothing else counts days from the row."""
    for gift_list in GiftList.objects.filter(board=board):
        gift_list.reveal_on -= timedelta(days=days)
        gift_list.save()
    board.refresh_from_db()
    type(board).objects.filter(pk=board.pk).update(
        gift_until=board.gift_until and board.gift_until - timedelta(days=days)
    )
    board.refresh_from_db()


@pytest.fixture
def board(alice):
    return make_board(alice, "Wishes", visibility="link")


@pytest.fixture
def gift_list(board, alice):
    return set_gift_list(board=board, by=alice, occasion="Birthday", reveal_on=day(30))


@pytest.fixture
def owner(client, alice):
    client.force_login(alice)
    return client


def send(client, board, **fields):
    filled = {"occasion": "Birthday", "reveal_on": as_text(30)} | fields
    return client.post(f"/boards/{board.pk}/gift/", filled)


def seen_by_guests(board):
    page = f"{board.get_absolute_url()}?key={board.link_key}"
    return Client().get(page).content.decode()


def test_a_board_becomes_a_gift_board(owner, board):
    assert (
        f"/boards/{board.pk}/gift/"
        in owner.get(f"/boards/{board.pk}/edit/").content.decode()
    )
    assert owner.get(f"/boards/{board.pk}/gift/").status_code == 200
    make_pin(board, title="A kettle")
    assert send(owner, board).status_code == 302
    seen = seen_by_guests(board)
    assert "Birthday" in seen
    assert "I give this" in seen


@pytest.mark.parametrize(
    "fields",
    [
        {"occasion": ""},
        {"occasion": "\u200b"},
        {"occasion": "x" * 81},
        {"reveal_on": ""},
        {"reveal_on": "tomorrow"},
        {"reveal_on": "0000-00-00"},
        {"reveal_on": "9999-12-31"},
        {"reveal_on": as_text(0)},
        {"reveal_on": as_text(-3)},
    ],
)
def test_a_wrong_form_is_told_beside_its_field(owner, board, fields):
    answer = send(owner, board, **fields)
    assert answer.status_code == 422
    assert 'class="err error"' in answer.content.decode()
    assert not GiftList.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"), [(None, 404), (Role.VIEWER, 404), (Role.EDITOR, 404)]
)
def test_only_owners_make_it_one(client, bob, board, role, status):
    if role:
        BoardMember.objects.create(
            board=board, user=bob, role=role, accepted_at=timezone.now()
        )
    client.force_login(bob)
    assert client.get(f"/boards/{board.pk}/gift/").status_code == status
    assert send(client, board).status_code == status
    for rest in ("gift/wanted/", "gift/end/"):
        assert client.post(f"/boards/{board.pk}/{rest}").status_code == status


def test_a_co_owner_may_as_well(client, bob, board):
    BoardMember.objects.create(
        board=board, user=bob, role=Role.OWNER, accepted_at=timezone.now()
    )
    client.force_login(bob)
    assert send(client, board).status_code == 302


def test_who_is_signed_out_is_asked_to_log_in(client, board, gift_list):
    for rest in ("gift/", "gifts/"):
        assert "/accounts/login/" in client.get(f"/boards/{board.pk}/{rest}").url
    assert client.post(f"/boards/{board.pk}/gift/end/").status_code == 302
    gift_list.refresh_from_db()
    assert gift_list.ended_at is None


def test_a_secret_board_says_that_guests_cannot_come(owner, alice):
    board = make_board(alice, visibility="secret")
    page = owner.get(f"/boards/{board.pk}/gift/").content.decode()
    assert "This board is secret" in page


# The date


@pytest.mark.parametrize("days", [31, 300])
def test_a_date_may_always_move_back(owner, board, gift_list, days):
    assert send(owner, board, reveal_on=as_text(days)).status_code == 302
    gift_list.refresh_from_db()
    assert gift_list.reveal_on == day(days)


@pytest.mark.parametrize("days", [7, 29])
def test_it_moves_forward_with_seven_days_notice(owner, board, gift_list, days):
    assert send(owner, board, reveal_on=as_text(days)).status_code == 302
    board.refresh_from_db()
    assert board.gift_until == day(days)


@pytest.mark.parametrize("days", [1, 6])
def test_it_does_not_move_forward_with_less(owner, board, gift_list, days):
    answer = send(owner, board, reveal_on=as_text(days))
    assert answer.status_code == 422
    assert "seven days" in answer.content.decode()
    gift_list.refresh_from_db()
    assert gift_list.reveal_on == day(30)


def test_within_the_last_week_it_stands_or_moves_back(board, alice, gift_list):
    pass_days(board, 27)
    for days, works in ((2, False), (3, True), (4, True), (3, False)):
        try:
            set_gift_list(board=board, by=alice, occasion="B", reveal_on=day(days))
        except RevealTooSoon:
            assert not works
        else:
            assert works


def test_nobody_peeks_by_ending_the_list_and_beginning_another(board, alice, gift_list):
    pin = make_pin(board)
    claim_gift(pin=pin, guest=new_guest()[0], quantity=1, name="Li")
    end_gift_list(board=board, by=alice)
    with pytest.raises(RevealTooSoon):
        set_gift_list(board=board, by=alice, occasion="B", reveal_on=day(1))
    again = set_gift_list(board=board, by=alice, occasion="B", reveal_on=day(30))
    assert again == gift_list
    assert again.claims.count() == 1


def test_an_ended_list_stays_sealed_until_its_date(owner, board, alice, gift_list):
    claim_gift(pin=make_pin(board), guest=new_guest()[0], quantity=1, name="Aunt Li")
    end_gift_list(board=board, by=alice)
    page = f"/boards/{board.pk}/gifts/"
    assert "Aunt Li" not in owner.get(page).content.decode()
    pass_days(board, 30)
    assert "Aunt Li" in owner.get(page).content.decode()


def test_guests_read_that_the_date_was_moved(board, alice, gift_list):
    set_gift_list(board=board, by=alice, occasion="B", reveal_on=day(10))
    assert "The date was moved on" in seen_by_guests(board)


def test_a_new_occasion_alone_is_no_move(board, alice, gift_list):
    set_gift_list(board=board, by=alice, occasion="B", reveal_on=day(30))
    assert "The date was moved" not in seen_by_guests(board)
    assert BoardEvent.objects.filter(kind="dated").count() == 1


def test_dates_stand_in_the_history_and_are_not_taken_back(
    owner, board, alice, gift_list
):
    end_gift_list(board=board, by=alice)
    page = owner.get(f"/boards/{board.pk}/history/").content.decode()
    assert "made this a gift board until" in page
    assert "ended the gift board" in page
    assert "/undo/" not in page


def test_taking_back_all_of_a_person_passes_the_dates_by(board, alice, gift_list):
    pin_picture(by=alice, board=board, picture=make_picture())
    since = timezone.now() - timedelta(days=1)
    assert bulk.revert(board=board, actor=alice, since=since, by=alice) == 1


def test_after_the_day_the_next_list_begins_without_promises(board, alice, gift_list):
    claim_gift(pin=make_pin(board), guest=new_guest()[0], quantity=1, name="Li")
    pass_days(board, 30)
    following = set_gift_list(board=board, by=alice, occasion="C", reveal_on=day(1))
    assert following != gift_list
    assert following.claims.count() == 0
    gift_list.refresh_from_db()
    assert gift_list.ended_at


def test_a_board_has_one_open_list(board, gift_list):
    with pytest.raises(IntegrityError), transaction.atomic():
        GiftList.objects.create(board=board, occasion="B", reveal_on=day(3))


# How many


def test_numbers_are_set_for_each_pin(owner, board, gift_list):
    pin, other = make_pin(board), make_pin(board)
    answer = owner.post(
        f"/boards/{board.pk}/gift/wanted/",
        {f"wanted-{pin.pk}": "4", f"wanted-{other.pk}": "1"},
    )
    assert answer.status_code == 302
    assert GiftItem.objects.get(pin=pin).wanted == 4
    assert "4 of 4 left" in seen_by_guests(board)


@pytest.mark.parametrize("number", ["0", "-1", "100", "x", "", "1.5", "9" * 40])
def test_a_wrong_number_is_told_and_kept(owner, board, gift_list, number):
    pin = make_pin(board)
    answer = owner.post(
        f"/boards/{board.pk}/gift/wanted/", {f"wanted-{pin.pk}": number}
    )
    assert answer.status_code == 422
    assert "Give a whole number from 1 to 99." in answer.content.decode()
    assert not GiftItem.objects.exists()


def test_numbers_of_other_boards_are_passed_by(owner, board, bob, gift_list):
    foreign = make_pin(make_board(bob))
    owner.post(f"/boards/{board.pk}/gift/wanted/", {f"wanted-{foreign.pk}": "4"})
    assert not GiftItem.objects.exists()


# After the day


@pytest.fixture
def given(board, alice, bob, gift_list):
    pin = make_pin(board, title="A kettle")
    guest = guest_of_account(bob)
    claim = claim_gift(pin=pin, guest=guest, quantity=1, key=board.link_key)
    aunt = claim_gift(
        pin=make_pin(board, title="A lamp"),
        guest=new_guest()[0],
        quantity=1,
        name="Aunt Li",
    )
    pass_days(board, 30)
    return claim, aunt


def test_after_the_day_the_owner_sees_who_gave_what(owner, board, bob, given):
    page = owner.get(f"/boards/{board.pk}/gifts/").content.decode()
    for word in (str(bob), "A kettle", "Aunt Li", "A lamp"):
        assert word in page


def test_others_do_not_see_it_even_then(client, board, charlie, given):
    client.force_login(charlie)
    assert client.get(f"/boards/{board.pk}/gifts/").status_code == 404
    for claim in given:
        assert client.post(f"/gifts/{claim.pk}/thank/").status_code == 404
    assert "Aunt Li" not in seen_by_guests(board)


def test_thanks_are_told_to_who_has_an_account(owner, client, bob, given):
    claim, _aunt = given
    owner.post(f"/gifts/{claim.pk}/thank/", {"text": "Lovely"})
    owner.post(f"/gifts/{claim.pk}/thank/", {"text": "Lovely indeed"})
    told = Notification.objects.get(recipient=bob)
    assert told.sentence == "alice thanks you for “A kettle”."
    client.force_login(bob)
    assert "Lovely indeed" in client.get("/gifts/").content.decode()


def test_a_guest_reads_thanks_on_the_page_of_their_promises(owner, given):
    _claim, aunt = given
    owner.post(f"/gifts/{aunt.pk}/thank/")
    aunt.refresh_from_db()
    assert aunt.thanked_at


def test_too_long_thanks_are_refused(owner, given):
    claim, _aunt = given
    owner.post(f"/gifts/{claim.pk}/thank/", {"text": "x" * 281})
    claim.refresh_from_db()
    assert claim.thanked_at is None


def test_nobody_thanks_before_the_day(owner, alice, bob, board, gift_list):
    claim = claim_gift(pin=make_pin(board), guest=guest_of_account(bob), quantity=1)
    assert owner.post(f"/gifts/{claim.pk}/thank/").status_code == 404
    with pytest.raises(NoLongerThere):
        thank(claim=claim, by=alice)
    assert owner.post(f"/gifts/{uuid4()}/thank/").status_code == 404


def test_an_editor_sees_but_thanks_not(client, charlie, board, given):
    BoardMember.objects.create(
        board=board, user=charlie, role=Role.EDITOR, accepted_at=timezone.now()
    )
    client.force_login(charlie)
    page = client.get(f"/boards/{board.pk}/gifts/").content.decode()
    assert "Aunt Li" in page
    assert "/thank/" not in page
    assert client.post(f"/gifts/{given[0].pk}/thank/").status_code == 404


def test_the_board_is_an_ordinary_one_again_after_its_day(board, given):
    seen = seen_by_guests(board)
    assert "I give this" not in seen
    assert "This wish list closed on" in seen
    assert GiftClaim.objects.count() == 2
