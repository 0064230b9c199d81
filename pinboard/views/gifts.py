"""For the guests of a wish list: what is left, their promise, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from pinboard.actions import gift_claims
from pinboard.discovery.gifts import GiftCard, Move, Wish, claims_of, moves_of
from pinboard.discovery.gifts import wishes_of as wishes
from pinboard.exceptions import PinboardError
from pinboard.gift_forms import ClaimForm
from pinboard.models import Board, GiftClaim, GiftGuest, GiftList, Pin
from pinboard.views.access import board_key, posted, visible_pins
from pinboard.views.gift_guests import (
    check_pace,
    for_this_reader,
    guest_by_secret,
    guest_for_claim,
    guests_of,
    remember,
    secret_of,
)


@dataclass
class ShownGifts:
    """What the page of a board says of its wish list. For those who fill the board
    nothing of it is read from claims."""

    gift_list: GiftList
    is_guest: bool
    cards: list[GiftCard] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)


def gifts_of(
    request: HttpRequest, board: Board, pins: list[Pin], *, can_fill: bool
) -> ShownGifts | None:
    if board.gift_until is None:
        return None
    gift_list = board.gift_lists.filter(ended_at=None).first()
    if gift_list is None:
        return None
    shown = ShownGifts(gift_list, is_guest=not can_fill, moves=moves_of(gift_list))
    if shown.is_guest and gift_list.is_open:
        told = wishes(gift_list, pins, _keys(guests_of(request)))
        shown.cards = [GiftCard(pin, told[pin.pk]) for pin in pins]
    return shown


def wish_of_pin(request: HttpRequest, pin: Pin, *, can_fill: bool) -> Wish | None:
    """For the pin's own page; None for those who fill its board."""
    if can_fill or not pin.board.hides_gifts:
        return None
    return _wish(pin, guests_of(request))


def _wish(pin: Pin, guests: list[GiftGuest]) -> Wish | None:
    gift_list = GiftList.objects.open().filter(board=pin.board_id).first()
    return wishes(gift_list, [pin], _keys(guests))[pin.pk] if gift_list else None


@require_http_methods(["GET", "POST"])
def pin_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Promise a gift, or change the promise."""
    seen = visible_pins(request).with_card_data(request.user)
    pin = get_object_or_404(seen.select_related("board__owner"), pk=pk)
    if Board.objects.fillable_by(request.user).filter(pk=pin.board_id).exists():
        raise PermissionDenied
    guests = [guest for guest in guests_of(request) if _is_self(request, guest)]
    wish = _wish(pin, guests)
    if wish is None:
        raise Http404
    form = ClaimForm(
        posted(request),
        wish=wish,
        has_account=request.user.is_authenticated,
        initial={"name": guests[0].name if guests else ""},
    )
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                return _claimed(request, pin, form)
            except PinboardError as error:
                form.add_error(None, str(error.for_user))
                status = error.status
        # Others may have been faster: the page says what is left now.
        wish = _wish(pin, guests) or wish
    page = {"pin": pin, "wish": wish, "form": form, "key": board_key(request)}
    answer = render(request, "pinboard/gift_claim.html", page, status=status)
    return for_this_reader(answer)


@require_safe
def claim_list(request: HttpRequest, secret: str = "") -> HttpResponse:
    """One's own promises, in this browser and of this account; or by the private link,
    from anywhere."""
    guests = _guests(request, secret)
    mine = secret or secret_of(request)
    is_known = any(guest.digest for guest in guests)
    claims = list(claims_of(_keys(guests), request.user))
    page: dict[str, Any] = {
        "claims": claims,
        "products": [
            claim.pin.product
            for claim in claims
            if claim.pin_is_seen and claim.pin and claim.pin.product
        ],
        "secret": secret,
        "changing": next(
            (g.pk for g in guests if not secret and _is_self(request, g)), None
        ),
        "private_link": reverse("pinboard:claims-by-link", args=[mine])
        if is_known
        else "",
    }
    return for_this_reader(render(request, "pinboard/gift_claims.html", page))


@require_POST
def claim_take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    secret = request.POST.get("secret", "")
    own = GiftClaim.objects.told_to(request.user)
    guests = _guests(request, secret)
    claim = get_object_or_404(own.filter(guest__in=guests), pk=pk)
    gift_claims.take_back(claim=claim)
    told = _("Taken back: %(gift)s. Others can give it now.") % {"gift": claim.title}
    messages.success(request, told)
    if secret:
        return redirect("pinboard:claims-by-link", secret)
    return redirect("pinboard:claims")


def _is_self(request: HttpRequest, guest: GiftGuest) -> bool:
    """By whom a promise made now would be: the account before the browser."""
    return bool(guest.user_id) == request.user.is_authenticated


def _guests(request: HttpRequest, secret: str) -> list[GiftGuest]:
    if not secret:
        return guests_of(request)
    guest = guest_by_secret(secret)
    if guest is None:
        raise Http404
    return [guest]


def _claimed(request: HttpRequest, pin: Pin, form: ClaimForm) -> HttpResponse:
    check_pace(request)
    with transaction.atomic():
        guest, secret = guest_for_claim(request)
        claim = gift_claims.claim_gift(
            pin=pin, guest=guest, key=board_key(request), **form.cleaned_data
        )
    messages.success(request, _("Promised: %(gift)s.") % {"gift": claim.title})
    answer = redirect(reverse("pinboard:claims") + f"#claim-{claim.pk}")
    if secret:
        remember(answer, secret)
    return answer


def _keys(guests: list[GiftGuest]) -> list[int]:
    return [guest.pk for guest in guests]
