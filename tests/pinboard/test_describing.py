"""What pictures show, in the words of others: asked for, decided on, served."""

import json
from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions.describing import (
    MOST_A_DAY,
    MOST_NOT_TAKEN,
    MOST_OF_PIN,
    decline_alt,
    describe,
    take_alt,
    undo_alt,
    withdraw_alt,
)
from pinboard.actions.erasure import erase_person
from pinboard.actions.pins import edit_pin, save_pin
from pinboard.exceptions import (
    DescribedAlready,
    DescribedMeanwhile,
    HeardEnough,
    NoLongerThere,
    TakesNoDescriptions,
    TooLateToWithdraw,
    TooManyDescriptions,
)
from pinboard.models import AltProposal, BoardMember, Notification, Pin, Role
from tests.factories import make_board, make_pin, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]
Kind = Notification.Kind
WORDS = "A brass lamp on a windowsill at dusk"


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice, "Home"), title="IMG 1")


@pytest.fixture
def made(bob, pin):
    return describe(pin=pin, by=bob, text=WORDS)


def told(person, kind):
    return Notification.objects.shown_to(person).filter(kind=kind)


def text_of(answer):
    return answer.content.decode()


def test_words_wait_for_the_pinner_who_is_told(alice, bob, pin, made):
    pin.refresh_from_db()
    assert (pin.alt, made.is_waiting) == ("", True)
    assert told(alice, Kind.DESCRIBED).get().actor == bob


def test_taken_they_serve_everywhere_and_name_their_author(client, alice, bob, made):
    pin = take_alt(proposal=made, by=alice).pin
    assert told(bob, Kind.ALT_TAKEN).get().pin == pin
    page = text_of(client.get(pin.get_absolute_url()))
    assert f'og:image:alt" content="{WORDS}"' in page
    assert "Picture described by" in page
    assert "@bob" in page
    assert f'alt="{WORDS}"' in text_of(client.get("/explore/"))
    assert json.loads(client.get(f"/api/v1/pins/{pin.pk}").content)["alt"] == WORDS
    for feed in (f"{pin.board.get_absolute_url()}feed.atom", "/people/alice/feed.atom"):
        assert WORDS in text_of(client.get(feed))
    assert pin.get_absolute_url() in text_of(client.get("/search/?q=windowsill"))


def test_the_pinner_may_put_them_better_first(alice, bob, made):
    pin = take_alt(proposal=made, by=alice, text="  A brass\nlamp ").pin
    assert (pin.alt, pin.alt_author) == ("A brass lamp", bob)


def test_declining_tells_nobody_and_can_be_undone(alice, bob, pin, made):
    decline_alt(proposal=made, by=alice)
    assert not Notification.objects.filter(recipient=bob).exists()
    assert AltProposal.objects.told_to(bob).get().is_declined
    undo_alt(proposal=made, by=alice)
    assert AltProposal.objects.waiting().get() == made


def test_taking_can_be_undone(alice, bob, pin, made):
    take_alt(proposal=made, by=alice)
    undo_alt(proposal=made, by=alice)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == ("", None)
    assert not told(bob, Kind.ALT_TAKEN).exists()
    assert AltProposal.objects.waiting().get() == made


def test_words_of_the_pinners_own_end_the_credit_others_do_not(alice, bob, made):
    pin = take_alt(proposal=made, by=alice).pin
    same = {"pin": pin, "by": alice, "description": "", "board": pin.board}
    assert edit_pin(**same, title="Lamp", alt=WORDS).alt_author == bob
    assert edit_pin(**same, title="Lamp", alt="My own").alt_author is None
    undo_alt(proposal=made, by=alice)
    pin.refresh_from_db()
    assert pin.alt == "My own"


def test_copies_keep_the_words_and_the_credit(alice, bob, charlie, made):
    pin = take_alt(proposal=made, by=alice).pin
    copy = save_pin(pin=pin, board=make_board(charlie), by=charlie)
    assert (copy.alt, copy.alt_author) == (WORDS, bob)


@pytest.fixture
def agreed(alice):
    """Once and for all, in the settings."""
    alice.descriptions = "open"
    alice.save()


