"""Likes, follows and comments: what people do with what others pinned.

Like and follow set a desired state and answer the count, so that a repeated or a late
request changes nothing. The row that carries the count is locked first: of ten requests
at once only one finds something to change, and the count moves with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify, take_back
from pinboard.models import Board, Comment, Follow, Like, Notification, Pin, Shop
from users.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

Kind = Notification.Kind
MENTION = re.compile(
    r"(?<![\w@.])@([a-z0-9][a-z0-9._-]{0,29})", re.IGNORECASE | re.ASCII
)
MOST_MENTIONS = 10  # of one comment; more is shouting


@transaction.atomic
def like(*, pin: Pin, by: User) -> int:
    """Like the pin, once. Returns its number of likes."""
    locked = Pin.objects.select_for_update(no_key=True).get(pk=pin.pk)
    _, is_new = Like.objects.get_or_create(pin=locked, user=by)
    if is_new:
        Pin.objects.filter(pk=pin.pk).update(like_count=F("like_count") + 1)
        notify(recipient=locked.pinner, kind=Kind.LIKE, actor=by, pin=locked)
    return locked.like_count + is_new


@transaction.atomic
def unlike(*, pin: Pin, by: User) -> int:
    """Take the like back, if there is one. Returns the pin's number of likes."""
    locked = Pin.objects.select_for_update(no_key=True).get(pk=pin.pk)
    was_liked, _ = Like.objects.filter(pin=locked, user=by).delete()
    if was_liked:
        Pin.objects.filter(pk=pin.pk).update(like_count=_one_less("like_count"))
        take_back(kind=Kind.LIKE, actor=by, pin=locked)
    return max(0, locked.like_count - was_liked)


@transaction.atomic
def follow_person(*, person: User, by: User) -> int:
    """Follow somebody, once; oneself never. Returns the number of followers."""
    followed = _lock_people(person, by)[person.pk]
    if person.pk == by.pk:
        return followed.follower_count
    _, is_new = Follow.objects.get_or_create(follower=by, person=followed)
    if is_new:
        _people(person).update(follower_count=F("follower_count") + 1)
        _people(by).update(following_count=F("following_count") + 1)
        notify(recipient=followed, kind=Kind.FOLLOW, actor=by)
    return followed.follower_count + is_new


@transaction.atomic
def unfollow_person(*, person: User, by: User) -> int:
    followed = _lock_people(person, by)[person.pk]
    was_followed, _ = Follow.objects.filter(follower=by, person=followed).delete()
    if was_followed:
        _people(person).update(follower_count=_one_less("follower_count"))
        _people(by).update(following_count=_one_less("following_count"))
        take_back(kind=Kind.FOLLOW, actor=by, recipient=followed)
    return max(0, followed.follower_count - was_followed)


@transaction.atomic
def follow_board(*, board: Board, by: User) -> int:
    """Follow a board, once; one's own never. Returns the number of followers."""
    locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
    if locked.owner_id == by.pk:
        return locked.follower_count
    _, is_new = Follow.objects.get_or_create(follower=by, board=locked)
    if is_new:
        boards = Board.objects.filter(pk=board.pk)
        boards.update(follower_count=F("follower_count") + 1)
        notify(recipient=locked.owner, kind=Kind.BOARD_FOLLOW, actor=by, board=locked)
    return locked.follower_count + is_new


@transaction.atomic
def unfollow_board(*, board: Board, by: User) -> int:
    locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
    was_followed, _ = Follow.objects.filter(follower=by, board=locked).delete()
    if was_followed:
        boards = Board.objects.filter(pk=board.pk)
        boards.update(follower_count=_one_less("follower_count"))
        take_back(kind=Kind.BOARD_FOLLOW, actor=by, board=locked)
    return max(0, locked.follower_count - was_followed)


@transaction.atomic
def follow_shop(*, shop: Shop, by: User) -> int:
    """Follow a shop, once. Returns the number of followers."""
    locked = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    _, is_new = Follow.objects.get_or_create(follower=by, shop=locked)
    if is_new:
        shops = Shop.objects.filter(pk=shop.pk)
        shops.update(follower_count=F("follower_count") + 1)
    return locked.follower_count + is_new


