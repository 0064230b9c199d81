"""A pin has a live link for each product that its picture shows. Every row satisfies the
new rule that satisfied the old one, which was narrower."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now


def leave_one_a_pin(apps, schema_editor):
    """On the way back: the old rule holds the link of the pin's own product alone."""
    links = apps.get_model("commerce", "TrackingLink").objects
    live = links.filter(disabled_at=None, pin__isnull=False)
    own = live.filter(product=F("pin__product"))
    live.exclude(pk__in=own.values("pk")).update(disabled_at=Now())


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0042_corrections_in_a_statement"),
        ("pinboard", "0025_points"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="trackinglink", name="one_live_link_per_pin"
        ),
        migrations.AddConstraint(
            model_name="trackinglink",
            constraint=models.UniqueConstraint(
                fields=("pin", "product"),
                condition=Q(disabled_at=None, pin__isnull=False),
                name="one_live_link_per_pin_and_product",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, leave_one_a_pin),
    ]
