"""What looks like fraud, and what reviewers thought of it. Nothing here bans anybody:
a signal is evidence, a case keeps money back until somebody has looked."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from users.models import User


class RiskRule(models.TextChoices):
    VELOCITY = "velocity", _("many clicks a minute from one network")
    SHARED_VISITOR = "shared_visitor", _("one browser clicks for many people")
    QUICK_ORDERS = "quick_orders", _("orders within seconds of their click")
    CLUSTERED = "clustered", _("orders at the same distance from their click")
    SELF_PURCHASE = "self_purchase", _("buyer and pinner may be the same")
    SHARED_PLACE = "shared_place", _("others are paid to the same place")
    NO_REFERER = "no_referer", _("clicks that come from nowhere")
    STUFFING = "stuffing", _("clicks that nobody made")
    REFUNDS = "refunds", _("far more refunds than others")
    FORGED_REF = "forged_ref", _("orders that name made-up clicks")


class RiskSignal(models.Model):
    """What one rule found in one window. Append-only; counts and keys of ours alone."""

    rule = models.CharField(max_length=14, choices=RiskRule)
    person = models.ForeignKey(  # null: nobody's orders, as those of made-up clicks
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="risk_signals",
    )
    subject = models.CharField(max_length=40)  # a person's key or a network's code
    window = models.CharField(max_length=10)  # its last day
    score = models.PositiveSmallIntegerField()
    evidence = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("risk signal"), _("risk signals")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject", "window"], name="one_signal_per_window"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}"


class RiskCaseQuerySet(models.QuerySet["RiskCase"]):
    def told_to(self, user: User) -> Self:
        """Their own, once something was taken: one that came to nothing is not told."""
        taken = Q(state__in=["upheld", "appealed"]) | Q(appealed_at__isnull=False)
        return self.filter(taken, person=user)


class RiskCase(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("is looked into")
        CLEARED = "cleared", _("nothing was found")
        UPHELD = "upheld", _("upheld")
        APPEALED = "appealed", _("another look is asked for")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="risk_cases"
    )
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300, blank=True)  # the person reads it
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    appeal = models.CharField(max_length=1000, blank=True)  # in their own words
    appealed_at = models.DateTimeField(null=True)
    heard_by = models.ForeignKey(  # who decided about the appeal
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = RiskCaseQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("risk case"), _("risk cases")
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=["open", "appealed"]),
                name="one_case_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(heard_by=None) | ~Q(heard_by=F("decided_by")),
                name="appeal_is_heard_by_another",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("person")),
                name="nobody_decides_their_own_case",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None, decided_by=None)
                | ~Q(state="open")
                & Q(decided_at__isnull=False, decided_by__isnull=False),
                name="decided_cases_say_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state="appealed") | Q(appealed_at__isnull=False),
                name="appealed_cases_say_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.state}"

    @property
    def is_undecided(self) -> bool:
        return self.state in (self.State.OPEN, self.State.APPEALED)

    @property
    def may_be_appealed(self) -> bool:
        return self.state == self.State.UPHELD and self.appealed_at is None


class RiskCaseEvent(models.Model):
    """What happened to a case. Append-only."""

    case = models.ForeignKey(RiskCase, models.PROTECT, related_name="events")
    state = models.CharField(max_length=8, choices=RiskCase.State)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    note = models.CharField(max_length=1000, blank=True)
    held_count = models.PositiveIntegerField(null=True)  # of commissions, by this step
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_state_display()

    @property
    def told(self) -> str:
        """In the reader's language, unless somebody wrote it."""
        if self.held_count is None:
            return self.note
        held = ngettext(
            "%(n)s commission held", "%(n)s commissions held", self.held_count
        )
        return held % {"n": self.held_count}


class CaseCommission(models.Model):
    """A commission that a case holds, and lets go of when it is cleared."""

    case = models.ForeignKey(RiskCase, models.PROTECT, related_name="held")
    commission = models.ForeignKey(
        "commerce.Commission", models.PROTECT, related_name="risk_cases"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "commission"], name="one_place_in_a_case"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.commission_id}"
