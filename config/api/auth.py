"""Who calls, and what the token lets them do."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security.http import HttpAuthBase
from redis.exceptions import RedisError

from config.api.errors import ApiError, unauthorised
from pinboard.models import Shop
from users.models import ApiToken, Scope, User

Viewer = User | AnonymousUser
READS_A_MINUTE = 1200
WRITES_A_MINUTE = 300
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Bearer(HttpAuthBase):
    """A token with a scope. A missing one is a stranger where `optional`; a wrong one
    is refused even there, because its program believes to be somebody."""

    openapi_scheme = "bearer"

    def __init__(self, scope: Scope, *, optional: bool = False) -> None:
        self.scope, self.optional = scope, optional
        super().__init__()

    def __call__(self, request: HttpRequest) -> Viewer:
        header = request.headers.get("Authorization", "").strip()
        if not header and self.optional:
            _count(f"ip:{_address_of(request)}", request)
            return AnonymousUser()
        token = self._token(header)
        if token is None:
            _count(f"ip:{_address_of(request)}", request)
            raise unauthorised()
        _count(f"token:{token.pk}", request)
        if self.scope not in token.scopes:
            raise ApiError(
                403,
                "scope_missing",
                _("This token lacks the scope “%(scope)s”.") % {"scope": self.scope},
            )
        _touch(token)
        return token.user

    @staticmethod
    def _token(header: str) -> ApiToken | None:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            return None
        tokens = ApiToken.objects.select_related("user")
        return tokens.by_secret(secret.strip())


class RetailerBearer(Bearer):
    """A token of somebody who keeps a shop; asked before the body is looked at."""

    def __call__(self, request: HttpRequest) -> Viewer:
        user = super().__call__(request)
        if not Shop.objects.filter(owner_id=user.pk).exists():
            raise ApiError(
                403, "no_shop", _("Only who keeps a shop here may post products.")
            )
        return user


public = Bearer(Scope.READ, optional=True)
# For the description: a token may be sent, none is needed.
OPTIONAL: dict[str, Any] = {"security": [{}, {"Bearer": []}]}
reader = Bearer(Scope.READ)
writer = Bearer(Scope.WRITE)
earner = Bearer(Scope.EARNINGS)
retailer = RetailerBearer(Scope.PRODUCTS)


def viewer_of(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.auth  # type: ignore[attr-defined]  # ninja sets it
    return viewer


def user_of(request: HttpRequest) -> User:
    """Of a call that needs a token."""
    user = viewer_of(request)
    if not isinstance(user, User):
        raise unauthorised()
    return user


def _touch(token: ApiToken) -> None:
    """When it was last used, to the minute: a write a call would be too many."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    if token.last_used_at is None or token.last_used_at < now - timedelta(minutes=1):
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _count(who: str, request: HttpRequest) -> None:
    """Refuse what is too much in this minute. Without the cache nothing is too much:
    it may be restarted at any time, and the site must answer on."""
    is_read = request.method in SAFE_METHODS
    most = READS_A_MINUTE if is_read else WRITES_A_MINUTE
    now = int(time.time())
    key = f"api-rate:{who}:{'read' if is_read else 'write'}:{now // 60}"
    try:
        cache.add(key, 0, timeout=120)
        calls = cache.incr(key)
    except (RedisError, ValueError):
        return
    if calls > most:
        raise ApiError(
            429,
            "slow_down",
            _("Slow down a little."),
            headers={"Retry-After": str(60 - now % 60)},
        )


def _address_of(request: HttpRequest) -> str:
    """The caller's: a middleware has looked behind the proxies that we trust."""
    return str(request.META.get("REMOTE_ADDR", ""))
