"""Our money: what a sale earned, whose it is, how far it has come."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

import uuid_utils
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commerce.exceptions import TransitionRefused
from commerce.money import BASIS
from users.models import User


def new_public_id() -> uuid.UUID:
    return uuid.UUID(str(uuid_utils.uuid7()))


class CommissionState(models.TextChoices):
    UNATTRIBUTED = "unattributed", _("nobody's yet")
    ESTIMATED = "estimated", _("expected")
    MATURING = "maturing", _("received, waits for review")
    PAYABLE = "payable", _("approved")
    IN_PAYOUT = "in_payout", _("in a payout")
    PAID = "paid", _("paid")
    VOID = "void", _("void")
    CLAWED_BACK = "clawed_back", _("taken back")


class HoldReason(models.TextChoices):
    FRAUD = "fraud", _("a risk signal is open")
    DISPUTE = "dispute", _("a dispute is open")
    UNMAPPED_STATUS = "unmapped_status", _("the network sent an unknown status")
    SELF_PURCHASE = "self_purchase", _("buyer and pinner may be the same")
    DISCREPANCY = "discrepancy", _("two reports disagree")
    BANNED = "banned", _("the account is closed or banned")


class Commission(models.Model):
    S = CommissionState
    NEXT: ClassVar[dict[str, tuple[str, ...]]] = {
        S.UNATTRIBUTED: (S.ESTIMATED, S.MATURING, S.VOID, S.CLAWED_BACK),
        S.ESTIMATED: (S.MATURING, S.VOID),
        S.MATURING: (S.PAYABLE, S.CLAWED_BACK),
        S.PAYABLE: (S.IN_PAYOUT, S.CLAWED_BACK),
        S.IN_PAYOUT: (S.PAID, S.PAYABLE, S.CLAWED_BACK),
        S.PAID: (S.CLAWED_BACK,),
        # Only a reviewer's `restore`, with a reason, or a refund that failed.
        S.VOID: (S.UNATTRIBUTED, S.ESTIMATED),
        S.CLAWED_BACK: (S.UNATTRIBUTED, S.MATURING, S.PAYABLE, S.IN_PAYOUT, S.PAID),
    }
    # Words for people (commerce.md 2.2), also the API's keys.
    WORDS: ClassVar[dict[str, tuple[str, ...]]] = {
        "on_its_way": (S.ESTIMATED, S.MATURING),
        "approved": (S.PAYABLE, S.IN_PAYOUT),
        "paid": (S.PAID,),
        "returned": (S.VOID, S.CLAWED_BACK),
    }

    public_id = models.UUIDField(unique=True, default=new_public_id, editable=False)
    line = models.OneToOneField(
        "commerce.OrderLine", models.PROTECT, related_name="commission"
    )
    state = models.CharField(max_length=12, choices=CommissionState)
    currency = models.CharField(max_length=3)
    base_minor = models.BigIntegerField()  # what was paid for the line
    rate_bp = models.PositiveIntegerField()  # as promised at the click or reported
    # Before any refund; what refunds are measured against.
    full_gross_minor = models.BigIntegerField()
    full_fee_minor = models.BigIntegerField(default=0)
    # Now.
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField()
    is_accrued = models.BooleanField(default=False)  # is in the ledger
    hold_until = models.DateTimeField(null=True, blank=True)
    hold_reasons = ArrayField(
        models.CharField(max_length=20, choices=HoldReason), default=list, blank=True
    )
    # Why it is returned: refunded, invalid, or the reviewer's own words.
    return_reason = models.CharField(max_length=300, blank=True)
    # The review. Once approved, its shares are owed from `liab:payable`.
    approved_at = models.DateTimeField(null=True, blank=True)
    # By a reviewer: no report of a network brings it back, only `restore` does.
    rejected_at = models.DateTimeField(null=True, blank=True)
    split_rule = models.ForeignKey("commerce.SplitRule", models.PROTECT)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("commission"), _("commissions")
        permissions = [("review_commission", _("Can approve and reject commissions"))]
        indexes = [
            models.Index(fields=["state", "-id"], name="commission_queue"),
            # What is ready is found without a look at the rows that are not: the time
            # stands in the index, which is read from the newest on.
            models.Index(
                fields=["-id", "hold_until"],
                condition=Q(state=CommissionState.MATURING, hold_reasons=[]),
                name="commission_waiting",
            ),
            models.Index(
                fields=["-id"], condition=~Q(hold_reasons=[]), name="commission_held"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("fee_minor")),
                name="net_is_gross_less_fee",
            ),
            models.CheckConstraint(
                condition=Q(net_minor__gte=0), name="net_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.net_minor} {self.currency}"

    @property
    def word(self) -> str:
        """The word for people; empty for what staff alone sees."""
        return next((w for w, states in self.WORDS.items() if self.state in states), "")

    @property
    def has_nobodys_part(self) -> bool:
        """Whether a share of it waits in suspense."""
        return any(
            share.party_id is None and share.role != Role.PLATFORM
            for share in self.shares.all()
            if share.amount_minor
        )

    def move_to(self, state: str, *, by: User | None, note: str = "") -> None:
        """Move along NEXT, once: of two workers with the same row, the second is
        refused. The caller's action holds the transaction."""
        sources = [old for old, nexts in self.NEXT.items() if state in nexts]
        moved = Commission.objects.filter(pk=self.pk, state__in=sources).update(
            state=state, version=F("version") + 1, updated_at=timezone.now()
        )
        if not moved:
            raise TransitionRefused
        self.state = state
        self.refresh_from_db(fields=["version"])
        self.events.create(state=state, by=by, note=note)


