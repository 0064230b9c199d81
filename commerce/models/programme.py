from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    DateTimeRangeField,
    RangeOperators,
)
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.models import Product


class Network(models.Model):
    """Where orders are reported. Each direct programme is a network of its own, so that
    the line ids of two shops cannot collide."""

    class Adapter(models.TextChoices):
        DIRECT = "direct", _("postback of the shop itself")
        TAOBAO = "taobao", _("Taobao affiliate league")
        JD = "jd", _("JD Union")
        PDD = "pdd", _("Pinduoduo DDK")
        AWIN = "awin", _("Awin")
        CJ = "cj", _("CJ Affiliate")
        AMAZON = "amazon", _("Amazon Associates")

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=10, choices=Adapter)
    tz = models.CharField(max_length=40, default="UTC")
    base_url = models.URLField(blank=True)
    app_key = models.CharField(max_length=40, blank=True)
    # The name of the environment variable that holds the secret, never the secret.
    secret_ref = models.CharField(max_length=60, blank=True)
    click_parameter = models.CharField(max_length=30, default="pb_click")
    # What this network alone needs, such as the ad zone that its links are made for.
    poll_cfg = models.JSONField(default=dict, blank=True)
    # Orders changed before this moment have been read; moved after the last page only.
    polled_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    # Its commissions are approved only once a statement of it has paid for them.
    sends_statements = models.BooleanField(
        _("sends statements"),
        default=False,
        help_text=_("Commissions are approved only where an approved statement pays."),
    )
    # Of its last statement: which heading says what.
    statement_columns = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("network"), _("networks")

    def __str__(self) -> str:
        return self.name


class ProgrammeQuerySet(models.QuerySet["Programme"]):
    def active(self) -> Self:
        return self.filter(is_active=True, network__is_active=True)


class Programme(models.Model):
    """The terms under which sales of a shop, or of all hosts of a network, earn."""

    class SelfPurchase(models.TextChoices):
        ALLOW = "allow", _("earns")
        VOID = "void", _("earns nothing")
        REVIEW = "review", _("is held for review")

    network = models.ForeignKey(Network, models.PROTECT, related_name="programmes")
    shop = models.ForeignKey(  # null = any shop whose products lie on `hosts`
        "pinboard.Shop", models.PROTECT, null=True, blank=True, related_name="+"
    )
    code = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    # host or host:port where its links may lead, exactly as in the address
    hosts = ArrayField(models.CharField(max_length=260))
    currency = models.CharField(max_length=3)
    window_days = models.PositiveSmallIntegerField(default=15)
    hold_days = models.PositiveSmallIntegerField(default=15)
    self_purchase = models.CharField(
        max_length=6, choices=SelfPurchase, default=SelfPurchase.REVIEW
    )
    min_rate_bp = models.PositiveSmallIntegerField(default=600)
    max_rate_bp = models.PositiveSmallIntegerField(default=1000)
    is_active = models.BooleanField(default=True)

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("programme"), _("programmes")
        constraints = [
            models.CheckConstraint(
                condition=Q(min_rate_bp__lte=F("max_rate_bp"), max_rate_bp__lte=5000),
                name="programme_rates_are_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Whoever signs for a network's orders may refund all of them."""
        if self.network_id is None or self.network.adapter != Network.Adapter.DIRECT:
            return
        if Programme.objects.filter(network=self.network).exclude(pk=self.pk).exists():
            raise ValidationError(
                {"network": _("A shop that reports itself has a programme of its own.")}
            )


class PostbackKey(models.Model):
    """One of at most two live secrets with which a shop signs its notices."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="keys")
    kid = models.CharField(max_length=20)
    secret = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("postback key"), _("postback keys")
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "kid"], name="one_key_per_kid_and_programme"
            )
        ]

    def __str__(self) -> str:
        return self.kid


class RateCardQuerySet(models.QuerySet["RateCard"]):
    def valid_at(self, moment: datetime) -> Self:
        return self.filter(valid__contains=moment)

    def rate_for(
        self, programme: Programme, product: Product | None
    ) -> RateCard | None:
        """The card in force now; one for the product goes before the programme's."""
        cards = self.valid_at(timezone.now()).filter(programme=programme)
        keys = [RateCard.WHOLE_PROGRAMME]
        if product is not None:
            keys.append(RateCard.key_of(product))
        found = {card.scope_key: card for card in cards.filter(scope_key__in=keys)}
        return next((found[key] for key in reversed(keys) if key in found), None)


class RateCard(models.Model):
    """A rate and the time in which it holds. Overlaps are refused by the database."""

    WHOLE_PROGRAMME = "programme"

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="rate_cards")
    product = models.ForeignKey(
        "pinboard.Product", models.PROTECT, null=True, blank=True, related_name="+"
    )
    scope_key = models.CharField(max_length=40, default=WHOLE_PROGRAMME)
    rate_bp = models.PositiveSmallIntegerField()
    valid = DateTimeRangeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RateCardQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("rate card"), _("rate cards")
        constraints = [
            models.CheckConstraint(
                condition=Q(rate_bp__lte=5000), name="rate_is_at_most_half"
            ),
            ExclusionConstraint(
                name="one_rate_at_a_time",
                expressions=[
                    (F("programme"), RangeOperators.EQUAL),
                    (F("scope_key"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme}: {self.rate_bp / 100:g} %"

    @staticmethod
    def key_of(product: Product) -> str:
        return RateCard.key_of_id(product.pk)

    @staticmethod
    def key_of_id(product_id: int) -> str:
        return f"product:{product_id}"


class SplitRuleQuerySet(models.QuerySet["SplitRule"]):
    def valid_at(self, moment: datetime) -> SplitRule:
        return self.get(valid__contains=moment)


class SplitRule(models.Model):
    """How a net commission is shared. What is left is the site's."""

    version = models.PositiveIntegerField(unique=True)
    valid = DateTimeRangeField()
    pinner_bp = models.PositiveSmallIntegerField(default=6000)
    originator_bp = models.PositiveSmallIntegerField(default=1000)

    objects = SplitRuleQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("split rule"), _("split rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(pinner_bp__lte=10000 - F("originator_bp")),
                name="split_is_at_most_the_whole",
            ),
            ExclusionConstraint(
                name="one_split_at_a_time",
                expressions=[(F("valid"), RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return f"split {self.version}"
