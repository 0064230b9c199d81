"""The products in a picture: the page on which they are put there and moved."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions.point_pages import add_point_at
from pinboard.actions.points import add_point, move_point, remove_point
from pinboard.exceptions import PinboardError
from pinboard.models import Pin, PinPoint, PointReadJob
from pinboard.point_forms import AddProductForm, SpotForm
from pinboard.views.access import readers_deed, refused, signed_in
from pinboard.views.points_page import show_points
from users.models import User


@login_required
@require_http_methods(["GET", "POST"])
def pin_products(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    mine = Pin.objects.editable_by(by).select_related("board", "picture", "pinner")
    pin = get_object_or_404(mine, pk=pk)
    if request.method == "GET":
        return show_points(request, pin)
    form = AddProductForm(request.POST)
    if not form.is_valid():
        return show_points(request, pin, form=form, status=422)
    if not form.cleaned_data["product"] and not form.is_address:
        return _found(pin, form)
    try:
        _add(pin, form, by)
    except PinboardError as error:
        form.add_error("q", str(error.for_user))
        return refused(show_points(request, pin, form=form), error)
    return redirect("pinboard:pin-products", pk=pin.pk)


@readers_deed
def point_move(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    point = _point(pk, by)
    form = SpotForm(request.POST, auto_id=f"id_{pk}_%s")
    if not form.is_valid():
        return show_points(request, point.pin, moved=(point, form), status=422)
    x, y = form.cleaned_data["x"], form.cleaned_data["y"]
    move_point(point=point, x=x, y=y, by=by)
    if "quiet" in request.POST:  # a script, which shows it already
        return HttpResponse(status=204)
    messages.success(request, _("Moved %(title)s.") % {"title": point.product.title})
    return redirect("pinboard:pin-products", pk=point.pin_id)


@readers_deed
def point_remove(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    point = _point(pk, by)
    remove_point(point=point, by=by)
    told = _("%(title)s is no longer in the picture.") % {"title": point.product.title}
    messages.success(request, told)
    return redirect("pinboard:pin-products", pk=point.pin_id)


@readers_deed
def point_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """An address that one pasted, and that is no longer waited for."""
    mine = PointReadJob.objects.filter(by=signed_in(request))
    job = get_object_or_404(mine, pk=pk)
    job.delete()
    return redirect("pinboard:pin-products", pk=job.pin_id)


def _point(pk: int, by: User) -> PinPoint:
    mine = PinPoint.objects.editable_by(by).select_related(
        "pin__board", "pin__picture", "pin__pinner", "product"
    )
    return get_object_or_404(mine, pk=pk)


def _found(pin: Pin, form: AddProductForm) -> HttpResponseRedirect:
    """Words, not yet a product: the same page with what they find, at an address of
    its own, so that Back and reload do no harm."""
    fields = {name: form.data.get(name, "") for name in ("q", "spot", "across", "down")}
    place = reverse("pinboard:pin-products", args=[pin.pk])
    return HttpResponseRedirect(f"{place}?{urlencode(fields)}#found")


def _add(pin: Pin, form: AddProductForm, by: User) -> None:
    x, y = form.cleaned_data["x"], form.cleaned_data["y"]
    if product := form.cleaned_data["product"]:
        add_point(pin=pin, product=product, x=x, y=y, by=by)
    else:
        add_point_at(pin=pin, url=form.cleaned_data["q"], x=x, y=y, by=by)
