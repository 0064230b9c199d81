"""Boards of several people: asking, joining, roles, and what nobody else sees."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from pinboard.actions import bulk, members
from pinboard.actions.mails import mail_invitation
from pinboard.actions.pins import delete_pin, edit_pin, pin_picture, save_pin
from pinboard.exceptions import (
    NoLongerThere,
    NotInTrash,
    NotYoursToMove,
    TooManyMails,
)
from pinboard.models import (
    Board,
    BoardEvent,
    BoardInvitation,
    BoardMember,
    Notification,
    Pin,
    Role,
)
from tests.factories import make_board, make_picture, make_pin, make_token, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(alice):
    return make_board(alice, "Our home", visibility="secret")


@pytest.fixture
def pin(board):
    return make_pin(board, title="A lamp")


def shares(board, person, role=Role.EDITOR):
    return BoardMember.objects.create(
        board=board, user=person, role=role, accepted_at=timezone.now()
    )


PLACES = [
    "{board}",
    "{pin}",
    "/api/v1/boards/{board_pk}",
    "/api/v1/boards/{board_pk}/pins",
    "/api/v1/pins/{pin_pk}",
]


def places(board, pin):
    facts = {
        "board": board.get_absolute_url(),
        "pin": pin.get_absolute_url(),
        "board_pk": board.pk,
        "pin_pk": pin.pk,
    }
    return [place.format(**facts) for place in PLACES]


@pytest.mark.parametrize(
    ("who", "role", "seen"),
    [
        ("alice", None, True),
        ("bob", "viewer", True),
        ("bob", "editor", True),
        ("bob", "owner", True),
        ("bob", None, False),
        (None, None, False),
    ],
)
def test_who_shares_a_secret_board_sees_it_and_nobody_else_does(
    client, alice, bob, board, pin, who, role, seen
):
    person = {"alice": alice, "bob": bob}.get(who)
    if role:
        shares(board, person, role)
    headers = {}
    if person:
        client.force_login(person)
        headers = {"HTTP_AUTHORIZATION": f"Bearer {make_token(person)}"}
    found = [
        client.get(place, **(headers if "/api/" in place else {})).status_code
        for place in places(board, pin)
    ]
    assert set(found) == ({200} if seen else {404})
    lists = [f"/people/{alice.username}/", "/search/?q=home&kind=boards"]
    listed = [board.title in client.get(page).content.decode() for page in lists]
    assert listed[0] == seen


def test_being_asked_is_not_yet_sharing(client, alice, bob, board, pin):
    members.invite(board=board, by=alice, person=bob, role=Role.EDITOR)
    client.force_login(bob)
    assert client.get(board.get_absolute_url()).status_code == 404
    told = Notification.objects.shown_to(bob).get()
    assert told.url == f"/boards/{board.pk}/join/"
    page = client.get(told.url).content.decode()
    assert "Our home" in page
    assert "A lamp" not in page
    assert client.post(told.url).headers["Location"] == board.get_absolute_url()
    assert client.get(board.get_absolute_url()).status_code == 200
    assert Notification.objects.shown_to(alice).get().facts["name"] == str(bob)


@pytest.mark.parametrize(
    ("role", "can"), [("viewer", False), ("editor", True), ("owner", True)]
)
def test_editors_pin_change_delete_and_save(client, alice, bob, board, pin, role, can):
    shares(board, bob, role)
    assert Board.objects.fillable_by(bob).filter(pk=board.pk).exists() == can
    client.force_login(bob)
    other = make_pin(make_board(alice))
    client.post(f"/pins/{other.pk}/save/", {"board": board.pk})
    assert Pin.objects.filter(board=board, via=other).exists() == can
    client.post(f"/pins/{pin.pk}/edit/", {"title": "Ours", "board": board.pk})
    pin.refresh_from_db()
    assert (pin.title == "Ours") == can
    client.post(f"/pins/{pin.pk}/delete/")
    pin.refresh_from_db()
    assert (pin.deleted_at is not None) == can
    if can:
        client.post(f"/pins/{pin.pk}/restore/")
        pin.refresh_from_db()
        assert pin.deleted_at is None


@pytest.mark.parametrize(
    ("role", "can"), [("viewer", False), ("editor", False), ("owner", True)]
)
def test_only_owners_change_the_board_and_who_shares_it(
    client, alice, bob, charlie, board, role, can
):
    shares(board, bob, role)
    client.force_login(bob)
    status = client.get(f"/boards/{board.pk}/edit/").status_code
    assert status == (200 if can else 404)
    client.post(f"/boards/{board.pk}/people/", {"whom": "charlie", "role": "viewer"})
    assert BoardMember.objects.filter(user=charlie).exists() == can
    assert client.post(f"/boards/{board.pk}/delete/").status_code == 404
    assert Board.objects.filter(pk=board.pk, deleted_at=None).exists()


def test_an_editors_pin_earns_the_editor(alice, bob, board):
    """The board's owner is not the pinner."""
    shares(board, bob)
    pin = pin_picture(by=bob, board=board, picture=make_picture())
    assert pin.pinner == bob


