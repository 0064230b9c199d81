from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pinboard.models.board import Board, Visibility, shared_with
from pinboard.models.board_member import FILLING
from pinboard.models.job import Job, JobState
from pinboard.models.product import recent_other_price
from pinboard.models.social import Follow, Like

if TYPE_CHECKING:
    from users.models import User

    Viewer = User | AnonymousUser

DRAFT_LIFE = timedelta(days=1)  # for how long one may choose from a draft
TRASH_LIFE = timedelta(days=30)


def oldest_in_trash() -> datetime:
    """What was deleted before this moment is on its way out for good."""
    return timezone.now() - TRASH_LIFE


class NextPlace(models.Func):
    """On top of everything, with room for a few million pins below it."""

    ROOM_BITS = 24
    template = f"(nextval('pinboard_pin_place') << {ROOM_BITS})"
    output_field = models.BigIntegerField()
    allowed_default = True


class PinState(models.TextChoices):
    PROCESSING = "processing", _("processing")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


def filled_by(user: Viewer) -> Q:
    return shared_with(user, *FILLING, board="board__")


class PinQuerySet(models.QuerySet["Pin"]):
    def visible_to(self, viewer: Viewer, *, key: str = "") -> Self:
        """The one rule of who may see a pin, behind every page, list and file.

        A pin is seen where its board is; while processing or failed by its pinner only.
        """
        seen = Q(board__visibility=Visibility.PUBLIC)
        if key:
            seen |= Q(board__visibility=Visibility.LINK, board__link_key=key)
        seen &= Q(state=PinState.READY)
        if viewer.is_authenticated:
            shared = shared_with(viewer, board="board__")
            seen |= shared & (Q(state=PinState.READY) | Q(pinner_id=viewer.pk))
        return self.filter(seen, deleted_at=None, board__deleted_at=None)

    def public(self) -> Self:
        return self.visible_to(AnonymousUser())

    def editable_by(self, user: Viewer) -> Self:
        return self.filter(filled_by(user), deleted_at=None)

    def movable_by(self, user: Viewer) -> Self:
        """Off their board: one's own pins, and all where one may change the board.
        What an editor does to the pins of others can be taken back."""
        over = shared_with(user, "owner", board="board__")
        return self.editable_by(user).filter(over | Q(pinner_id=user.pk))

    def in_trash_of(self, user: Viewer) -> Self:
        """What one deleted of late. With a board in the trash its pins come back."""
        return self.filter(
            filled_by(user),
            board__deleted_at=None,
            deleted_at__gte=oldest_in_trash(),
        )

    def erasable_by(self, user: Viewer) -> Self:
        """Out of the trash for good: what an editor deletes of others can come back."""
        over = shared_with(user, "owner", board="board__")
        return self.in_trash_of(user).filter(over | Q(pinner_id=user.pk))

    def thrown_away_by(self, user: Viewer) -> Self:
        """What may still come back, by itself or with its board: shown to those who
        may bring it back."""
        oldest = oldest_in_trash()
        back = Q(deleted_at__gte=oldest) | Q(board__deleted_at__gte=oldest)
        return self.filter(back & filled_by(user))

    def with_card_data(self, viewer: Viewer) -> Self:
        """All that a card and the API's item read; tests count the queries."""
        mine = self.model._default_manager.filter(
            pinner_id=viewer.pk, via=OuterRef("pk"), deleted_at=None
        )
        return self.select_related(
            "picture", "product__shop", "pinner", "board", "via_pinner"
        ).annotate(
            liked_by_viewer=Exists(
                # A viewer without an account has no key, and likes nothing.
                Like.objects.filter(pin=OuterRef("pk"), user=viewer.pk or 0)
            ),
            saved_by_viewer=Exists(mine),
            other_price_minor=recent_other_price("product"),
        )

    def with_page_data(self, viewer: Viewer) -> Self:
        """What the pin's own page reads beyond a card: whom the viewer follows."""
        follows = Follow.objects.filter(follower_id=viewer.pk)
        described = self.model._default_manager.filter(alt_proposals__state="waiting")
        return (
            self.with_card_data(viewer)
            .select_related(
                "board__owner", "product__picture", "alt_author", "suggestion__by"
            )
            .annotate(
                pinner_followed=Exists(follows.filter(person=OuterRef("pinner"))),
                shop_followed=Exists(follows.filter(shop=OuterRef("product__shop"))),
                has_alts_waiting=Exists(described.filter(pk=OuterRef("pk"))),
                can_edit=Exists(
                    Board.objects.fillable_by(viewer).filter(pk=OuterRef("board"))
                ),
            )
        )

    def followed_by(self, user: User) -> Self:
        """Pins of the people, boards and shops that this person follows."""
        follows: QuerySet[Follow] = Follow.objects.filter(follower=user)
        return self.filter(
            Q(pinner__in=follows.filter(person__isnull=False).values("person"))
            | Q(board__in=follows.filter(board__isnull=False).values("board"))
            | Q(board__shop__in=follows.filter(shop__isnull=False).values("shop"))
        )

    def before(self, pin_id: int) -> Self:
        """The keyset: ids rise with time, so one comparison is the whole cursor."""
        return self.filter(pk__lt=pin_id)


