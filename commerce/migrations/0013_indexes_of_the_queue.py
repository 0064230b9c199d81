"""The queue opens as fast with a million commissions as with one."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("commerce", "0012_networks_of_more_kinds")]
    operations = [
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(
                fields=["-id", "hold_until"],
                condition=Q(state="maturing", hold_reasons=[]),
                name="commission_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(
                fields=["-id"], condition=~Q(hold_reasons=[]), name="commission_held"
            ),
        ),
    ]
