from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from users.models import User

    Viewer = User | AnonymousUser


class Visibility(models.TextChoices):
    PUBLIC = "public", _("Everybody")
    SECRET = "secret", _("Only me")
    LINK = "link", _("Whoever has the link")


class Sort(models.TextChoices):
    NEWEST = "newest", _("Recently added")
    OLDEST = "oldest", _("Oldest first")
    OWN = "own", _("Own order")


class Suggestions(models.TextChoices):
    """Who may propose pins for a board, and who says yes to them."""

    NOBODY = "nobody", _("Nobody")
    CURATED = "curated", _("Anybody, and I decide")
    OPEN = "open", _("Anybody, straight onto the board")


LINK_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


def new_link_key() -> str:
    return secrets.token_urlsafe(16)[:22]


def link_key_in(text: str) -> str:
    """The key that somebody came with. Empty for what can be none: a key is written
    into the addresses of a page's pins and pictures."""
    return text if LINK_KEY.fullmatch(text) else ""


def shared_with(user: Viewer, *roles: str, board: str = "") -> Q:
    """The boards that are the person's own, or that they joined in one of these roles
    (in any, if none is named); `board` is the way there, such as "board__"."""
    members = apps.get_model("pinboard", "BoardMember")._default_manager
    joined = members.of(user, *roles).values("board")
    own = Q(**{f"{board}owner_id": user.pk or 0})
    return own | Q(**{f"{board}pk__in": joined})


class NextBoardPlace(models.Func):
    """On top of all, with room below; as for pins, see NextPlace there."""

    template = "(nextval('pinboard_board_place') << 24)"
    output_field = models.BigIntegerField()
    allowed_default = True


class BoardQuerySet(models.QuerySet["Board"]):
    def visible_to(self, viewer: Viewer, *, key: str = "") -> Self:
        """The boards this viewer may open. `key` opens the link board it belongs to."""
        seen = Q(visibility=Visibility.PUBLIC)
        if viewer.is_authenticated:
            seen |= shared_with(viewer)
        if key:
            seen |= Q(visibility=Visibility.LINK, link_key=key)
        return self.filter(seen, deleted_at=None)

    def listed_for(self, viewer: Viewer) -> Self:
        """The boards that lists and searches may name: link boards only to owners."""
        return self.visible_to(viewer)

    def owned_by(self, user: Viewer) -> Self:
        return self.filter(owner_id=user.pk, deleted_at=None)

    def editable_by(self, user: Viewer) -> Self:
        """The board itself: its title, who sees it, who shares it."""
        return self.filter(shared_with(user, "owner"), deleted_at=None)

    def fillable_by(self, user: Viewer) -> Self:
        """The boards to which this person may pin, and whose pins they may change."""
        return self.filter(shared_with(user, "editor", "owner"), deleted_at=None)

    def taking_from(self, user: Viewer) -> Self:
        """The boards for which this person may propose pins: public ones alone, for
        what is hidden asks nobody. To those that they fill they just save."""
        public = self.visible_to(user).filter(visibility=Visibility.PUBLIC)
        taking = public.exclude(suggestions=Suggestions.NOBODY)
        return taking.exclude(shared_with(user, "editor", "owner"))

    def in_trash_of(self, user: Viewer, *, since: datetime) -> Self:
        return self.filter(owner_id=user.pk, deleted_at__gte=since)


class Board(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="boards"
    )
    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(max_length=80, allow_unicode=True, editable=False)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    visibility = models.CharField(
        _("who sees it"), max_length=6, choices=Visibility, default=Visibility.PUBLIC
    )
    sort = models.CharField(
        pgettext_lazy("of pins", "order"),
        max_length=6,
        choices=Sort,
        default=Sort.NEWEST,
    )
    suggestions = models.CharField(
        _("who may suggest pins"),
        max_length=7,
        choices=Suggestions,
        default=Suggestions.NOBODY,
        db_default=Suggestions.NOBODY,
    )
    cover = models.ForeignKey(
        "pinboard.Pin", models.SET_NULL, null=True, editable=False, related_name="+"
    )
    # Among its owner's boards; higher is further up.
    place = models.BigIntegerField(db_default=NextBoardPlace(), editable=False)
    link_key = models.CharField(max_length=22, default=new_link_key, editable=False)
    pin_count = models.PositiveIntegerField(default=0, editable=False)
    follower_count = models.PositiveIntegerField(default=0, editable=False)
    search = SearchVectorField(null=True, editable=False)
    # A copy of the last gift list's date, so that cards and links need no query. It
    # stays when the list ends before: what was promised is hidden until then.
    gift_until = models.DateField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = BoardQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["search"], name="board_search"),
            GinIndex(
                fields=["title"], opclasses=["gin_trgm_ops"], name="board_title_alike"
            ),
            models.Index(
                fields=["-updated_at"],
                condition=~Q(suggestions="nobody"),
                name="board_takes_suggestions",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(visibility__in=Visibility.values),
                name="board_visibility_is_known",
            ),
            models.UniqueConstraint(  # after the statement: all may move up at once
                fields=["owner", "place"],
                name="one_board_at_a_place",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=Q(suggestions__in=Suggestions.values),
                name="board_suggestions_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        slug = self.slug or "board"
        return reverse("pinboard:board-detail", args=[self.pk, slug])

    @property
    def is_secret(self) -> bool:
        return self.visibility == Visibility.SECRET

    @property
    def is_public(self) -> bool:
        return self.visibility == Visibility.PUBLIC

    @property
    def takes_suggestions(self) -> bool:
        return self.is_public and self.suggestions != Suggestions.NOBODY

    @property
    def hides_gifts(self) -> bool:
        """A wish list that tells those who fill it nothing yet, also one that ended."""
        return self.gift_until is not None and timezone.localdate() < self.gift_until

    def slug_of_title(self) -> str:
        return slugify(self.title, allow_unicode=True)[:80] or "board"