@pytest.mark.usefixtures("agreed")
def test_who_agreed_once_is_told_and_not_asked(alice, bob, pin):
    made = describe(pin=pin, by=bob, text=WORDS)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == (WORDS, bob)
    assert made.came_straight_in
    assert told(alice, Kind.DESCRIBED).get().actor == bob
    assert not told(bob, Kind.ALT_TAKEN).exists()


@pytest.mark.usefixtures("agreed")
def test_its_pinner_takes_such_words_off_and_can_undo_that(alice, bob, pin):
    made = describe(pin=pin, by=bob, text=WORDS)
    decline_alt(proposal=made, by=alice)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == ("", None)
    undo_alt(proposal=made, by=alice)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == (WORDS, bob)


@pytest.mark.usefixtures("agreed")
def test_an_undo_does_not_write_over_what_the_pinner_says_by_now(alice, bob, pin):
    made = describe(pin=pin, by=bob, text=WORDS)
    decline_alt(proposal=made, by=alice)
    edit_pin(pin=pin, by=alice, title="", description="", alt="Mine", board=pin.board)
    with pytest.raises(DescribedMeanwhile):
        undo_alt(proposal=made, by=alice)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == ("Mine", None)


@pytest.mark.usefixtures("agreed")
def test_whose_words_were_taken_off_once_is_asked_about_from_then_on(alice, bob, pin):
    decline_alt(proposal=describe(pin=pin, by=bob, text=WORDS), by=alice)
    assert describe(pin=make_pin(pin.board), by=bob, text=WORDS).is_waiting
    other = describe(pin=make_pin(pin.board), by=make_user(), text=WORDS)
    assert other.came_straight_in


@pytest.mark.usefixtures("agreed")
def test_such_words_are_taken_back_within_a_day(bob, pin):
    withdraw_alt(proposal=describe(pin=pin, by=bob, text=WORDS), by=bob)
    pin.refresh_from_db()
    assert pin.alt == ""
    again = describe(pin=pin, by=bob, text=WORDS)
    AltProposal.objects.update(created_at=timezone.now() - timedelta(days=2))
    with pytest.raises(TooLateToWithdraw):
        withdraw_alt(proposal=again, by=bob)
    pin.refresh_from_db()
    assert pin.alt == WORDS


def test_on_a_board_that_the_pinner_left_its_owner_is_asked(alice, bob, charlie):
    board = make_board(charlie, "Shared")
    alice.descriptions = "open"
    alice.save()
    pin = make_pin(board, pinner=alice)
    assert describe(pin=pin, by=bob, text=WORDS).is_waiting
    assert told(charlie, Kind.DESCRIBED).get().pin == pin


def test_who_was_declined_twice_on_a_picture_is_not_heard_again(alice, bob, pin):
    for number in range(MOST_NOT_TAKEN):
        made = describe(pin=pin, by=bob, text=f"Buy now {number}")
        decline_alt(proposal=made, by=alice)
    with pytest.raises(HeardEnough):
        describe(pin=pin, by=bob, text=WORDS)
    assert describe(pin=make_pin(pin.board), by=bob, text=WORDS)


def test_two_proposals_of_a_picture_only_one_becomes_its_words(alice, made, pin):
    other = describe(pin=pin, by=make_user(), text="A lamp")
    take_alt(proposal=made, by=alice)
    assert not AltProposal.objects.waiting().exists()
    with pytest.raises(DescribedMeanwhile):
        take_alt(proposal=other, by=alice)


def test_who_may_edit_the_pin_writes_the_words_there(alice, bob, pin):
    BoardMember.objects.create(
        board=pin.board, user=bob, role=Role.EDITOR, accepted_at=timezone.now()
    )
    for person in (alice, bob):
        with pytest.raises(TakesNoDescriptions):
            describe(pin=pin, by=person, text=WORDS)


@pytest.mark.parametrize("decide", [take_alt, decline_alt])
def test_nobody_else_decides(bob, charlie, made, decide):
    for person in (bob, charlie):
        with pytest.raises(NoLongerThere):
            decide(proposal=made, by=person)


def test_a_picture_with_words_and_a_pinner_who_wants_none_take_none(bob, alice, pin):
    with pytest.raises(TakesNoDescriptions):
        describe(pin=make_pin(pin.board, alt="A lamp"), by=bob, text=WORDS)
    alice.descriptions = "nobody"
    alice.save()
    with pytest.raises(TakesNoDescriptions):
        describe(pin=pin, by=bob, text=WORDS)


