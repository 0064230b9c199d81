import django.core.validators
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pinboard", "0021_alt_proposals"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "base",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z]{3}\\Z", "Three capital letters, such as CNY."
                            )
                        ],
                        verbose_name="one unit of",
                    ),
                ),
                (
                    "quote",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z]{3}\\Z", "Three capital letters, such as CNY."
                            )
                        ],
                        verbose_name="is worth, in",
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=8,
                        max_digits=20,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("1E-8"))
                        ],
                        verbose_name="so many units",
                    ),
                ),
                ("day", models.DateField(verbose_name="on")),
                (
                    "source",
                    models.CharField(
                        help_text="Readers see it beside every sum that is converted.",
                        max_length=80,
                        verbose_name="as published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "exchange rate",
                "verbose_name_plural": "exchange rates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("base", "quote", "day"),
                        name="one_rate_per_pair_and_day",
                        violation_error_message="This pair has a rate of this day already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("base", models.F("quote")), _negated=True),
                        name="rate_between_two_currencies",
                        violation_error_message="Choose two different currencies.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("base__regex", "^[A-Z]{3}$"),
                            ("quote__regex", "^[A-Z]{3}$"),
                        ),
                        name="rate_names_currencies",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate__gt", 0)), name="rate_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="rate_names_its_source",
                    ),
                ],
            },
        ),
    ]
