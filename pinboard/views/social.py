"""Like, follow, comment: forms on other pages. Each says the state it wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions import social
from pinboard.forms import CommentForm
from pinboard.models import Board, Comment, Pin, Shop
from pinboard.views.access import (
    back,
    board_key,
    posted,
    readers_deed,
    signed_in,
    visible_pins,
)
from pinboard.views.pin_page import show_pin
from users.models import User

if TYPE_CHECKING:
    from django.shortcuts import SupportsGetAbsoluteUrl


@readers_deed
def pin_like(request: HttpRequest, pk: int) -> HttpResponse:
    pin = get_object_or_404(visible_pins(request), pk=pk)
    act = social.like if _is_on(request) else social.unlike
    return _answer(request, lambda: act(pin=pin, by=signed_in(request)), pin)


@readers_deed
def board_follow(request: HttpRequest, pk: int) -> HttpResponse:
    boards = Board.objects.visible_to(request.user, key=board_key(request))
    board = get_object_or_404(boards, pk=pk)
    act = social.follow_board if _is_on(request) else social.unfollow_board
    return _answer(request, lambda: act(board=board, by=signed_in(request)), board)


@readers_deed
def person_follow(request: HttpRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username, is_active=True)
    act = social.follow_person if _is_on(request) else social.unfollow_person
    return _answer(request, lambda: act(person=person, by=signed_in(request)), person)


@readers_deed
def shop_follow(request: HttpRequest, slug: str) -> HttpResponse:
    shop = get_object_or_404(Shop, slug=slug)
    act = social.follow_shop if _is_on(request) else social.unfollow_shop
    return _answer(request, lambda: act(shop=shop, by=signed_in(request)), shop)


@readers_deed
def pin_comment(request: HttpRequest, pk: int) -> HttpResponse:
    pin = get_object_or_404(visible_pins(request), pk=pk)
    form = CommentForm(request.POST, pin=pin)
    if not form.is_valid():
        return show_pin(request, pk, comment_form=form, status=422)
    written = social.comment(
        pin=pin,
        by=signed_in(request),
        text=form.cleaned_data["text"],
        reply_to=form.cleaned_data["reply_to"],
    )
    return redirect(f"{_place(request, pin)}#comment-{written.pk}")


@login_required
@require_http_methods(["GET", "POST"])
def comment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Comment.objects.editable_by(request.user).select_related("pin")
    comment = get_object_or_404(
        mine.filter(pin__in=Pin.objects.visible_to(request.user)), pk=pk
    )
    form = CommentForm(posted(request), instance=comment)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        social.edit_comment(comment=comment, by=signed_in(request), text=text)
        return redirect(f"{comment.pin.get_absolute_url()}#comment-{pk}")
    status = 422 if form.is_bound else 200
    page = {"form": form, "comment": comment}
    return render(request, "pinboard/comment_form.html", page, status=status)


@readers_deed
def comment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    removable = Comment.objects.removable_by(request.user).select_related("pin")
    comment = get_object_or_404(removable, pk=pk)
    social.delete_comment(comment=comment, by=signed_in(request))
    messages.success(request, _("The comment is gone."))
    return redirect(f"{comment.pin.get_absolute_url()}#comments")


def _is_on(request: HttpRequest) -> bool:
    """A form without the field asks for the thing itself, not for its undoing."""
    return request.POST.get("on", "1") == "1"


def _answer(
    request: HttpRequest, act: Callable[[], int], thing: SupportsGetAbsoluteUrl
) -> HttpResponse:
    """Do it; a script gets the state and the count, a form its page again."""
    count = act()
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"active": _is_on(request), "count": count})
    return back(request, thing)


def _place(request: HttpRequest, pin: Pin) -> str:
    key = board_key(request)
    return pin.get_absolute_url() + (f"?key={key}" if key else "")
