from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.models.board import Board, shared_with
from pinboard.models.board_member import FILLING
from pinboard.models.pin import Pin

if TYPE_CHECKING:
    from pinboard.models.board import Viewer

# Brought forward, a date is known to the guests for so long before anything is told.
NOTICE = timedelta(days=7)
MOST_WANTED = 99  # pieces of one thing


class GiftListQuerySet(models.QuerySet["GiftList"]):
    def open(self) -> Self:
        """Those that guests may claim of."""
        return self.filter(ended_at=None, reveal_on__gt=timezone.localdate())

    def revealed(self) -> Self:
        return self.filter(reveal_on__lte=timezone.localdate())


class GiftList(models.Model):
    """A board as a wish list for one occasion. Until the date of the reveal nobody who
    fills the board is told what guests claim, also when the list ends before."""

    board = models.ForeignKey(Board, models.CASCADE, related_name="gift_lists")
    occasion = models.CharField(_("occasion"), max_length=80)
    reveal_on = models.DateField(_("reveal date"))
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = GiftListQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["board"],
                condition=Q(ended_at=None),
                name="one_gift_list_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.occasion

    @property
    def is_revealed(self) -> bool:
        return self.reveal_on <= timezone.localdate()

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and not self.is_revealed

    def earliest_reveal(self) -> date:
        """The first day to which the date may move: a later one always, an earlier one
        only with notice."""
        return min(self.reveal_on, timezone.localdate() + NOTICE)


class GiftItem(models.Model):
    """How many pieces of a pin are wanted, where it is not one."""

    pin = models.OneToOneField(
        "pinboard.Pin", models.CASCADE, primary_key=True, related_name="gift_item"
    )
    wanted = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(wanted__gte=1, wanted__lte=MOST_WANTED),
                name="gift_is_wanted_1_to_99_times",
            )
        ]

    def __str__(self) -> str:
        return f"{self.wanted} of {self.pin_id}"


class GiftGuest(models.Model):
    """Who claims: somebody with an account, or with nothing but a secret, of which we
    keep the hash. It stands in a cookie and in the guest's private link."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="gift_guest"
    )
    # Null and not empty for accounts: it is unique.
    digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    name = models.CharField(_("name"), max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True, digest__isnull=False)
                | Q(user__isnull=False, digest__isnull=True),
                name="gift_guest_has_an_account_or_a_secret",
            )
        ]

    def __str__(self) -> str:
        return str(self.user) if self.user else self.name


class GiftClaimQuerySet(models.QuerySet["GiftClaim"]):
    def told_to(self, viewer: Viewer) -> Self:
        """All but those on boards that this person fills, until they are revealed;
        their own, made before they were asked to fill it, they know."""
        if not viewer.is_authenticated:
            return self
        filled = Board.objects.filter(shared_with(viewer, *FILLING)).values("pk")
        today = timezone.localdate()
        is_secret = Q(gift_list__reveal_on__gt=today, gift_list__board__in=filled)
        return self.filter(~is_secret | Q(guest__user=viewer.pk))

    def revealed_on(self, board: Board) -> Self:
        """What was given, for those who fill the board."""
        lists = GiftList.objects.revealed().filter(board=board)
        return self.filter(gift_list__in=lists)

    def with_fate(self, viewer: Viewer) -> Self:
        """What its page tells of a promise: the pin may be moved, deleted, or on a
        board that the key of then opens no longer; more may be promised than wanted."""
        # A key written beside each claim: the one argument may be a column as well.
        key = cast("str", OuterRef("key"))
        seen = Pin.objects.visible_to(viewer, key=key).filter(
            pk=OuterRef("pin"), board=OuterRef("gift_list__board")
        )
        filled = Board.objects.fillable_by(viewer)
        items = GiftItem.objects.filter(pin=OuterRef("pin")).values("wanted")
        alike = self.model._default_manager.filter(
            gift_list=OuterRef("gift_list"), pin=OuterRef("pin")
        )
        sums = alike.order_by().values("pin").annotate(n=Sum("quantity")).values("n")
        return self.select_related(
            "gift_list__board__owner", "pin__picture", "pin__product__shop", "guest"
        ).annotate(
            pin_is_seen=Exists(seen),
            is_guest=~Exists(filled.filter(pk=OuterRef("gift_list__board"))),
            wanted=Coalesce(Subquery(items), 1, output_field=models.IntegerField()),
            taken=Coalesce(Subquery(sums), 0, output_field=models.IntegerField()),
        )


class GiftClaim(models.Model):
    """Somebody gives so many pieces of a pin. It outlives the pin: who has bought the
    thing already must find out that it was taken off the list."""

    # No number: two of one's own elsewhere would tell how many came between them.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gift_list = models.ForeignKey(GiftList, models.CASCADE, related_name="claims")
    pin = models.ForeignKey(
        "pinboard.Pin", models.SET_NULL, null=True, related_name="gift_claims"
    )
    guest = models.ForeignKey(GiftGuest, models.CASCADE, related_name="claims")
    title = models.CharField(max_length=200)  # as the guest saw it
    quantity = models.PositiveSmallIntegerField(default=1)
    shows_name = models.BooleanField(default=False)  # to other guests
    key = models.CharField(max_length=22, blank=True)  # that the guest came with
    created_at = models.DateTimeField(default=timezone.now)
    thanked_at = models.DateTimeField(null=True)
    thanks = models.CharField(max_length=280, blank=True)

    objects = GiftClaimQuerySet.as_manager()

    # Annotated by with_fate.
    pin_is_seen: bool
    is_guest: bool  # the viewer does not fill the board by now
    wanted: int
    taken: int

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gift_list", "pin", "guest"],
                name="one_claim_per_gift_and_guest",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_WANTED),
                name="gift_claim_is_of_1_to_99",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"
