"""What changes accounts and their tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from users.models import ApiToken, Scope, User, digest_of, new_secret


def create_api_token(
    *,
    user: User,
    scopes: Iterable[str],
    name: str = "token",
    expires_at: datetime | None = None,
) -> str:
    """Return the secret, which nobody can read again. Raises ValueError for a scope
    that does not exist."""
    chosen = [Scope(scope).value for scope in scopes]
    secret = new_secret()
    ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:9],
        digest=digest_of(secret),
        scopes=chosen,
        expires_at=expires_at,
    )
    return secret


def revoke_api_token(*, token: ApiToken) -> None:
    """From the next request on the token is a wrong one."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