class CommissionEvent(models.Model):
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="events")
    state = models.CharField(max_length=12, choices=CommissionState)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_state_display()


class Role(models.TextChoices):
    PINNER = "pinner", _("pinner")
    ORIGINATOR = "originator", _("original pinner")
    PLATFORM = "platform", _("Pinboard")


# As the partial index says it: another spelling would not use it.
IN_SUSPENSE = Q(party=None, amount_minor__gt=0) & ~Q(role=Role.PLATFORM)


class ShareQuerySet(models.QuerySet["CommissionShare"]):
    def in_suspense(self) -> Self:
        """Nobody's yet, or given up by who closed the account."""
        return self.filter(IN_SUSPENSE)

    def with_payment(self) -> Self:
        """`is_paid`: whether this one is out, be the others paid or not."""
        paid = CommissionShare.objects.filter(
            pk=OuterRef("pk"), lines__is_live=True, lines__payout__state="paid"
        )
        return self.annotate(is_paid=Exists(paid))

    def with_word(self) -> Self:
        """`word`, for people, and `worth_minor`: its amount, or of a returned one, of
        which nothing is left, the share that would have been, rounded down as all are.
        """
        of_state = [
            When(commission__state__in=states, then=Value(word))
            for word, states in Commission.WORDS.items()
        ]
        is_out = Q(commission__state__in=Commission.WORDS["approved"], is_paid=True)
        net = F("commission__full_gross_minor") - F("commission__full_fee_minor")
        full = ExpressionWrapper(net * F("bp") / BASIS, models.BigIntegerField())
        return self.with_payment().annotate(
            word=Case(When(is_out, then=Value("paid")), *of_state, default=Value("")),
            worth_minor=Case(
                When(commission__state__in=Commission.WORDS["returned"], then=full),
                default="amount_minor",
            ),
        )


class CommissionShare(models.Model):
    """One row a role; the parts sum to the commission's net, checked at commit."""

    commission = models.ForeignKey(Commission, models.PROTECT, related_name="shares")
    role = models.CharField(max_length=10, choices=Role)
    party = models.ForeignKey(  # null = the site
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="shares"
    )
    bp = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()

    is_paid: bool  # by `with_payment`

    objects = ShareQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["commission"], condition=IN_SUSPENSE, name="share_in_suspense"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["commission", "role"], name="one_share_per_role"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="share_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.amount_minor}"
