"""Double entry, append-only. The database refuses what would not balance: see the
triggers of migration 0004. The one door to these tables is commerce.ledger."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Period(models.Model):
    """A month of the site's own calendar. Nothing is posted into a closed one."""

    starts_on = models.DateField(unique=True)
    ends_on = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")),
                name="period_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m}"


class Account(models.Model):
    """`kind:owner` such as `liab:payable:7`, one row a currency.

    Balances are sums of entries with a debit positive; `balance_minor` is kept beside
    them by a trigger and compared by the verifier.
    """

    class Kind(models.TextChoices):
        RECEIVABLE = "asset:receivable", _("owed by networks")
        CASH = "asset:cash", _("in the bank")
        PENDING = "liab:pending", _("owed to people, not approved")
        PAYABLE = "liab:payable", _("owed to people, approved")
        SUSPENSE = "liab:suspense", _("nobody's yet")
        CLEARING = "liab:payout_clearing", _("on its way to people")
        PLATFORM = "rev:platform", _("the site's share")
        CLAWBACK_LOSS = "exp:clawback_loss", _("written off")

    kind = models.CharField(max_length=24, choices=Kind)
    # Network code, user id, batch, "unattributed".
    key = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="accounts"
    )
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("account"), _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key", "currency"], name="one_account_per_currency"
            ),
            # The target of the entries' composite foreign key.
            models.UniqueConstraint(
                fields=["id", "currency"], name="account_with_currency"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key} {self.currency}"


class JournalKind(models.TextChoices):
    ACCRUE = "ACCRUE", _("earned")
    MATURE = "MATURE", _("approved")
    RECEIPT = "RECEIPT", _("received from the network")
    PAYOUT_SUBMIT = "PAYOUT_SUBMIT", _("sent to the bank")
    PAYOUT_OK = "PAYOUT_OK", _("paid")
    PAYOUT_FAIL = "PAYOUT_FAIL", _("came back from the bank")
    ADJUST = "ADJUST", _("adjusted")
    REVERSE = "REVERSE", _("reversed")
    SWEEP = "SWEEP", _("kept by the site")
    WRITE_OFF = "WRITE_OFF", _("written off")


class Journal(models.Model):
    # `{kind}:{subject}:{version}`; a second posting with the same key is the first.
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=14, choices=JournalKind)
    commission = models.ForeignKey(
        "commerce.Commission", models.PROTECT, null=True, related_name="journals"
    )
    payout = models.ForeignKey(
        "commerce.Payout", models.PROTECT, null=True, related_name="journals"
    )
    statement = models.ForeignKey(
        "commerce.Statement", models.PROTECT, null=True, related_name="journals"
    )
    period = models.ForeignKey(Period, models.PROTECT)
    entry_count = models.PositiveSmallIntegerField()
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversed_by"
    )
    event_at = models.DateTimeField()  # when it happened out there
    posted_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("journal"), _("journals")

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    journal = models.ForeignKey(Journal, models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()  # debit positive

    class Meta:
        verbose_name, verbose_name_plural = _("entry"), _("entries")
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_minor=0), name="entry_is_not_zero"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount_minor}"
