from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

_CODE = RegexValidator(r"\A[A-Z]{3}\Z", _("Three capital letters, such as CNY."))
SMALLEST = Decimal("0.00000001")


class ExchangeRateQuerySet(models.QuerySet["ExchangeRate"]):
    def newest(self, *, on: date, not_before: date) -> Self:
        """Of each pair the last rate known on a day; one older than asked is none."""
        known = self.filter(day__lte=on, day__gte=not_before)
        return known.order_by("base", "quote", "-day").distinct("base", "quote")


class ExchangeRate(models.Model):
    """What one unit of a currency cost in another one on a day. Kept by staff, and
    only to tell readers about what a price is in theirs: nobody pays by it."""

    base = models.CharField(_("one unit of"), max_length=3, validators=[_CODE])
    quote = models.CharField(_("is worth, in"), max_length=3, validators=[_CODE])
    rate = models.DecimalField(
        _("so many units"),
        max_digits=20,
        decimal_places=8,
        validators=[MinValueValidator(SMALLEST)],
    )
    day = models.DateField(_("on"))
    source = models.CharField(
        _("as published by"),
        max_length=80,
        help_text=_("Readers see it beside every sum that is converted."),
    )

    objects = ExchangeRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "day"],
                name="one_rate_per_pair_and_day",
                violation_error_message=_("This pair has a rate of this day already."),
            ),
            models.CheckConstraint(
                condition=~Q(base=F("quote")),
                name="rate_between_two_currencies",
                violation_error_message=_("Choose two different currencies."),
            ),
            models.CheckConstraint(
                condition=Q(base__regex=r"^[A-Z]{3}$", quote__regex=r"^[A-Z]{3}$"),
                name="rate_names_currencies",
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_is_positive"),
            models.CheckConstraint(
                condition=~Q(source=""), name="rate_names_its_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.equation}, {self.day}"

    @property
    def equation(self) -> str:
        """1 USD = 7.1243 CNY: as it was written, with no zeros that say nothing."""
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote}"
