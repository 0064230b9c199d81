from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from commerce.models.order import OrderLine
from users.models import User


class OrderClaimQuerySet(models.QuerySet["OrderClaim"]):
    def open(self) -> Self:
        return self.filter(state=OrderClaim.State.OPEN)

    def of(self, user: User) -> Self:
        """All that the list of one's own claims says of them."""
        return self.filter(user=user).select_related("programme__shop")

    def of_known_orders(self) -> Self:
        lines = OrderLine.objects.filter(
            network=OuterRef("network"), order_id=OuterRef("order_no")
        )
        return self.filter(Exists(lines))


class OrderClaim(models.Model):
    """Somebody says that an order, which names nobody, came by a pin of theirs.

    It may come before the order does: then it waits. Whose an order is is told to
    nobody; what is somebody else's looks like an order that nobody knows.
    """

    class Evidence(models.TextChoices):
        """What our own clicks say about it; for reviewers alone."""

        STRONG = "strong", _("a click on the same product or shop")
        WEAK = "weak", _("some click in the window")
        NONE = "none", _("no click")

    class State(models.TextChoices):
        OPEN = "open", _("is looked into")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="order_claims"
    )
    programme = models.ForeignKey("commerce.Programme", models.PROTECT)
    network = models.ForeignKey("commerce.Network", models.PROTECT)
    order_no = models.CharField(max_length=64)  # text: real numbers exceed 2^53
    note = models.CharField(max_length=500, blank=True)  # blanked with an account
    evidence_level = models.CharField(
        max_length=6, choices=Evidence, default=Evidence.NONE
    )
    weighed_at = models.DateTimeField(null=True)  # null = the order is not known yet
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(  # null and decided: it ran out
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = OrderClaimQuerySet.as_manager()
    why_not: Sequence[str] = ()  # set by commerce.claim_words

    class Meta:
        verbose_name, verbose_name_plural = _("order claim"), _("order claims")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "order_no", "user"],
                name="one_claim_per_order_and_person",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="claim_is_open_or_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("user")),
                name="nobody_decides_their_own_claim",
            ),
            models.CheckConstraint(
                condition=~Q(state="granted") | Q(decided_by__isnull=False),
                name="granted_claim_is_decided_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="claim_of_person"),
            models.Index(
                fields=["-id"], condition=Q(state="open"), name="claim_that_is_open"
            ),
        ]

    def __str__(self) -> str:
        return self.order_no

    @property
    def ran_out(self) -> bool:
        return self.state == self.State.REFUSED and self.decided_by_id is None
