"""What changes accounts and their tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from users.exceptions import AccountStays
from users.models import ApiToken, Scope, User, digest_of, new_secret
from users.signals import account_closed

# The rest of the row are numbers, which others may be changing.
BLANKED = (
    *("username", "email", "display_name", "bio", "avatar_path"),
    *("last_login", "password"),
)


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


@transaction.atomic
def close_account(*, user: User) -> User:
    """Leave for good: nobody signs in by it again, and nothing in the row tells who it
    was. The row stays, for the ledger names it. Raises AccountStays for staff.

    The apps above take what is theirs away when they hear of it. The name goes last:
    they still tell by it whose it was.
    """
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.closed_at:
        return row
    if row.is_staff or row.is_superuser:
        raise AccountStays
    row.closed_at, row.is_active = timezone.now(), False
    row.save(update_fields=["closed_at", "is_active"])
    account_closed.send(sender=User, user=row)
    _tell_of_closing(row)
    _take_ways_in(row)
    _blank(row)
    return row


def _take_ways_in(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
    ApiToken.objects.filter(user=user).delete()
    for rows in (EmailAddress, SocialAccount, Authenticator):
        rows.objects.filter(user=user).delete()
    known_as = {user.username, user.email} - {""}
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        log.objects.filter(username__in=known_as).delete()


def _blank(user: User) -> None:
    user.username = f"closed-{secrets.token_hex(8)}"
    user.email = user.display_name = user.bio = user.avatar_path = ""
    user.last_login = None
    user.set_unusable_password()
    user.save(update_fields=BLANKED)
    user.groups.clear()
    user.user_permissions.clear()
    # The admin's log says of each row how it was called.
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    ).update(object_repr=user.username)


def _tell_of_closing(user: User) -> None:
    if not user.email:
        return
    send = partial(
        send_mail,
        _("Your Pinboard account is closed"),
        _(
            "The account %(name)s was closed just now, and what was in it is being "
            "deleted. This is the last mail to this address."
        )
        % {"name": user.username},
        None,
        [user.email],
        fail_silently=True,
    )
    transaction.on_commit(send)
