"""Who asks for a wish list: an account, or a browser that keeps a guest's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from pinboard.actions.gift_claims import guest_of_account, new_guest
from pinboard.exceptions import ClaimsTooFast
from pinboard.models import GiftGuest
from users.models import digest_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COOKIE = "pb_gifts"
COOKIE_AGE_S = 395 * 24 * 3600
SECRET_LENGTH = 32
CLAIMS_AN_HOUR = 40  # of one address: a family behind one line has a list to choose of
HOUR_S = 3600


def secret_of(request: HttpRequest) -> str:
    """The secret in the cookie; empty where there is none, or none of ours."""
    secret = request.COOKIES.get(COOKIE, "")
    return secret if len(secret) == SECRET_LENGTH else ""


def guest_by_secret(secret: str) -> GiftGuest | None:
    if not secret:
        return None
    return GiftGuest.objects.filter(digest=digest_of(secret)).first()


def guests_of(request: HttpRequest) -> list[GiftGuest]:
    """The reader's own first: of the account, then of the browser."""
    found: list[GiftGuest] = []
    if request.user.is_authenticated:
        found += GiftGuest.objects.filter(user=request.user.pk)
    if by_cookie := guest_by_secret(secret_of(request)):
        found.append(by_cookie)
    return found


def guest_for_claim(request: HttpRequest) -> tuple[GiftGuest, str]:
    """Who claims now, made where there is none; with the secret of a new one."""
    if request.user.is_authenticated:
        return guest_of_account(request.user), ""
    known = guest_by_secret(secret_of(request))
    return (known, "") if known else new_guest()


def remember(answer: HttpResponse, secret: str) -> None:
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=COOKIE_AGE_S,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def for_this_reader(answer: HttpResponse) -> HttpResponse:
    """Kept nowhere, and its address, which may be a secret, told to no other site. The
    same for a list without a claim, and for those who are told nothing."""
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def check_pace(request: HttpRequest) -> None:
    """Raises ClaimsTooFast. Without the cache nothing is too much, as in the API; what
    one guest may claim of a list is limited by the rows themselves."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    key = f"gift-claims:{salted_hmac('gift-claims', address).hexdigest()}"
    try:
        cache.add(key, 0, timeout=HOUR_S)
        tries = cache.incr(key)
    except (RedisError, ValueError):
        return
    if tries > CLAIMS_AN_HOUR:
        raise ClaimsTooFast