def test_editors_move_their_own_pins_only(alice, bob, board, pin):
    shares(board, bob)
    own = make_board(bob)
    mine = make_pin(board, pinner=bob)
    with pytest.raises(NotYoursToMove):
        edit_pin(pin=pin, by=bob, title="x", description="", alt="", board=own)
    edit_pin(pin=mine, by=bob, title="x", description="", alt="", board=own)
    both = Pin.objects.filter(pk__in=[pin.pk, mine.pk])
    assert bulk.move_pins(pins=both, to=board, by=bob).count == 1
    assert bulk.move_pins(pins=both, to=own, by=bob).count == 1
    pin.refresh_from_db()
    assert pin.board == board


def test_the_form_says_why_a_pin_of_another_is_not_moved(client, bob, board, pin):
    shares(board, bob)
    own = make_board(bob)
    client.force_login(bob)
    answer = client.post(f"/pins/{pin.pk}/edit/", {"title": "Kept", "board": own.pk})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "can be copied, but not moved" in page
    assert "Kept" in page


def test_whoever_has_the_link_joins_with_its_role(client, alice, bob, board, pin):
    invitation = members.invite_by_link(board=board, by=alice, role=Role.VIEWER)
    address = invitation.get_absolute_url()
    assert client.get(address).status_code == 302
    client.force_login(bob)
    assert "Our home" in client.get(address).content.decode()
    client.post(address)
    assert BoardMember.objects.get(user=bob).role == Role.VIEWER
    client.post(address)  # once more changes nothing
    members.revoke_invitation(invitation=invitation, by=alice)
    assert client.get(address).status_code == 404


def test_an_invitation_by_mail_is_good_for_one(client, alice, bob, charlie, board):
    invitation = members.invite_by_link(
        board=board, by=alice, role=Role.EDITOR, email="friend@example.org"
    )
    mail_invitation(invitation)
    (sent,) = mail.outbox
    assert sent.to == ["friend@example.org"]
    assert invitation.get_absolute_url() in sent.body
    assert "Our home" in sent.subject
    client.force_login(bob)
    client.post(invitation.get_absolute_url())
    assert BoardMember.objects.of(bob).exists()
    client.force_login(charlie)
    assert client.get(invitation.get_absolute_url()).status_code == 404


def test_an_invitation_ends_after_thirty_days(client, alice, bob, board):
    invitation = members.invite_by_link(board=board, by=alice, role=Role.EDITOR)
    BoardInvitation.objects.update(created_at=timezone.now() - timedelta(days=31))
    client.force_login(bob)
    assert client.get(invitation.get_absolute_url()).status_code == 404


def test_the_site_sends_no_more_than_twenty_invitations_a_day(alice):
    for number in range(20):
        board = make_board(alice)
        email = f"{number}@example.org"
        members.invite_by_link(board=board, by=alice, role="viewer", email=email)
    with pytest.raises(TooManyMails):
        members.invite_by_link(
            board=make_board(alice), by=alice, role="viewer", email="x@example.org"
        )


def test_who_is_removed_sees_it_no_longer_and_leaves_the_pins(
    client, alice, bob, board
):
    shares(board, bob)
    mine = make_pin(board, pinner=bob)
    members.remove_member(board=board, by=alice, person=bob)
    client.force_login(bob)
    assert client.get(board.get_absolute_url()).status_code == 404
    assert client.get(mine.get_absolute_url()).status_code == 404
    assert Pin.objects.filter(board=board, pinner=bob, deleted_at=None).exists()


def test_who_is_removed_does_not_come_back_by_a_link(client, alice, bob, board):
    links = [
        members.invite_by_link(board=board, by=alice, role=Role.EDITOR),
        members.invite_by_link(board=board, by=alice, role=Role.VIEWER),
    ]
    members.join_by_link(invitation=links[0], by=bob)
    members.set_role(board=board, by=alice, person=bob, role=Role.OWNER)
    mailed = {"role": Role.OWNER, "email": "b@example.org"}
    links.append(members.invite_by_link(board=board, by=bob, **mailed))
    members.remove_member(board=board, by=alice, person=bob)
    client.force_login(bob)
    for link in links:
        assert client.post(link.get_absolute_url()).status_code == 404
    assert not BoardMember.objects.exists()


