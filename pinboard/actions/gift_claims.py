"""What guests claim of a wish list, and take back. Nothing here touches a row that
those who fill the board can see: no count, no time, no event, no notification."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from pinboard.exceptions import GiftTaken, ListClosed, TooManyClaims
from pinboard.models import GiftClaim, GiftGuest, GiftItem, GiftList, Pin
from users.models import User, digest_of

MOST_CLAIMS = 30  # of one guest on one list
MOST_ON_LIST = 1000
KEPT = timedelta(days=365)  # after the reveal; then the names of guests are forgotten


def new_guest() -> tuple[GiftGuest, str]:
    """Somebody without an account, and the secret that proves who they are."""
    secret = secrets.token_urlsafe(24)
    return GiftGuest.objects.create(digest=digest_of(secret)), secret


def guest_of_account(user: User) -> GiftGuest:
    return GiftGuest.objects.get_or_create(user=user)[0]


@transaction.atomic
def claim_gift(
    *,
    pin: Pin,
    guest: GiftGuest,
    quantity: int,
    name: str = "",
    shows_name: bool = False,
    key: str = "",
) -> GiftClaim:
    """Promise so many pieces; once more changes the promise. Raises GiftTaken,
    ListClosed, TooManyClaims.

    The row of the list is the lock: of two who want the last piece at once, the second
    counts after the first has written.
    """
    gift_list = _open_list(pin)
    others = GiftClaim.objects.filter(gift_list=gift_list, pin=pin).exclude(guest=guest)
    taken = others.aggregate(n=Sum("quantity"))["n"] or 0
    left = wanted_of(pin) - taken
    if quantity > left:
        raise GiftTaken(left=max(left, 0))
    _check_room(gift_list, guest, pin)
    if guest.user_id is None and name != guest.name:
        guest.name = name
        guest.save(update_fields=["name"])
    return GiftClaim.objects.update_or_create(
        gift_list=gift_list,
        pin=pin,
        guest=guest,
        defaults={
            "quantity": quantity,
            "shows_name": shows_name,
            "title": pin.shown_title[:200],
            "key": key,
        },
    )[0]


@transaction.atomic
def take_back(*, claim: GiftClaim) -> None:
    """The guest's word is free again; of a guest without claims nothing is kept."""
    GiftClaim.objects.filter(pk=claim.pk).delete()


@transaction.atomic
def forget_old_claims() -> None:
    """A year after the reveal; guests without any claim, a day after they came."""
    old = timezone.localdate() - KEPT
    GiftClaim.objects.filter(gift_list__reveal_on__lt=old).delete()
    claims = GiftClaim.objects.filter(guest=OuterRef("pk"))
    yesterday = timezone.now() - timedelta(days=1)
    idle = GiftGuest.objects.filter(~Exists(claims), created_at__lt=yesterday)
    idle.delete()


def wanted_of(pin: Pin) -> int:
    found = GiftItem.objects.filter(pin=pin).values_list("wanted", flat=True).first()
    return found or 1


def _open_list(pin: Pin) -> GiftList:
    """Locked, with the pin still on its board."""
    lists = GiftList.objects.open().filter(board__deleted_at=None)
    gift_list = (
        lists.select_for_update(no_key=True, of=["self"])
        .filter(board=pin.board_id)
        .first()
    )
    is_there = Pin.objects.filter(pk=pin.pk, board=pin.board_id, deleted_at=None)
    if gift_list is None or not is_there.exists():
        raise ListClosed
    return gift_list


def _check_room(gift_list: GiftList, guest: GiftGuest, pin: Pin) -> None:
    others = GiftClaim.objects.filter(gift_list=gift_list).exclude(pin=pin, guest=guest)
    if others.filter(guest=guest).count() >= MOST_CLAIMS:
        raise TooManyClaims(most=MOST_CLAIMS)
    if others.count() >= MOST_ON_LIST:
        raise ListClosed
