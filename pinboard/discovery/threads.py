"""The comments under a pin, as threads: a first comment and what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from pinboard.models import Comment, Pin

THREADS_A_PAGE = 30


@dataclass
class Thread:
    """`first` is None where its author took it away and answers are left."""

    pk: int
    first: Comment | None = None
    replies: list[Comment] = field(default_factory=list)


def threads_of(pin: Pin, after: int = 0) -> tuple[list[Thread], int | None]:
    """A page of threads, oldest first, in one query; and where the next one begins.

    The inner query finds the page's first comments, the outer one all that belongs to
    them, so that a thread is never cut in two.
    """
    answers = Comment.objects.filter(reply_to=OuterRef("pk"), deleted_at=None)
    firsts = (
        Comment.objects.filter(pin=pin, reply_to=None, pk__gt=after)
        .filter(Q(deleted_at=None) | Exists(answers))
        .order_by("pk")
        .values("pk")[: THREADS_A_PAGE + 1]
    )
    comments = (
        Comment.objects.of(pin)
        .annotate(thread=Coalesce("reply_to_id", "pk"))
        .filter(thread__in=firsts)
        .order_by("thread", "pk")
    )
    threads: dict[int, Thread] = {}
    for comment in comments:
        pk = comment.reply_to_id or comment.pk
        thread = threads.setdefault(pk, Thread(pk))
        if comment.reply_to_id is None:
            thread.first = comment
        else:
            thread.replies.append(comment)
    page = list(threads.values())
    more = len(page) > THREADS_A_PAGE
    page = page[:THREADS_A_PAGE]
    return page, page[-1].pk if more else None