def test_who_may_do_less_gets_no_more_by_a_link(client, alice, bob, board):
    editor = members.invite_by_link(board=board, by=alice, role=Role.EDITOR)
    viewer = members.invite_by_link(board=board, by=alice, role=Role.VIEWER)
    members.join_by_link(invitation=editor, by=bob)
    members.set_role(board=board, by=alice, person=bob, role=Role.VIEWER)
    members.leave(board=board, by=bob, keeps_pins=True)
    client.force_login(bob)
    assert client.post(editor.get_absolute_url()).status_code == 404
    client.post(viewer.get_absolute_url())
    assert BoardMember.objects.get(user=bob).role == Role.VIEWER


def test_an_editor_throws_nothing_of_others_away_for_good(
    client, alice, bob, board, pin
):
    shares(board, bob)
    mine = make_pin(board, pinner=bob)
    for gone in (pin, mine):
        delete_pin(pin=gone, by=bob)
    client.force_login(bob)
    client.post("/trash/empty/")
    assert set(Pin.objects.in_trash_of(alice)) == {pin}
    client.force_login(alice)
    client.post("/trash/empty/")
    assert not Pin.objects.in_trash_of(alice).exists()


@pytest.mark.parametrize(("keeps", "left"), [("1", 1), ("0", 0)])
def test_who_leaves_keeps_or_takes_the_pins(client, bob, board, pin, keeps, left):
    shares(board, bob)
    make_pin(board, pinner=bob)
    client.force_login(bob)
    assert client.get(f"/boards/{board.pk}/leave/").status_code == 200
    assert client.post(f"/boards/{board.pk}/leave/", {}).status_code == 422
    client.post(f"/boards/{board.pk}/leave/", {"keeps_pins": keeps})
    there = Pin.objects.filter(board=board, deleted_at=None)
    assert there.filter(pinner=bob).count() == left
    assert there.filter(pk=pin.pk).exists()
    assert not BoardMember.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"whom": "nobody-here", "role": "editor"}, "Nobody has this user name."),
        ({"whom": "not an @ddress", "role": "editor"}, "valid email"),
        ({"whom": "bob", "role": "king"}, "valid choice"),
        ({"whom": "alice", "role": "editor"}, ""),
    ],
)
def test_a_wrong_invitation_is_422(client, alice, bob, board, fields, sentence):
    client.force_login(alice)
    answer = client.post(f"/boards/{board.pk}/people/", fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not BoardMember.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize("who", [None, "charlie"])
def test_strangers_find_none_of_it(client, request, alice, bob, board, who):
    shares(board, bob)
    if who:
        client.force_login(request.getfixturevalue(who))
    for page in ("people", "history", "join", "leave"):
        status = client.get(f"/boards/{board.pk}/{page}/").status_code
        assert status == (404 if who else 302)
    for address in (f"/boards/{board.pk}/people/bob/", f"/boards/{board.pk}/revert/"):
        assert client.post(address, {"role": ""}).status_code == (404 if who else 302)
    assert BoardMember.objects.count() == 1


def test_roles_are_changed_and_taken_on_the_page(client, alice, bob, board):
    shares(board, bob)
    client.force_login(alice)
    client.post(f"/boards/{board.pk}/people/bob/", {"role": "viewer"})
    assert BoardMember.objects.get().role == "viewer"
    client.post(f"/boards/{board.pk}/people/bob/", {"role": ""})
    assert not BoardMember.objects.exists()


def test_strangers_decide_nothing_by_action(alice, bob, charlie, board):
    for deed in (
        lambda: members.invite(board=board, by=bob, person=charlie, role="owner"),
        lambda: members.invite_by_link(board=board, by=bob, role="owner"),
        lambda: members.set_role(board=board, by=bob, person=bob, role="owner"),
        lambda: members.join(board=board, by=bob),
        lambda: members.leave(board=board, by=bob, keeps_pins=True),
    ):
        with pytest.raises(NoLongerThere):
            deed()


def test_the_page_costs_the_same_for_one_and_twenty_members(
    client, alice, board, pin, django_assert_max_num_queries
):
    for _ in range(20):
        shares(board, make_user())
    client.force_login(alice)
    with django_assert_max_num_queries(7):
        client.get(board.get_absolute_url())
    with django_assert_max_num_queries(9):
        client.get(f"/boards/{board.pk}/people/")


# History ----------------------------------------------------------------------------


def history(client, board, **query):
    return client.get(f"/boards/{board.pk}/history/", query).content.decode()


def test_the_history_tells_who_did_what_and_takes_it_back(
    client, alice, bob, board, pin
):
    shares(board, bob)
    lamp = save_pin(pin=make_pin(make_board(alice)), board=board, by=bob)
    delete_pin(pin=pin, by=bob)
    client.force_login(alice)
    page = history(client, board)
    assert "took 1 pin away" in page
    assert "put 1 pin here" in page
    undo = page.split("took 1 pin away")[1].split('action="')[1].split('"')[0]
    client.post(undo)
    pin.refresh_from_db()
    assert pin.deleted_at is None
    assert Pin.objects.filter(pk=lamp.pk, deleted_at=None).exists()


def test_one_editors_changes_are_taken_back_and_nobody_elses(
    client, alice, bob, board, pin
):
    shares(board, bob)
    kept = save_pin(pin=make_pin(make_board(alice)), board=board, by=alice)
    spam = [
        save_pin(pin=make_pin(make_board(alice)), board=board, by=bob) for _ in range(3)
    ]
    bulk.delete_pins(pins=Pin.objects.filter(pk__in=[pin.pk, kept.pk]), by=bob)
    client.force_login(alice)
    fields = {"person": "bob", "since": timezone.localdate().isoformat()}
    page = client.post(f"/boards/{board.pk}/revert/", fields, follow=True)
    assert "5 pins are as before." in page.content.decode()
    there = set(Pin.objects.filter(board=board, deleted_at=None))
    assert there == {pin, kept}
    assert not there & set(spam)


@pytest.mark.parametrize(
    "fields", [{}, {"person": "bob"}, {"person": "bob", "since": "tomorrowish"}]
)
def test_a_wrong_revert_changes_nothing(client, alice, bob, board, pin, fields):
    shares(board, bob)
    delete_pin(pin=pin, by=bob)
    client.force_login(alice)
    assert client.post(f"/boards/{board.pk}/revert/", fields).status_code == 302
    pin.refresh_from_db()
    assert pin.deleted_at


def test_editors_take_back_their_own_but_not_anothers(client, alice, bob, board, pin):
    shares(board, bob)
    deed = bulk.delete_pins(pins=Pin.objects.filter(pk=pin.pk), by=alice)
    client.force_login(bob)
    client.post(f"/deeds/{deed.id}/undo/")
    pin.refresh_from_db()
    assert pin.deleted_at
    lamp = make_pin(board)
    own = bulk.delete_pins(pins=Pin.objects.filter(pk=lamp.pk), by=bob)
    BoardEvent.objects.update(created_at=timezone.now() - timedelta(days=2))
    with pytest.raises(NotInTrash):  # by then it is the owner's to decide
        bulk.undo(deed=own.id, by=bob)
    assert bulk.undo(deed=own.id, by=alice) == 1
    assert client.post(f"/boards/{board.pk}/revert/").status_code == 404


def test_the_board_is_seen_as_it_was_on_a_day(client, alice, board, time_machine):
    now = timezone.now()
    time_machine.move_to(now - timedelta(days=3), tick=False)
    old = pin_picture(by=alice, board=board, picture=make_picture(), title="Old chair")
    time_machine.move_to(now - timedelta(days=1), tick=False)
    delete_pin(pin=old, by=alice)
    pin_picture(by=alice, board=board, picture=make_picture(), title="New chair")
    time_machine.move_to(now, tick=False)
    client.force_login(alice)

    def at(days):
        day = timezone.localdate() - timedelta(days=days)
        page = history(client, board, at=day.isoformat())
        return "Old chair" in page, "New chair" in page

    assert at(4) == (False, False)
    assert at(2) == (True, False)
    assert at(0) == (False, True)


def test_what_went_to_a_secret_board_of_another_is_in_no_history(
    client, alice, bob, board, time_machine
):
    now = timezone.now()
    time_machine.move_to(now - timedelta(days=3), tick=False)
    shares(board, bob)
    pin = pin_picture(by=bob, board=board, picture=make_picture(), title="A lamp")
    time_machine.move_to(now, tick=False)
    secret = make_board(bob, visibility="secret")
    moved = {"title": "For Alice, not yet", "description": "", "alt": ""}
    edit_pin(pin=pin, by=bob, board=secret, **moved)
    day = (timezone.localdate() - timedelta(days=2)).isoformat()
    for person, sees in ((bob, True), (alice, False)):
        client.force_login(person)
        for page in (history(client, board), history(client, board, at=day)):
            assert ("For Alice, not yet" in page) is sees


@pytest.mark.parametrize("at", ["x", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_a_day_that_is_none_shows_the_history(client, alice, board, at):
    client.force_login(alice)
    answer = client.get(f"/boards/{board.pk}/history/", {"at": at})
    assert answer.status_code == 200


def test_the_history_costs_the_same_for_one_and_twenty(
    client, alice, board, django_assert_max_num_queries
):
    for _ in range(20):
        pin_picture(by=alice, board=board, picture=make_picture())
    client.force_login(alice)
    with django_assert_max_num_queries(9):
        history(client, board)
    with django_assert_max_num_queries(9):
        history(client, board, at=timezone.localdate().isoformat())
