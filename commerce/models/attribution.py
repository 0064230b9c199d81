from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Basis(models.TextChoices):
    CLICK_REF = "click_ref", _("the click that the order names")
    SUB_ID = "sub_id", _("the link that the order names")
    COUPON = "coupon", _("a coupon")
    MANUAL = "manual", _("a reviewer's decision")
    NONE = "none", _("nobody's")


class Attribution(models.Model):
    """Whose an order line is, and what was looked at to decide it. Append-only: a new
    decision is a new version."""

    line = models.ForeignKey(
        "commerce.OrderLine", models.PROTECT, related_name="attributions"
    )
    version = models.PositiveIntegerField(default=1)
    basis = models.CharField(max_length=10, choices=Basis)
    reason = models.CharField(max_length=40, blank=True)  # why nobody's, or a hold
    click = models.ForeignKey("commerce.Click", models.PROTECT, null=True)
    beneficiary = models.ForeignKey(  # null with a click = the site
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    originator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    beneficiary_is_originator = models.BooleanField(default=False)
    is_self_purchase = models.BooleanField(default=False)
    candidates = models.JSONField(default=list)
    algorithm_version = models.CharField(max_length=10, default="attr/1")
    decided_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("attribution"), _("attributions")
        constraints = [
            models.UniqueConstraint(
                fields=["line", "version"], name="one_attribution_per_version"
            ),
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(is_current=True),
                name="one_current_attribution",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.basis}"