def test_saying_it_again_changes_ones_words_and_tells_nobody_again(alice, bob, made):
    describe(pin=made.pin, by=bob, text="A lamp, lit")
    assert AltProposal.objects.get().text == "A lamp, lit"
    assert told(alice, Kind.DESCRIBED).count() == 1


def test_the_same_words_are_not_proposed_twice(alice, bob, charlie, pin, made):
    with pytest.raises(DescribedAlready):
        describe(pin=pin, by=charlie, text=WORDS.upper())
    decline_alt(proposal=made, by=alice)
    with pytest.raises(DescribedAlready):
        describe(pin=pin, by=bob, text=WORDS)


def test_limits_of_a_picture_and_of_a_day(bob, pin):
    for number in range(MOST_OF_PIN):
        describe(pin=pin, by=make_user(), text=f"Lamp {number}")
    with pytest.raises(TooManyDescriptions):
        describe(pin=pin, by=bob, text=WORDS)
    others = [make_pin(pin.board) for _ in range(MOST_A_DAY + 1)]
    AltProposal.objects.bulk_create(
        AltProposal(pin=other, by=bob, text=WORDS) for other in others[1:]
    )
    with pytest.raises(TooManyDescriptions):
        describe(pin=others[0], by=bob, text=WORDS)
    AltProposal.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert describe(pin=others[0], by=bob, text=WORDS)


def test_the_database_keeps_words_from_being_empty_or_twice(bob, pin, made):
    for text in ("", "other"):
        with pytest.raises(IntegrityError), transaction.atomic():
            AltProposal.objects.create(pin=pin, by=bob, text=text)


def test_taken_back_they_are_gone_and_so_is_the_notification(alice, bob, made):
    withdraw_alt(proposal=made, by=bob)
    assert not AltProposal.objects.waiting().exists()
    assert not told(alice, Kind.DESCRIBED).exists()


def test_a_closed_account_leaves_the_words_and_no_name(client, alice, bob, pin, made):
    take_alt(proposal=made, by=alice)
    describe(pin=make_pin(pin.board), by=bob, text=WORDS)
    erase_person(user=bob)
    pin.refresh_from_db()
    assert (pin.alt, pin.alt_author) == (WORDS, None)
    row = AltProposal.objects.get()
    assert (row.pk, row.by) == (made.pk, None)
    assert "described by" not in text_of(client.get(pin.get_absolute_url()))


def test_the_page_asks_whoever_is_signed_in_and_nobody_else(client, alice, bob, pin):
    ask = "Describe this picture"
    place = pin.get_absolute_url()
    assert ask not in text_of(client.get(place))
    client.force_login(bob)
    assert ask in text_of(client.get(place))
    client.force_login(alice)
    assert ask not in text_of(client.get(place))
    alice.descriptions = "nobody"
    alice.save()
    client.force_login(bob)
    assert ask not in text_of(client.get(place))


def test_words_are_sent_seen_and_taken_on_the_pages(client, alice, bob, pin):
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/describe/", {"text": WORDS}, follow=True)
    made = AltProposal.objects.get()
    assert f"/descriptions/{made.pk}/withdraw/" in text_of(answer)
    assert "It waits for an answer." in text_of(client.get(pin.get_absolute_url()))
    client.force_login(make_user())
    assert WORDS not in text_of(client.get(pin.get_absolute_url()))
    client.force_login(alice)
    assert WORDS in text_of(client.get("/descriptions/"))
    assert WORDS in text_of(client.get(pin.get_absolute_url()))
    take = f"/descriptions/{made.pk}/take/"
    answer = client.post(take, {"text": "A lamp"}, follow=True)
    assert f"/descriptions/{made.pk}/undo/" in text_of(answer)
    pin.refresh_from_db()
    assert pin.alt == "A lamp"
    client.post(f"/descriptions/{made.pk}/undo/")
    client.post(f"/descriptions/{made.pk}/decline/")
    client.force_login(bob)
    assert "Not taken" in text_of(client.get("/descriptions/?side=mine"))


