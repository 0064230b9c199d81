"""Who shares a board: invitations, roles, and leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from pinboard.actions import bulk
from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify
from pinboard.exceptions import NoLongerThere, TooManyMails, TooManyPeople
from pinboard.hints import hint
from pinboard.models import (
    Board,
    BoardInvitation,
    BoardMember,
    Notification,
    Pin,
    Role,
)

if TYPE_CHECKING:
    from users.models import User

MOST_MEMBERS = 100
MOST_INVITATIONS = 20  # open ones of a board
MOST_MAILS = 20  # a day and person: the site sends nobody's advertising

INVITED = gettext_noop("%(name)s asks you to share the board “%(board)s”.")
JOINED = gettext_noop("%(name)s shares your board “%(board)s” now.")


@transaction.atomic
def invite(*, board: Board, by: User, person: User, role: str) -> BoardMember:
    """Ask somebody by name; asked again, the role is the new one. Raises
    TooManyPeople."""
    mine = _mine(board, by)
    if person.pk == mine.owner_id:
        raise TooManyPeople
    member, is_new = BoardMember.objects.get_or_create(
        board=mine, user=person, defaults={"role": role, "invited_by": by}
    )
    if not is_new:
        member.role = role
        member.save(update_fields=["role"])
        return member
    _check_room(mine)
    _tell(person, INVITED, by, mine, reverse("pinboard:board-join", args=[mine.pk]))
    return member


@transaction.atomic
def invite_by_link(
    *, board: Board, by: User, role: str, email: str = ""
) -> BoardInvitation:
    """A link for whoever has it, or for the reader of one mail. Raises
    TooManyPeople."""
    mine = _mine(board, by)
    if BoardInvitation.objects.open().filter(board=mine).count() >= MOST_INVITATIONS:
        raise TooManyPeople
    if email and _mails_of_today(by) >= MOST_MAILS:
        raise TooManyMails
    invitation = BoardInvitation.objects.create(
        board=mine, created_by=by, role=role, email=email
    )
    if email:
        hint("send_invitation", invitation.pk)
    return invitation


@transaction.atomic
def revoke_invitation(*, invitation: BoardInvitation, by: User) -> None:
    _mine(invitation.board, by)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])


@transaction.atomic
def join(*, board: Board, by: User) -> BoardMember:
    """Say yes to having been asked."""
    asked = BoardMember.objects.select_for_update(of=["self"]).select_related("board")
    member = locked(asked.filter(user=by, board__deleted_at=None), _asked(board, by))
    return _joined(member)


@transaction.atomic
def join_by_link(*, invitation: BoardInvitation, by: User) -> Board:
    """Once more changes nothing; a role one has already is not lessened."""
    usable = BoardInvitation.objects.open().select_for_update(of=["self"])
    mine = locked(usable.select_related("board", "created_by"), invitation)
    if by.pk == mine.board.owner_id:
        return mine.board
    member, is_new = BoardMember.objects.get_or_create(
        board=mine.board,
        user=by,
        defaults={"role": mine.role, "invited_by": mine.created_by},
    )
    if is_new:
        _check_room(mine.board)
    mine.used_at = timezone.now()
    mine.save(update_fields=["used_at"])
    _joined(member)
    return mine.board


@transaction.atomic
def set_role(*, board: Board, by: User, person: User, role: str) -> None:
    mine = _mine(board, by)
    BoardMember.objects.filter(board=mine, user=person).update(role=role)
    _close_links(mine, person, above=role)


@transaction.atomic
def remove_member(*, board: Board, by: User, person: User) -> None:
    """What they pinned stays; they see the board no longer, if it is not public."""
    mine = _mine(board, by)
    BoardMember.objects.filter(board=mine, user=person).delete()
    _close_links(mine, person)


@transaction.atomic
def leave(*, board: Board, by: User, keeps_pins: bool) -> None:
    """Of one's own will, or instead of joining. Pins stay on the board, or go into its
    trash, by choice."""
    member = locked(BoardMember.objects.filter(user=by), _asked(board, by))
    if not keeps_pins and member.accepted_at:
        own = Pin.objects.filter(board=board, pinner=by, deleted_at=None)
        bulk.delete_pins(pins=own, by=by)
    member.delete()


def _mine(board: Board, by: User) -> Board:
    return locked(Board.objects.editable_by(by).select_for_update(no_key=True), board)


def _mails_of_today(by: User) -> int:
    since = timezone.now() - timedelta(days=1)
    sent = BoardInvitation.objects.filter(created_by=by, created_at__gt=since)
    return sent.exclude(email="").count()


def _asked(board: Board, by: User) -> BoardMember:
    member = BoardMember.objects.filter(board=board, user=by).first()
    if member is None:
        raise NoLongerThere
    return member


def _joined(member: BoardMember) -> BoardMember:
    if member.accepted_at is None:
        member.accepted_at = timezone.now()
        member.save(update_fields=["accepted_at"])
        board = member.board
        _tell(board.owner, JOINED, member.user, board, board.get_absolute_url())
    return member


def _close_links(board: Board, person: User, *, above: str = "") -> None:
    """Nobody comes back by a link that they know: those that anybody may use, and the
    mails that they sent themselves. With a role, those that give more than it."""
    rank = Role.values.index(above) + 1 if above else 0
    known = BoardInvitation.objects.open().filter(
        Q(email="") | Q(created_by=person), board=board, role__in=Role.values[rank:]
    )
    known.update(revoked_at=timezone.now())


def _check_room(board: Board) -> None:
    if board.members.count() > MOST_MEMBERS:
        raise TooManyPeople


def _tell(to: User, text: str, by: User, board: Board, url: str) -> None:
    facts = {"name": str(by), "board": board.title}
    notify(
        recipient=to,
        kind=Notification.Kind.NEWS,
        actor=by,
        text=text,
        facts=facts,
        url=url,
    )
