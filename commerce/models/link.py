from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Self

import uuid_utils
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commerce.models.programme import RateCard
from pinboard.models import Pin, PinPoint, Product

PinAndProduct = tuple[int, int]  # their keys
TOKEN_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # noqa: S105  base32, no secret


def new_token() -> str:
    return "".join(secrets.choice(TOKEN_LETTERS) for _ in range(10))


def new_click_id() -> str:
    """UUIDv7: rises with time, so that ties between clicks break one way always."""
    return str(uuid_utils.uuid7())


class TrackingLinkQuerySet(models.QuerySet["TrackingLink"]):
    def live(self) -> Self:
        """Links that a page may show: of a programme that is on."""
        return self.filter(
            disabled_at=None,
            programme__is_active=True,
            programme__network__is_active=True,
        )

    def with_terms(self) -> Self:
        """All that the disclosure says: today's rate, and who shares it."""
        cards = RateCard.objects.valid_at(timezone.now()).filter(
            Q(scope_key=RateCard.WHOLE_PROGRAMME)
            | Q(
                scope_key=Concat(
                    Value("product:"),
                    Cast(OuterRef("product_id"), models.CharField()),
                )
            ),
            programme=OuterRef("programme"),
        )
        own_card_first = cards.order_by(F("product").asc(nulls_last=True))
        return self.select_related(
            "programme__shop", "beneficiary", "originator"
        ).annotate(rate_bp_now=Subquery(own_card_first.values("rate_bp")[:1]))

    def live_for_pins(self, pins: Iterable[Pin]) -> dict[PinAndProduct, TrackingLink]:
        """The links of a page's pins by the keys of pin and product: one query, however
        many pins. A link to what a pin no longer shows earns on, but nobody asks for it
        here."""
        offers = [pin for pin in pins if pin.product_id or pin.point_count]
        if not offers:
            return {}
        # An order on its way would tell who made a wish list that a gift is bought.
        sealed = _shown_in([pin for pin in offers if pin.board.hides_gifts])
        chosen = Q(pin__in=[pin.pk for pin in offers if not pin.board.hides_gifts])
        if sealed:
            products = {product for _pin, product in sealed}
            chosen |= Q(pin=None, beneficiary=None, product__in=products)
        links = list(self.live().filter(chosen).with_terms())
        site = {link.product_id: link for link in links if link.pin_id is None}
        own = {(link.pin_id, link.product_id): link for link in links if link.pin_id}
        return own | {key: site[key[1]] for key in sealed if key[1] in site}

    def of_the_site(self, products: Iterable[Product]) -> dict[int, TrackingLink]:
        """By which the site alone earns, by the product's key: one query."""
        ids = [product.pk for product in products]
        rows = self.live().filter(pin=None, beneficiary=None, product__in=ids)
        return {row.product_id: row for row in rows.with_terms()} if ids else {}


def _shown_in(pins: list[Pin]) -> set[PinAndProduct]:
    """Their own products, and those at points of their pictures."""
    own = {(pin.pk, pin.product_id) for pin in pins if pin.product_id}
    pointed = [pin.pk for pin in pins if pin.point_count]
    if not pointed:
        return own
    points = PinPoint.objects.filter(pin__in=pointed)
    return own.union(points.values_list("pin", "product"))


class TrackingLink(models.Model):
    """The way from a pin (or a product's own page) to the shop.

    Beneficiary and originator are copied from the pin: a pin may be deleted, the money
    of its clicks may not.
    """

    token = models.CharField(max_length=10, unique=True, default=new_token)
    programme = models.ForeignKey(
        "commerce.Programme", models.PROTECT, related_name="links"
    )
    pin = models.ForeignKey(
        "pinboard.Pin", models.SET_NULL, null=True, related_name="tracking_links"
    )
    product = models.ForeignKey(
        "pinboard.Product", models.PROTECT, related_name="tracking_links"
    )
    beneficiary = models.ForeignKey(  # null = the site
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    originator = models.ForeignKey(  # null = none, or the beneficiary itself
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # Whether the beneficiary also pinned first: then both rates are theirs.
    beneficiary_is_originator = models.BooleanField(default=False)
    destination_url = models.URLField(max_length=2000)
    network_sub_id = models.CharField(max_length=40, null=True)  # noqa: DJ001 unique
    # Where the network pays for its own addresses alone: that for the same product, and
    # a text that people paste into its app. Asked for after the link is made, and again
    # at `convert_at`; until then the plain address does.
    converted_url = models.URLField(max_length=2000, blank=True)
    taobao_code = models.CharField(max_length=200, blank=True)
    taobao_code_at = models.DateTimeField(null=True, blank=True)
    convert_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    disabled_at = models.DateTimeField(null=True, blank=True)

    objects = TrackingLinkQuerySet.as_manager()

    rate_bp_now: int | None  # annotated by with_terms

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "network_sub_id"], name="one_link_per_sub_id"
            ),
            models.UniqueConstraint(
                fields=["pin", "product"],
                condition=Q(disabled_at=None, pin__isnull=False),
                name="one_live_link_per_pin_and_product",
            ),
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(disabled_at=None, pin=None, beneficiary=None),
                name="one_live_site_link_per_product",
            ),
        ]
        indexes = [
            models.Index(
                fields=["programme", "convert_at"],
                condition=Q(disabled_at=None),
                name="link_to_convert",
            )
        ]

    def __str__(self) -> str:
        return self.token

    def get_absolute_url(self) -> str:
        return reverse("commerce:go", args=[self.token])

    @property
    def code_shown(self) -> str:
        """For the Taobao app, as long as it leads anywhere."""
        if self.taobao_code_at is None:
            return ""
        ends_at = self.taobao_code_at + timedelta(days=settings.TAOBAO_CODE_DAYS)
        return self.taobao_code if ends_at > timezone.now() else ""


class Click(models.Model):
    """Somebody followed a tracking link. Append-only; the purge blanks fields."""

    class Reason(models.TextChoices):
        BOT = "bot", _("a machine")
        PREFETCH = "prefetch", _("a browser that looked ahead")
        HEAD = "head", _("a look at the headers only")
        EMBED = "embed", _("not opened by a person")

    id = models.CharField(
        primary_key=True, max_length=36, default=new_click_id, editable=False
    )
    link = models.ForeignKey(TrackingLink, models.PROTECT, related_name="clicks")
    programme = models.ForeignKey("commerce.Programme", models.PROTECT)
    beneficiary = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="clicks_for"
    )
    originator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    beneficiary_is_originator = models.BooleanField(default=False)
    occurred_at = models.DateTimeField(default=timezone.now)
    visitor_key = models.CharField(max_length=32, blank=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    # Qualified clicks can earn. Counted ones are qualified and no repetition.
    is_qualified = models.BooleanField()
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    marks = models.JSONField(default=list)  # dup, velocity, self: evidence only
    rate_card = models.ForeignKey("commerce.RateCard", models.PROTECT, null=True)
    rate_bp = models.PositiveSmallIntegerField(default=0)
    ip_prefix = models.CharField(max_length=45, blank=True)
    ip_hash = models.CharField(max_length=64, blank=True)
    ua_family = models.CharField(max_length=40, blank=True)
    referer_host = models.CharField(max_length=253, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("click"), _("clicks")
        indexes = [
            BrinIndex(fields=["occurred_at"], name="click_time"),
            models.Index(fields=["link", "-occurred_at"], name="click_of_link"),
            models.Index(
                fields=["beneficiary", "-occurred_at"], name="click_of_beneficiary"
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_counted(self) -> bool:
        return self.is_qualified and "dup" not in self.marks