def test_words_that_were_taken_are_taken_off_on_the_page(client, alice, bob, made):
    pin = take_alt(proposal=made, by=alice).pin
    place = pin.get_absolute_url()
    deed = f"/descriptions/{made.pk}/decline/"
    client.force_login(bob)
    assert deed not in text_of(client.get(place))
    client.force_login(alice)
    assert deed in text_of(client.get(place))
    answer = client.post(deed, {"next": place})
    assert answer.headers["Location"] == place
    pin.refresh_from_db()
    assert pin.alt == ""
    client.post(f"/descriptions/{made.pk}/undo/")
    pin.refresh_from_db()
    assert pin.alt == WORDS


def test_a_picture_that_has_words_says_so_instead_of_asking(client, bob, pin):
    described = make_pin(pin.board, alt="A lamp")
    client.force_login(bob)
    address = f"/pins/{described.pk}/describe/"
    assert "has done so already" in text_of(client.get(address))
    assert client.post(address, {"text": WORDS}).status_code == 422
    assert not AltProposal.objects.exists()


def test_empty_words_are_refused_beside_the_field(client, alice, bob, pin, made):
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/describe/", {"text": " "})
    assert answer.status_code == 422
    assert answer.context["form"].errors["text"]
    client.force_login(alice)
    client.post(f"/descriptions/{made.pk}/take/", {"text": " "})
    assert AltProposal.objects.waiting().exists()


@pytest.mark.parametrize("deed", ["take", "decline", "undo", "withdraw"])
def test_what_is_not_ones_own_to_decide_is_not_found(client, charlie, made, deed):
    address = f"/descriptions/{made.pk}/{deed}/"
    assert "/accounts/login/" in client.post(address).headers["Location"]
    client.force_login(charlie)
    assert client.post(address).status_code == 404
    assert AltProposal.objects.waiting().exists()


def test_a_secret_pin_is_described_by_nobody_who_does_not_see_it(client, alice, bob):
    pin = make_pin(make_board(alice, visibility="secret"))
    client.force_login(bob)
    address = f"/pins/{pin.pk}/describe/"
    assert client.get(address).status_code == 404
    assert client.post(address, {"text": WORDS}).status_code == 404
    assert not AltProposal.objects.exists()


def test_notifications_of_a_picture_stand_together(client, alice, pin):
    for number in range(3):
        describe(pin=pin, by=make_user(), text=f"Lamp {number}")
    client.force_login(alice)
    page = client.get("/notifications/")
    [line] = page.context["lines"]
    assert len(line.actors) == 3
    assert f"{pin.get_absolute_url()}#descriptions" in text_of(page)


def test_the_settings_say_who_may_and_who_is_asked(client, alice):
    client.force_login(alice)
    place, form = "/settings/profile/", {"display_name": "Alice"}
    assert client.get(place).context["form"]["descriptions"].value() == "asked"
    client.post(place, form | {"descriptions": "open"})
    alice.refresh_from_db()
    assert alice.descriptions == "open"
    assert client.post(place, form | {"descriptions": "x"}).status_code == 422
    client.post(place, form)  # a form that does not say keeps it
    alice.refresh_from_db()
    assert alice.descriptions == "open"


@pytest.mark.parametrize("side", ["", "?side=mine"])
def test_lists_ask_as_much_of_the_database_for_many_as_for_one(
    client, alice, bob, pin, side
):
    client.force_login(bob if side else alice)

    def more(count):
        for _ in range(count):
            other = make_pin(pin.board)
            AltProposal.objects.create(pin=other, by=bob, text=WORDS)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/descriptions/{side}").status_code == 200
        return len(queries)

    more(1)
    asked()
    few = asked()
    more(19)
    assert asked() == few
    assert Pin.objects.count() > 20


@pytest.mark.django_db(transaction=True)
def test_of_two_proposals_taken_at_once_one_becomes_the_pictures_words():
    alice, refused = make_user("alice"), []
    pin = make_pin(make_board(alice))
    rows = [describe(pin=pin, by=make_user(), text=f"Lamp {n}") for n in range(4)]

    def press(row):
        try:
            take_alt(proposal=row, by=alice)
        except DescribedMeanwhile:
            refused.append(row)
        finally:
            connection.close()

    tabs = [Thread(target=press, args=[row]) for row in rows]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    pin.refresh_from_db()
    (taken,) = AltProposal.objects.filter(state="taken")
    assert (pin.alt, pin.alt_author) == (taken.text, taken.by)
    assert len(refused) == 3
