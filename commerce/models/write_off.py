from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class WriteOff(models.Model):
    """A debt that the site gives up: one reviewer asks, another one books it. Returns
    after a payout make debts; nothing but this or a later payout ends one."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("waits for a second reviewer")
        BOOKED = "booked", _("written off")
        REFUSED = "refused", _("refused")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="write_offs"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("write-off"), _("write-offs")
        permissions = [("approve_writeoff", _("Can approve write-offs"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="write_off_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("created_by")),
                name="write_off_is_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(created_by=F("user"))
                & (Q(approved_by=None) | ~Q(approved_by=F("user"))),
                name="nobody_writes_off_their_own_debt",
            ),
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(approved_by__isnull=False),
                name="booked_write_off_is_approved",
            ),
            models.UniqueConstraint(
                fields=["user", "currency"],
                condition=Q(state="requested"),
                name="one_write_off_waits_per_debt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} of {self.user_id}"
