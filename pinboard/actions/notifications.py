"""What people are told about, and what they have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from pinboard.models import Board, Comment, Notification, Pin

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def notify(
    *,
    recipient: User,
    kind: str,
    actor: User | None = None,
    pin: Pin | None = None,
    board: Board | None = None,
    comment: Comment | None = None,
    text: str = "",
    facts: dict[str, str] | None = None,
    url: str = "",
) -> Notification | None:
    """Tell somebody, unless it is their own doing. None where nobody was told.

    `text` is the untranslated sentence; with `facts` it is a pattern of their names.
    """
    if actor is not None and actor.pk == recipient.pk:
        return None
    return Notification.objects.create(
        recipient=recipient,
        kind=kind,
        actor=actor,
        pin=pin,
        board=board,
        comment=comment,
        text=text[:300],
        facts=facts or {},
        url=url[:300],
    )


@dataclass(frozen=True)
class News:
    """What `notify` is told of a piece of news, for many at once."""

    recipient_id: int
    text: str
    facts: dict[str, str]
    url: str


def notify_of_news(*, news: Sequence[News]) -> None:
    """Tell each their own, in one statement however many they are."""
    Notification.objects.bulk_create(
        Notification(
            recipient_id=each.recipient_id,
            kind=Notification.Kind.NEWS,
            text=each.text[:300],
            facts=each.facts,
            url=each.url[:300],
        )
        for each in news
    )


@transaction.atomic
def take_back(
    *,
    kind: str,
    actor: User,
    recipient: User | None = None,
    pin: Pin | None = None,
    board: Board | None = None,
) -> None:
    """Forget what was told of something that its actor has undone."""
    told = Notification.objects.filter(kind=kind, actor=actor)
    if recipient is not None:
        told = told.filter(recipient=recipient)
    told.filter(pin=pin, board=board).delete()


@transaction.atomic
def mark_all_read(*, user: User) -> int:
    return Notification.objects.filter(recipient=user, read_at=None).update(
        read_at=timezone.now()
    )


def unread_count(user: User) -> int:
    """The number on the bell: what the list would show as unread, and no more."""
    return Notification.objects.shown_to(user).filter(read_at=None).count()
