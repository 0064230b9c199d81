from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Shop(models.Model):
    """A store. Without an owner it is unclaimed: a first pin named its host."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    # The domain whose pages belong to this shop; a marketplace's shops have none.
    host = models.CharField(max_length=253, blank=True)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="shops",
    )
    board = models.OneToOneField(
        "pinboard.Board", models.SET_NULL, null=True, blank=True, related_name="shop"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    follower_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host"], condition=~Q(host=""), name="one_shop_per_host"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("pinboard:shop-detail", args=[self.slug])

    @property
    def hue(self) -> int:
        return sum(map(ord, self.slug)) * 47 % 360
