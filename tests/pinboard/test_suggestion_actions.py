"""Pins proposed for boards of others: who may, how many, and what becomes of them."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from pinboard.actions import bulk
from pinboard.actions.boards import edit_board
from pinboard.actions.erasure import erase_person
from pinboard.actions.pins import delete_pin, save_pin
from pinboard.actions.suggestions import (
    MOST_A_DAY,
    MOST_HERE,
    MOST_OF_BOARD,
    decline,
    suggest,
    take,
    undo_decision,
    withdraw,
)
from pinboard.discovery.history import pins_at
from pinboard.exceptions import (
    BoardHasEnough,
    NotInTrash,
    NotSuggestible,
    NotTakenBefore,
    OnBoardAlready,
    SuggestedAlready,
    TakesNoSuggestions,
    TooLateToWithdraw,
    TooManySuggestions,
)
from pinboard.models import (
    Board,
    BoardEvent,
    BoardMember,
    Notification,
    Pin,
    Role,
    Suggestion,
)
from pinboard.models.proposal import ProposalState
from tests.factories import make_board, make_pin, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]
Kind = Notification.Kind


@pytest.fixture
def board(alice):
    return make_board(alice, "Lamps", suggestions="curated")


@pytest.fixture
def open_board(alice):
    return make_board(alice, "Everything", suggestions="open")


@pytest.fixture
def pin(charlie):
    return make_pin(
        make_board(charlie, "Finds"), title="A lamp", source_url="https://a.example/"
    )


def shares(board, person, role=Role.EDITOR):
    return BoardMember.objects.create(
        board=board, user=person, role=role, accepted_at=timezone.now()
    )


def of(*rows):
    return Suggestion.objects.filter(pk__in=[row.pk for row in rows])


def told(person, kind):
    return Notification.objects.shown_to(person).filter(kind=kind)


def on(board):
    board.refresh_from_db()
    pins = Pin.objects.filter(board=board, deleted_at=None)
    assert board.pin_count == pins.count()
    return list(pins)


def test_on_a_curated_board_a_suggestion_waits_and_the_owner_is_told(
    alice, bob, board, pin
):
    made = suggest(pin=pin, board=board, by=bob)
    assert made.is_waiting
    assert on(board) == []
    assert told(alice, Kind.SUGGESTED).get().actor == bob


def test_what_is_taken_is_a_copy_with_its_lineage_and_its_suggester(
    alice, bob, charlie, board, pin
):
    made = suggest(pin=pin, board=board, by=bob)
    take(suggestions=of(made), by=alice)
    [copy] = on(board)
    assert (copy.pinner, copy.via, copy.via_pinner) == (alice, pin, charlie)
    assert (copy.origin_pinner, copy.source_url) == (charlie, pin.source_url)
    assert copy.suggestion.by == bob
    pin.refresh_from_db()
    assert pin.save_count == 1
    assert told(bob, Kind.TAKEN).get().pin == copy
    assert told(charlie, Kind.SAVE).get().actor == alice


def test_who_suggests_a_pin_of_their_own_is_told_once(alice, charlie, board, pin):
    take(suggestions=of(suggest(pin=pin, board=board, by=charlie)), by=alice)
    assert Notification.objects.shown_to(charlie).get().kind == Kind.TAKEN


def test_on_an_open_board_it_is_there_at_once_as_the_owners_pin(
    alice, bob, open_board, pin
):
    made = suggest(pin=pin, board=open_board, by=bob)
    [copy] = on(open_board)
    assert made.came_straight_in
    assert (copy.pinner, copy.suggestion.by) == (alice, bob)
    assert told(alice, Kind.SUGGESTED).count() == 1
    assert BoardEvent.objects.get(board=open_board).actor == bob


def test_declining_on_an_open_board_takes_the_pin_off_and_tells_nobody(
    alice, bob, open_board, pin
):
    made = suggest(pin=pin, board=open_board, by=bob)
    deed = decline(suggestions=of(made), by=alice)
    assert on(open_board) == []
    assert not Notification.objects.filter(recipient=bob).exists()
    undo_decision(deed=deed, by=alice)
    [copy] = on(open_board)
    made.refresh_from_db()
    assert (made.state, made.copy) == (ProposalState.TAKEN, copy)


def test_declining_is_quiet_and_its_suggester_finds_it_among_their_own(
    alice, bob, board, pin
):
    made = suggest(pin=pin, board=board, by=bob)
    assert decline(suggestions=of(made), by=alice)
    assert not Notification.objects.filter(recipient=bob).exists()
    assert Suggestion.objects.told_to(bob).get().is_declined


def test_taking_can_be_undone_and_done_again_with_the_same_pin(alice, bob, board, pin):
    made = suggest(pin=pin, board=board, by=bob)
    deed = take(suggestions=of(made), by=alice)
    [copy] = on(board)
    undo_decision(deed=deed, by=alice)
    assert on(board) == []
    made.refresh_from_db()
    assert made.is_waiting
    assert not told(bob, Kind.TAKEN).exists()
    assert take(suggestions=of(made), by=alice)
    assert on(board) == [copy]


def test_an_undo_leaves_what_somebody_else_proposed_since(alice, bob, board, pin):
    deed = decline(suggestions=of(suggest(pin=pin, board=board, by=bob)), by=alice)
    other = suggest(pin=pin, board=board, by=make_user())
    assert undo_decision(deed=deed, by=alice) == 0
    assert Suggestion.objects.waiting().get() == other


def test_a_decision_is_undone_by_those_who_fill_the_board_alone(alice, bob, board, pin):
    deed = decline(suggestions=of(suggest(pin=pin, board=board, by=bob)), by=alice)
    with pytest.raises(NotInTrash):
        undo_decision(deed=deed, by=bob)


@pytest.mark.parametrize("decide", [take, decline])
@pytest.mark.parametrize(
    ("role", "may"), [(None, False), ("viewer", False), ("editor", True)]
)
def test_who_fills_the_board_decides(bob, board, pin, decide, role, may):
    made = suggest(pin=pin, board=board, by=bob)
    decider = make_user()
    if role:
        shares(board, decider, role)
    assert bool(decide(suggestions=of(made), by=decider)) == may
    made.refresh_from_db()
    assert made.is_waiting != may


def test_many_are_decided_at_once_and_undone_at_once(alice, bob, board):
    finds = make_board(bob)
    rows = [suggest(pin=make_pin(finds), board=board, by=bob) for _ in range(3)]
    deed = take(suggestions=of(*rows), by=alice)
    assert len(on(board)) == 3
    assert undo_decision(deed=deed, by=alice) == 3
    assert on(board) == []


@pytest.mark.parametrize("mode", ["nobody", "curated", "open"])
@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_a_board_that_is_not_public_takes_none_of_anybody(
    alice, bob, charlie, pin, mode, visibility
):
    board = make_board(alice, visibility=visibility, suggestions=mode)
    shares(board, charlie, Role.VIEWER)
    for person in (bob, charlie):
        with pytest.raises(TakesNoSuggestions):
            suggest(pin=pin, board=board, by=person)


def test_what_waits_for_a_board_that_turned_secret_is_taken_and_told_to_nobody(
    alice, bob, charlie, board, pin
):
    made = suggest(pin=pin, board=board, by=bob)
    edit_board(board=board, by=alice, visibility="secret")
    assert take(suggestions=of(made), by=alice)
    assert len(on(board)) == 1
    for person in (bob, charlie):
        assert not Notification.objects.shown_to(person).exists()
    assert not Suggestion.objects.told_to(bob).exists()


def test_who_fills_a_board_just_saves_to_it(alice, bob, board, pin):
    shares(board, bob)
    for person in (alice, bob):
        with pytest.raises(TakesNoSuggestions):
            suggest(pin=pin, board=board, by=person)


@pytest.mark.parametrize("visibility", ["secret", "link"])
def test_only_pins_that_everybody_sees_are_suggested_ones_own_too(
    bob, board, visibility
):
    pin = make_pin(make_board(bob, visibility=visibility))
    with pytest.raises(NotSuggestible):
        suggest(pin=pin, board=board, by=bob)


def test_a_pin_that_is_still_being_made_is_not_suggested(bob, board):
    pin = make_pin(make_board(bob), picture=None, state="processing")
    with pytest.raises(NotSuggestible):
        suggest(pin=pin, board=board, by=bob)


def test_what_was_hidden_since_then_is_shown_to_nobody_and_not_taken(
    alice, bob, charlie, board, pin
):
    made = suggest(pin=pin, board=board, by=bob)
    edit_board(board=pin.board, by=charlie, visibility="secret")
    assert not Suggestion.objects.waiting().exists()
    assert not Suggestion.objects.told_to(bob).exists()
    assert take(suggestions=of(made), by=alice) is None
    assert on(board) == []


def test_a_picture_is_suggested_once_at_a_time(alice, bob, charlie, board, pin):
    made = suggest(pin=pin, board=board, by=bob)
    same = save_pin(pin=pin, board=make_board(bob), by=bob)
    with pytest.raises(SuggestedAlready):
        suggest(pin=same, board=board, by=charlie)
    take(suggestions=of(made), by=alice)
    with pytest.raises(OnBoardAlready):
        suggest(pin=same, board=board, by=charlie)


def test_what_was_not_taken_is_not_suggested_again_by_the_same_person(
    alice, bob, charlie, board, pin
):
    decline(suggestions=of(suggest(pin=pin, board=board, by=bob)), by=alice)
    with pytest.raises(NotTakenBefore):
        suggest(pin=pin, board=board, by=bob)
    assert suggest(pin=pin, board=board, by=charlie).is_waiting


def test_the_database_keeps_a_pin_from_waiting_twice(bob, charlie, board, pin):
    suggest(pin=pin, board=board, by=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Suggestion.objects.create(pin=pin, board=board, by=charlie)


@pytest.mark.parametrize("mode", ["curated", "open"])
def test_one_person_cannot_flood_a_board(alice, bob, charlie, mode):
    board, finds = make_board(alice, suggestions=mode), make_board(bob)
    for _ in range(MOST_HERE):
        suggest(pin=make_pin(finds), board=board, by=bob)
    with pytest.raises(TooManySuggestions):
        suggest(pin=make_pin(finds), board=board, by=bob)
    assert suggest(pin=make_pin(finds), board=board, by=charlie)
    decline(suggestions=Suggestion.objects.filter(by=bob), by=alice)  # makes room
    assert suggest(pin=make_pin(finds), board=board, by=bob)


def test_one_person_cannot_flood_the_site_by_taking_back(bob):
    finds = make_board(bob)
    boards = [make_board(make_user(), suggestions="curated") for _ in range(2)]
    for number in range(MOST_A_DAY):
        made = suggest(pin=make_pin(finds), board=boards[number % 2], by=bob)
        withdraw(suggestion=made, by=bob)
    with pytest.raises(TooManySuggestions):
        suggest(pin=make_pin(finds), board=boards[0], by=bob)
    Suggestion.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert suggest(pin=make_pin(finds), board=boards[0], by=bob)


def test_a_board_where_too_many_wait_takes_no_more(bob, charlie, board):
    finds = make_board(bob)
    Suggestion.objects.bulk_create(
        Suggestion(pin=make_pin(finds), board=board, by=bob)
        for _ in range(MOST_OF_BOARD)
    )
    with pytest.raises(BoardHasEnough):
        suggest(pin=make_pin(finds), board=board, by=charlie)


def test_the_owner_is_told_once_until_it_is_read(alice, bob, board):
    finds = make_board(bob)
    for _ in range(2):
        suggest(pin=make_pin(finds), board=board, by=bob)
    assert told(alice, Kind.SUGGESTED).count() == 1
    Notification.objects.update(read_at=timezone.now())
    suggest(pin=make_pin(finds), board=board, by=bob)
    assert told(alice, Kind.SUGGESTED).count() == 2


def test_taken_back_it_is_gone_and_so_is_the_notification(alice, bob, board, pin):
    made = suggest(pin=pin, board=board, by=bob)
    withdraw(suggestion=made, by=bob)
    assert not Suggestion.objects.waiting().exists()
    assert not told(alice, Kind.SUGGESTED).exists()
    assert suggest(pin=pin, board=board, by=bob).is_waiting


def test_what_went_straight_in_is_taken_back_within_a_day(bob, open_board, pin):
    made = suggest(pin=pin, board=open_board, by=bob)
    withdraw(suggestion=made, by=bob)
    assert on(open_board) == []
    again = suggest(pin=pin, board=open_board, by=bob)
    Suggestion.objects.update(created_at=timezone.now() - timedelta(days=2))
    with pytest.raises(TooLateToWithdraw):
        withdraw(suggestion=again, by=bob)
    assert len(on(open_board)) == 1


def test_what_was_decided_is_taken_back_no_more(alice, bob, board, pin):
    made = suggest(pin=pin, board=board, by=bob)
    take(suggestions=of(made), by=alice)
    with pytest.raises(TooLateToWithdraw):
        withdraw(suggestion=made, by=bob)
    assert len(on(board)) == 1


def test_the_owner_takes_back_all_that_one_suggester_put_on_an_open_board(
    alice, bob, charlie, open_board
):
    yesterday = timezone.now()
    for person in (bob, bob, charlie):
        suggest(pin=make_pin(make_board(person)), board=open_board, by=person)
    full = timezone.now()
    assert bulk.revert(board=open_board, actor=bob, since=yesterday, by=alice) == 2
    [left] = on(open_board)
    assert left.suggestion.by == charlie
    # The time machine still shows the board as it was.
    assert pins_at(open_board, full, viewer=alice).count() == 3


def test_a_pin_that_was_moved_away_stays_where_it_is(alice, bob, open_board, pin):
    made = suggest(pin=pin, board=open_board, by=bob)
    elsewhere = make_board(alice, "Mine")
    bulk.move_pins(pins=Pin.objects.filter(board=open_board), to=elsewhere, by=alice)
    decline(suggestions=of(made), by=alice)
    assert len(on(elsewhere)) == 1


def test_the_copy_outlives_the_pin_that_was_suggested(alice, bob, board, pin):
    take(suggestions=of(suggest(pin=pin, board=board, by=bob)), by=alice)
    delete_pin(pin=pin, by=pin.pinner)
    pin.delete()
    [copy] = on(board)
    assert copy.suggestion.by == bob
    assert copy.suggestion.pin is None


def test_a_closed_account_leaves_no_name_at_what_it_suggested(alice, bob, board, pin):
    finds = make_board(bob)
    taken = suggest(pin=pin, board=board, by=bob)
    take(suggestions=of(taken), by=alice)
    suggest(pin=make_pin(finds), board=board, by=bob)
    gone = suggest(pin=make_pin(finds), board=board, by=bob)
    decline(suggestions=of(gone), by=alice)
    erase_person(user=bob)
    row = Suggestion.objects.get()
    assert (row.pk, row.by) == (taken.pk, None)
    assert len(on(board)) == 1


def test_a_closed_account_leaves_no_name_at_what_it_decided(bob, board, pin):
    editor = make_user()
    shares(board, editor)
    made = suggest(pin=pin, board=board, by=bob)
    decline(suggestions=of(made), by=editor)
    erase_person(user=editor)
    made.refresh_from_db()
    assert (made.by, made.decided_by) == (bob, None)
    assert made.is_declined


def test_boards_are_found_by_those_who_may_suggest(alice, bob, board, open_board):
    make_board(alice, "Mine alone")
    make_board(alice, "Secret", visibility="secret", suggestions="open")
    make_board(bob, "Bob's", suggestions="open")
    assert set(Board.objects.taking_from(bob)) == {board, open_board}


def at_once(*deeds):
    """What each said, all having begun together."""
    said = []

    def run(deed):
        try:
            said.append(deed())
        except SuggestedAlready as error:
            said.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_of_many_who_suggest_the_same_at_once_one_does():
    board = make_board(make_user("alice"), suggestions="curated")
    pin = make_pin(make_board(make_user()))
    people = [make_user() for _ in range(5)]
    said = at_once(*(lambda p=p: suggest(pin=pin, board=board, by=p) for p in people))
    assert sum(isinstance(one, Suggestion) for one in said) == 1
    assert len(said) == 5
    assert Suggestion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_same_at_once_put_one_pin_on_the_board():
    alice, editor = make_user("alice"), make_user()
    board = make_board(alice, suggestions="curated")
    shares(board, editor)
    finds = make_board(make_user())
    rows = [suggest(pin=make_pin(finds), board=board, by=finds.owner) for _ in range(3)]
    deciders = (alice, editor, alice, editor)
    said = at_once(*(lambda p=p: take(suggestions=of(*rows), by=p) for p in deciders))
    assert len([deed for deed in said if deed]) == 1
    assert len(on(board)) == 3
