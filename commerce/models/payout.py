from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.models.commission import new_public_id


class PayoutAccount(models.Model):
    """Where to pay a person. Shown masked; reviewers alone see it whole."""

    class Method(models.TextChoices):
        ALIPAY = "alipay", _("Alipay")
        BANK = "bank", _("bank transfer")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="payout_account"
    )
    method = models.CharField(max_length=8, choices=Method)
    holder = models.CharField(_("account holder"), max_length=80)
    number = models.CharField(_("account"), max_length=60)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        # Others who are paid to the same place are looked up for each order.
        indexes = [models.Index(fields=["number"], name="payout_account_number")]

    def __str__(self) -> str:
        return f"{self.method} …{self.number[-4:]}"


class PayoutBatch(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("waits for a second reviewer")
        APPROVED = "approved", _("approved")
        EXPORTED = "exported", _("sent to the bank")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    currency = models.CharField(max_length=3)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # Of the frozen lines: the approver approves what was prepared, nothing else.
    lines_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("payout batch"), _("payout batches")
        permissions = [("approve_payoutbatch", _("Can approve payout batches"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("created_by")),
                name="batch_is_approved_by_another",
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Payout(models.Model):
    class State(models.TextChoices):
        PREPARED = "prepared", _("prepared")
        SUBMITTED = "submitted", _("sent to the bank")
        PAID = "paid", _("paid")
        FAILED = "failed", _("came back")

    public_id = models.UUIDField(unique=True, default=new_public_id, editable=False)
    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payouts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="payouts"
    )
    state = models.CharField(max_length=9, choices=State, default=State.PREPARED)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    # Where to, as the person said before the list was frozen. Blanked with an account.
    method = models.CharField(max_length=8)
    holder = models.CharField(max_length=80, blank=True)
    number = models.CharField(max_length=60, blank=True)
    external_ref = models.CharField(max_length=60, blank=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="payout_is_positive"
            ),
            models.UniqueConstraint(
                fields=["batch", "user"], name="one_payout_per_person_and_batch"
            ),
            models.UniqueConstraint(
                fields=["method", "external_ref"],
                condition=~Q(external_ref=""),
                name="one_payout_per_bank_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} to {self.user_id}"


class PayoutLine(models.Model):
    """A share that this payout pays, or (without a share) a debt that it nets."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="lines")
    share = models.ForeignKey(
        "commerce.CommissionShare", models.PROTECT, null=True, related_name="lines"
    )
    amount_minor = models.BigIntegerField()
    # False once its payout failed or its batch was cancelled: the share may be paid
    # by another then.
    is_live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share"],
                condition=Q(is_live=True),
                name="one_live_payout_per_share",
            )
        ]

    def __str__(self) -> str:
        return f"{self.share_id}: {self.amount_minor}"


class BankFile(models.Model):
    """The bank's answers about a batch as somebody uploaded them. Kept as read, without
    names and account numbers, to be looked at before they are applied and afterwards.
    """

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="bank_files")
    sha256 = models.CharField(max_length=64)
    # [payout, amount, currency, result, reference], as texts.
    rows = models.JSONField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "sha256"], name="one_bank_file_per_content"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} of batch {self.batch_id}"