class Pin(models.Model):
    board = models.ForeignKey(Board, models.CASCADE, related_name="pins")
    pinner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="pins"
    )
    picture = models.ForeignKey(
        "pinboard.Picture", models.PROTECT, null=True, related_name="pins"
    )
    product = models.ForeignKey(
        "pinboard.Product",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="pins",
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    alt = models.CharField(_("what the picture shows"), max_length=500, blank=True)
    alt_author = models.ForeignKey(  # somebody else, whose words the pinner took
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    source_url = models.URLField(_("found at"), max_length=2000, blank=True)
    # Lineage. The names stay when the pin that was saved is gone.
    via = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="saves"
    )
    via_pinner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    origin_pinner = models.ForeignKey(  # who pinned the first pin of the lineage
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    state = models.CharField(
        max_length=10, choices=PinState, default=PinState.PROCESSING, editable=False
    )
    error_code = models.CharField(max_length=40, blank=True, editable=False)
    like_count = models.PositiveIntegerField(default=0, editable=False)
    save_count = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    # Products at points of the picture, beside `product`.
    point_count = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False
    )
    search = SearchVectorField(null=True, editable=False)
    section = models.ForeignKey(
        "pinboard.BoardSection", models.SET_NULL, null=True, related_name="pins"
    )
    # In its board's own order; higher is further up.
    place = models.BigIntegerField(db_default=NextPlace(), editable=False)
    # Brought along from elsewhere: where one looks for it, but news to nobody.
    is_imported = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = PinQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            GinIndex(fields=["search"], name="pin_search"),
            GinIndex(
                fields=["title"], opclasses=["gin_trgm_ops"], name="pin_title_alike"
            ),
            models.Index(fields=["board", "-id"], name="pin_of_board"),
            models.Index(fields=["pinner", "-id"], name="pin_of_pinner"),
            models.Index(fields=["product", "-id"], name="pin_of_product"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(picture__isnull=False),
                name="ready_pin_has_a_picture",
            ),
            models.UniqueConstraint(  # after the statement: all may move up at once
                fields=["board", "place"],
                name="one_pin_at_a_place",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        ]

    also_by = 0  # how many pins of the same picture a feed folds into this card
    # Annotated by with_card_data.
    liked_by_viewer: bool
    saved_by_viewer: bool
    other_price_minor: int | None = None  # of the last 30 days
    # Annotated by with_page_data.
    pinner_followed: bool
    shop_followed: bool
    can_edit: bool
    has_alts_waiting: bool
    # Annotated by with_twins: `pk` and `board`, a number and a text.
    twins: list[dict[str, Any]]
    # Annotated by with_tags: `key` and `name`, and whether `is_listed`.
    tag_rows: list[dict[str, Any]]
    # Annotated for a reader's basket.
    quantity: int
    is_bought: bool
    exported_file: str  # of an export's gallery: where its picture lies in there

    def __str__(self) -> str:
        return self.title or f"pin {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("pinboard:pin-detail", args=[self.pk])

    @property
    def line_minor(self) -> int | None:
        """What so many cost as a reader chose."""
        if self.product is None or self.product.price_minor is None:
            return None
        return self.product.price_minor * self.quantity

    @property
    def shown_title(self) -> str:
        """What it is called where it has no title: never by its file's name."""
        named = self.title or (self.product.title if self.product else "")
        return named or gettext("Pin by %(name)s") % {"name": self.pinner}


class PinFetchJob(Job):
    task = "fetch_pin"

    """Read the address of a pin that came as one, and take its picture."""

    pin = models.OneToOneField(Pin, models.CASCADE, related_name="fetch_job")

    class Meta(Job.Meta):
        abstract = False


class PinDraftQuerySet(models.QuerySet["PinDraft"]):
    def open_to(self, user: Viewer) -> Self:
        """One's own drafts of the last day. The sweeper takes them later still, so
        that none goes while somebody chooses."""
        return self.filter(owner_id=user.pk, created_at__gt=timezone.now() - DRAFT_LIFE)


class PinDraft(models.Model):
    """An address in the composer: read by a worker, then shown as a choice."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    url = models.URLField(max_length=2000)
    # The one that the browser showed largest, where it came along.
    picture_url = models.URLField(max_length=2000, blank=True, db_default="")
    board = models.ForeignKey(Board, models.SET_NULL, null=True)
    # PageFacts as JSON once read; see pinboard.sources.extract.
    facts = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PinDraftQuerySet.as_manager()

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return reverse("pinboard:draft-detail", args=[self.pk])


class DraftPictureQuerySet(models.QuerySet["DraftPicture"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """A draft is its owner's alone, and so is what it shows."""
        return self.filter(draft__owner_id=viewer.pk)

    def usable(self) -> Self:
        """Those not found broken when their smaller copies were made."""
        return self.exclude(picture__job__state=JobState.FAILED)


class DraftPicture(models.Model):
    """A picture of the page, to be chosen; shown to nobody but the draft's owner."""

    draft = models.ForeignKey(PinDraft, models.CASCADE, related_name="pictures")
    picture = models.ForeignKey(
        "pinboard.Picture", models.PROTECT, related_name="draft_pictures"
    )
    url = models.URLField(max_length=2000)
    position = models.PositiveSmallIntegerField()  # its place in the page's list

    objects = DraftPictureQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "picture"], name="one_place_per_picture_of_a_draft"
            )
        ]

    def __str__(self) -> str:
        return self.url


class DraftReadJob(Job):
    task = "read_draft"

    draft = models.OneToOneField(PinDraft, models.CASCADE, related_name="job")

    class Meta(Job.Meta):
        abstract = False
