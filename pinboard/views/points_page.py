"""The page of the products in a picture: everything that `pin_products.html` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from pinboard.discovery.pointing import products_to_point
from pinboard.models import JobState, Pin, PinPoint
from pinboard.models.pin_point import MOST_POINTS
from pinboard.point_forms import AddProductForm, SpotForm
from pinboard.views.access import signed_in
from pinboard.views.pin_page import photo_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from pinboard.models import PointReadJob
    from users.models import User

Moved = tuple[PinPoint, SpotForm]


def show_points(
    request: HttpRequest,
    pin: Pin,
    *,
    form: AddProductForm | None = None,
    moved: Moved | None = None,
    status: int = 200,
) -> HttpResponse:
    """With a form that was refused, where there is one."""
    photo = photo_of(pin, "")
    if "photo" not in photo:  # its own page says what it waits for
        return redirect(pin)
    by = signed_in(request)
    rows = [
        (point, _place_form(point, moved))
        for point in pin.points.select_related("product__shop", "product__picture")
    ]
    asked = _asked_for(form, request)
    jobs = list(_jobs(pin, by))
    page = {
        "pin": pin,
        "title": pin.shown_title,
        "rows": rows,
        "moved": moved[0].pk if moved else None,
        "jobs": jobs,
        "is_waiting": any(job.state == JobState.PENDING for job in jobs),
        "is_full": len(rows) >= MOST_POINTS,
        "form": form or AddProductForm(initial={"spot": "middle", **_given(request)}),
        "q": asked,
        "found": products_to_point(pin, asked, by),
        **photo,
    }
    return render(request, "pinboard/pin_products.html", page, status=status)


def _place_form(point: PinPoint, moved: Moved | None) -> SpotForm:
    is_moved = moved is not None and moved[0].pk == point.pk
    form = moved[1] if moved and is_moved else SpotForm(auto_id=f"id_{point.pk}_%s")
    form.show(point.x, point.y)
    return form


def _jobs(pin: Pin, by: User) -> QuerySet[PointReadJob]:
    """Addresses that this reader pasted; those of others are theirs."""
    return pin.point_jobs.filter(by=by).exclude(state=JobState.DONE).order_by("pk")


def _given(request: HttpRequest) -> dict[str, str]:
    """What was typed before the words were looked for."""
    names = ("q", "spot", "across", "down")
    given = {name: request.GET[name] for name in names if name in request.GET}
    if given.get("across") or given.get("down"):
        given.setdefault("spot", "")
    return given


def _asked_for(form: AddProductForm | None, request: HttpRequest) -> str:
    asked = form.data.get("q", "") if form else request.GET.get("q", "")
    words = asked.replace("\0", "").strip()[:200]
    return "" if words.startswith(("http://", "https://")) else words
