"""A file may correct a row by another one: an order has one row of its own in it, and
any number that take some of it back."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("commerce", "0041_how_many_a_case_held")]
    operations = [
        migrations.AddField(
            model_name="statementline",
            name="is_correction",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RemoveConstraint(
            model_name="statementline", name="one_match_per_order_line"
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(
                condition=Q(is_correction=False, line_no__isnull=False),
                fields=("statement", "order_line"),
                name="one_match_per_order_line",
            ),
        ),
    ]
