from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

STALE_AFTER = timedelta(days=3)
FALL_IS_NEWS = timedelta(days=30)


class Availability(models.TextChoices):
    IN_STOCK = "in_stock", _("in stock")
    SOLD_OUT = "sold_out", _("sold out")
    UNKNOWN = "unknown", _("unknown")


class Product(models.Model):
    """Something that a shop sells, as its page or its retailer described it last."""

    shop = models.ForeignKey("pinboard.Shop", models.PROTECT, related_name="products")
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), max_length=5000, blank=True)
    brand = models.CharField(_("brand"), max_length=80, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    url = models.URLField(_("product page"), max_length=2000)
    # The address without tracking parameters; finds the product a page belongs to.
    url_key = models.CharField(max_length=2000, editable=False)
    price_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    price_at = models.DateTimeField(null=True, blank=True)
    availability = models.CharField(
        max_length=8, choices=Availability, default=Availability.UNKNOWN
    )
    picture = models.ForeignKey(
        "pinboard.Picture", models.PROTECT, null=True, blank=True
    )
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            GinIndex(fields=["search"], name="product_search"),
            GinIndex(
                fields=["title"], opclasses=["gin_trgm_ops"], name="product_title_alike"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "sku"],
                condition=~Q(sku=""),
                name="one_product_per_sku_and_shop",
            ),
            models.UniqueConstraint(fields=["url_key"], name="one_product_per_address"),
            models.CheckConstraint(
                condition=Q(price_minor=None, currency="")
                | Q(price_minor__gte=0, currency__regex=r"^[A-Z]{3}$"),
                name="price_has_a_currency",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("pinboard:product-detail", args=[self.pk])

    @property
    def is_sold_out(self) -> bool:
        return self.availability == Availability.SOLD_OUT

    @property
    def price_is_stale(self) -> bool:
        """Older than three days: the page says "check price"."""
        return self.price_at is None or timezone.now() - self.price_at > STALE_AFTER


class PricePoint(models.Model):
    """A price that we saw ourselves, one a day at most; the last of the day stays."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="price_points")
    day = models.DateField()
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "day"], name="one_price_point_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.price_minor} {self.currency}"


def recent_other_price(product: str) -> Subquery:
    """Of the named product column: the last price but the present one, if it held
    within the last 30 days. For lists of pins, which may ask no query a card."""
    opening = timezone.localdate() - FALL_IS_NEWS
    points = PricePoint.objects.filter(
        product=OuterRef(product), currency=OuterRef(f"{product}__currency")
    )
    # Points lie days or months apart: one holds until the next of its product.
    replaced_before = PricePoint.objects.filter(
        product=OuterRef("product"), day__gt=OuterRef("day"), day__lte=opening
    )
    others = points.exclude(price_minor=OuterRef(f"{product}__price_minor"))
    return Subquery(
        others.exclude(Exists(replaced_before))
        .order_by("-day")
        .values("price_minor")[:1]
    )
