"""People who use the site, and the tokens of programs that act for them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

USERNAME_VALIDATORS = [
    RegexValidator(
        # \Z and ASCII: no look-alike letters, no direction marks, no trailing newline.
        r"\A[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9_])?\Z",
        _("Use 1 to 30 small letters, digits, dots, dashes or underscores."),
    )
]


class Descriptions(models.TextChoices):
    """Who may say what somebody's pictures show where they do not say it themselves."""

    NOBODY = "nobody", _("Nobody")
    ASKED = "asked", _("Anybody, and I decide")
    OPEN = "open", _("Anybody, at once")


class User(AbstractUser):
    """A person. A retailer owns a shop; a reviewer is staff in the group Reviewers."""

    first_name = None  # type: ignore[assignment]  # one name for display is enough
    last_name = None  # type: ignore[assignment]
    username = models.CharField(
        _("user name"), max_length=30, db_index=True, validators=USERNAME_VALIDATORS
    )
    display_name = models.CharField(_("name"), max_length=60, blank=True)
    bio = models.TextField(_("about"), max_length=500, blank=True)
    descriptions = models.CharField(
        _("who may describe my pictures"),
        max_length=6,
        choices=Descriptions,
        default=Descriptions.ASKED,
        db_default=Descriptions.ASKED,
    )
    # Where the public avatar lies under /media/; written when its picture is ready.
    avatar_path = models.CharField(max_length=200, blank=True, editable=False)
    follower_count = models.PositiveIntegerField(default=0, editable=False)
    following_count = models.PositiveIntegerField(default=0, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    REQUIRED_FIELDS = ["email"]

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined]  # stubs lack it
        constraints = [
            # With a condition, for then it is no key that others could point at. Where
            # it is, a new name waits for all who just write a row about this person,
            # and who closes the account holds what these wait for.
            models.UniqueConstraint(
                fields=["username"],
                condition=~models.Q(username=""),
                name="one_person_per_name",
                violation_error_message=_("A user with that username already exists."),
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_absolute_url(self) -> str:
        return reverse("pinboard:person-detail", args=[self.username])

    @property
    def hue(self) -> int:
        """The colour angle of the letter that stands where no avatar is."""
        return sum(map(ord, self.username)) * 47 % 360


class Scope(models.TextChoices):
    READ = "read", _("read what I may see")
    WRITE = "write", _("pin, save, like, follow, comment")
    PRODUCTS = "products", _("post my shop's products")
    EARNINGS = "earnings", _("read my earnings and commissions")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> Self:
        """Neither revoked nor expired, and of somebody who may sign in."""
        now = timezone.now()
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now),
            revoked_at=None,
            user__is_active=True,
        )

    def by_secret(self, secret: str) -> ApiToken | None:
        return self.usable().filter(digest=digest_of(secret)).first()


class ApiToken(models.Model):
    """A program's key. Only the digest is kept: the secret is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60, default="token")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    return "pb_" + secrets.token_urlsafe(32)