@transaction.atomic
def unfollow_shop(*, shop: Shop, by: User) -> int:
    locked = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    was_followed, _ = Follow.objects.filter(follower=by, shop=locked).delete()
    if was_followed:
        shops = Shop.objects.filter(pk=shop.pk)
        shops.update(follower_count=_one_less("follower_count"))
    return max(0, locked.follower_count - was_followed)


@transaction.atomic
def comment(
    *, pin: Pin, by: User, text: str, reply_to: Comment | None = None
) -> Comment:
    """Say something under a pin. A reply to a reply answers the first comment."""
    first = reply_to
    if reply_to is not None and reply_to.reply_to_id is not None:
        first = reply_to.reply_to
    written = Comment.objects.create(
        pin=pin, author=by, text=text.strip(), reply_to=first
    )
    Pin.objects.filter(pk=pin.pk).update(comment_count=F("comment_count") + 1)
    _tell_of_comment(written, answered=reply_to.author if reply_to else None)
    return written


@transaction.atomic
def edit_comment(*, comment: Comment, by: User, text: str) -> Comment:
    """Change one's own words. Nobody is told again."""
    mine = locked(Comment.objects.editable_by(by).select_for_update(), comment)
    mine.text, mine.edited_at = text.strip(), timezone.now()
    mine.save(update_fields=["text", "edited_at"])
    return mine


@transaction.atomic
def delete_comment(*, comment: Comment, by: User) -> None:
    """Take a comment away: its author may, and the pin's owner. Answers to it stay."""
    # Locked first: an UPDATE by way of the pin looks at the comment as it was before
    # another request deleted it, and would count it twice.
    removable = Comment.objects.removable_by(by).select_for_update(of=("self",))
    for gone in removable.filter(pk=comment.pk):
        gone.deleted_at = timezone.now()
        gone.save(update_fields=["deleted_at"])
        pins = Pin.objects.filter(pk=comment.pin_id)
        pins.update(comment_count=_one_less("comment_count"))
        Notification.objects.filter(comment=comment).delete()


def mentioned_in(text: str) -> list[str]:
    """The user names after an @, each once, in small letters."""
    names = (name.lower().rstrip(".-") for name in MENTION.findall(text))
    return list(dict.fromkeys(names))[:MOST_MENTIONS]


def _tell_of_comment(comment: Comment, *, answered: User | None) -> None:
    """Tell each person once, and by the nearest reason: reply, mention, comment."""
    pin, by = comment.pin, comment.author
    told = {by.pk}
    mentioned = User.objects.filter(username__in=mentioned_in(comment.text))
    mentions = [(Kind.MENTION, user) for user in mentioned if _may_see(user, pin)]
    replies = [(Kind.REPLY, answered)] if answered and _may_see(answered, pin) else []
    owner = [(Kind.COMMENT, pin.pinner)]
    for kind, person in [*replies, *mentions, *owner]:
        if person.pk not in told:
            told.add(person.pk)
            notify(recipient=person, kind=kind, actor=by, pin=pin, comment=comment)


def _may_see(user: User, pin: Pin) -> bool:
    """A mention must not tell of a pin that its reader could not open."""
    return Pin.objects.visible_to(user).filter(pk=pin.pk).exists()


def _lock_people(*people: User) -> dict[int, User]:
    """Lock in the order of ids: two people who follow each other must not deadlock."""
    locked = (
        User.objects.select_for_update(no_key=True)
        .filter(pk__in=[person.pk for person in people])
        .order_by("pk")
    )
    return {person.pk: person for person in locked}


def _people(person: User) -> QuerySet[User]:
    return User.objects.filter(pk=person.pk)


def _one_less(count: str) -> Greatest:
    """Never below zero, also where a count was repaired by hand in between."""
    return Greatest(F(count) - 1, 0)
