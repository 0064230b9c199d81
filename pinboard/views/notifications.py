"""What one was told: alike things together, comments each by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from pinboard.actions.notifications import mark_all_read
from pinboard.models import Notification
from pinboard.views.access import readers_deed, signed_in
from pinboard.views.paging import page_or_404
from users.models import User

PAGE = 50
Kind = Notification.Kind
GROUPED = frozenset(
    {
        *(Kind.LIKE, Kind.SAVE, Kind.FOLLOW, Kind.BOARD_FOLLOW),
        *(Kind.SUGGESTED, Kind.DESCRIBED),
    }
)


@dataclass
class Told:
    """One line of the list: the newest of a group, and who else did the same."""

    newest: Notification
    actors: list[User] = field(default_factory=list)
    is_unread: bool = False

    @property
    def others(self) -> int:
        """How many are not named: "A, B and 13 others"."""
        return max(0, len(self.actors) - 2)


@login_required
@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    rows = Notification.objects.shown_to(signed_in(request)).select_related(
        "actor", "pin__picture", "board", "comment"
    )
    page = page_or_404(request, rows, size=PAGE)
    shown = {
        "lines": grouped(page.items),
        "next_cursor": page.next_cursor,
        "has_unread": any(row.read_at is None for row in page.items),
    }
    return render(request, "pinboard/notification_list.html", shown)


@readers_deed
def notifications_read(request: HttpRequest) -> HttpResponse:
    mark_all_read(user=signed_in(request))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("pinboard:notification-list")


def grouped(rows: list[Notification]) -> list[Told]:
    """Likes of a pin, saves of it, new followers: one line each, newest first."""
    lines: dict[object, Told] = {}
    for row in rows:
        key: object = row.pk
        if row.kind in GROUPED:
            key = (row.kind, row.pin_id, row.board_id, row.created_at.date())
        line = lines.setdefault(key, Told(row))
        line.is_unread = line.is_unread or row.read_at is None
        if row.actor and row.actor not in line.actors:
            line.actors.append(row.actor)
    return list(lines.values())
