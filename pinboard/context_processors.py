from typing import Any

from django.db.models import BigIntegerField, Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from pinboard.models import Board, Notification, Pin
from pinboard.models.pin import filled_by
from users.models import User

THEMES = ("light", "dark")


def chrome(request: HttpRequest) -> dict[str, object]:
    """What header and footer of every page read; no query for a signed-out reader."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "chrome": SimpleLazyObject(lambda: _of_reader(request)),
    }


def board_used_last(request: HttpRequest) -> int | None:
    """Where one press of Save puts a pin."""
    found: int | None = _of_reader(request).get("board_pk")
    return found


def _of_reader(request: HttpRequest) -> dict[str, Any]:
    """Unread notifications and the board pinned to last, in one query."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    unread = Notification.objects.shown_to(user).filter(read_at=None)
    last_pin = Pin.objects.filter(
        filled_by(user), pinner=OuterRef("pk"), board__deleted_at=None, deleted_at=None
    ).order_by("-pk")
    newest_board = Board.objects.filter(owner=OuterRef("pk"), deleted_at=None).order_by(
        "-pk"
    )
    chosen = Board.objects.filter(pk=OuterRef("board_pk"))
    found = User.objects.filter(pk=user.pk).annotate(
        unread_count=Subquery(
            unread.values("recipient").annotate(rows=Count("pk")).values("rows")
        ),
        board_pk=Coalesce(
            Subquery(last_pin.values("board_id")[:1]),
            Subquery(newest_board.values("pk")[:1]),
            output_field=BigIntegerField(),
        ),
        board_title=Subquery(chosen.values("title")),
    )
    return found.values("unread_count", "board_pk", "board_title").get()
