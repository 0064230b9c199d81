"""What a person leaves behind who closes their account: nothing that tells of them.

Rows go out of sight here, at once; the sweeper, which is sent for, deletes them and
then the files that nobody else shows. What others saved is theirs and stays.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest, Lower
from django.utils import timezone

from pinboard.actions.baskets import forget_baskets_of
from pinboard.actions.exports import forget_exports_of
from pinboard.actions.imports import forget_imports_of
from pinboard.actions.pins import lock_boards
from pinboard.hints import hint
from pinboard.models import (
    AltProposal,
    Avatar,
    Board,
    BoardEvent,
    BoardInvitation,
    BoardMember,
    Comment,
    Follow,
    GiftGuest,
    Like,
    Notification,
    Pin,
    PinDraft,
    PinState,
    PointReadJob,
    Shop,
    Suggestion,
)
from pinboard.models.pin import oldest_in_trash
from pinboard.models.proposal import ProposalState
from users.models import User

if TYPE_CHECKING:
    from pinboard.models.board import BoardQuerySet


@transaction.atomic
def erase_person(*, user: User) -> None:
    """All that they pinned, said, liked and followed; a shop of theirs has no owner
    from now on. Locks are taken as everywhere: boards, then pins, then people."""
    forget_imports_of(user)  # a worker that is at one holds it before any board
    follows = Follow.objects.filter(Q(follower=user) | Q(person=user))
    boards = Board.objects.filter(
        Q(owner=user) | Q(pins__pinner=user) | Q(followers__follower=user)
    )
    lock_boards(*boards.distinct())
    _throw_away_for_good(user)
    _take_back_words_and_likes(user)
    _unfollow_all(user, follows)
    Shop.objects.filter(owner=user).update(owner=None, verified_at=None, board=None)
    BoardMember.objects.filter(user=user).delete()
    BoardMember.objects.filter(invited_by=user).update(invited_by=None)
    # Confirmed ones: who only says that an address is theirs takes no mail from it.
    theirs = EmailAddress.objects.filter(user=user, verified=True)
    lower = theirs.annotate(lower=Lower("email")).values("lower")
    asked = BoardInvitation.objects.annotate(lower=Lower("email"))
    asked.filter(Q(created_by=user) | Q(lower__in=lower)).delete()
    BoardEvent.objects.filter(actor=user).update(actor=None)
    GiftGuest.objects.filter(user=user).delete()  # with their promises: others may give
    PinDraft.objects.filter(owner=user).delete()
    PointReadJob.objects.filter(by=user).delete()
    forget_exports_of(user)
    forget_baskets_of(user)
    Avatar.objects.filter(user=user).delete()
    _forget_proposals(user)
    Notification.objects.filter(Q(recipient=user) | Q(actor=user)).delete()
    Pin.objects.filter(via_pinner=user).update(via_pinner=None)
    hint("tidy")


def _forget_proposals(user: User) -> None:
    """What was taken stays where it is, and names nobody. The rest is gone."""
    for proposals in (Suggestion, AltProposal):
        own = proposals._default_manager.filter(by=user)
        own.exclude(state=ProposalState.TAKEN).delete()
        own.update(by=None)
        proposals._default_manager.filter(decided_by=user).update(decided_by=None)
    Pin.objects.filter(alt_author=user).update(alt_author=None)


def _throw_away_for_good(user: User) -> None:
    """Past what the trash keeps, so that the next sweep takes it."""
    out = oldest_in_trash() - timedelta(minutes=1)
    _count_out_elsewhere(user)
    Pin.objects.filter(Q(pinner=user) | Q(board__owner=user)).update(deleted_at=out)
    Board.objects.filter(owner=user).update(deleted_at=out)


def _count_out_elsewhere(user: User) -> None:
    """Boards of others lose the pins of theirs that are shown."""
    shown = Pin.objects.filter(pinner=user, deleted_at=None, state=PinState.READY)
    elsewhere: BoardQuerySet = Board.objects.exclude(owner=user)
    elsewhere.filter(pins__in=shown).update(
        pin_count=_less("pin_count", _count(shown, "board"))
    )


def _take_back_words_and_likes(user: User) -> None:
    """Answers of others stay, as when one takes back a comment oneself."""
    said = Comment.objects.filter(author=user, deleted_at=None)
    liked = Like.objects.filter(user=user)
    touched = Pin.objects.filter(Q(comments__in=said) | Q(likes__in=liked))
    list(Pin.objects.select_for_update(no_key=True).filter(pk__in=touched.values("pk")))
    Pin.objects.filter(pk__in=said.values("pin")).update(
        comment_count=_less("comment_count", _count(said, "pin"))
    )
    Pin.objects.filter(pk__in=liked.values("pin")).update(
        like_count=Greatest(F("like_count") - 1, 0)
    )
    liked.delete()
    Notification.objects.filter(comment__author=user).delete()
    Comment.objects.filter(author=user).update(
        text="", deleted_at=Coalesce("deleted_at", timezone.now())
    )


def _unfollow_all(user: User, follows: QuerySet[Follow]) -> None:
    followed = Follow.objects.filter(follower=user)
    followers = Follow.objects.filter(person=user)
    known = Q(pk__in=followed.values("person")) | Q(pk__in=followers.values("follower"))
    people = User.objects.filter(known | Q(pk=user.pk)).order_by("pk")
    list(people.select_for_update(no_key=True).values_list("pk"))
    one_less = Greatest(F("follower_count") - 1, 0)
    for kind, rows in (("person", User), ("board", Board), ("shop", Shop)):
        theirs = followed.filter(**{f"{kind}__isnull": False}).values(kind)
        rows._default_manager.filter(pk__in=theirs).update(follower_count=one_less)
    User.objects.filter(pk__in=followers.values("follower")).update(
        following_count=Greatest(F("following_count") - 1, 0)
    )
    User.objects.filter(pk=user.pk).update(follower_count=0, following_count=0)
    follows.delete()


def _count(rows: QuerySet[Pin] | QuerySet[Comment], whose: str) -> Coalesce:
    of_this = rows.filter(**{whose: OuterRef("pk")}).order_by().values(whose)
    return Coalesce(Subquery(of_this.annotate(n=Count("pk")).values("n")), 0)


def _less(count: str, by: Coalesce) -> Greatest:
    """Never below zero, also where a count has drifted."""
    return Greatest(F(count) - by, 0)
