"""What waits in suspense is found without a look at what does not."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("commerce", "0037_find_target_in_a_rush")]
    operations = [
        migrations.AddIndex(
            model_name="commissionshare",
            index=models.Index(
                fields=["commission"],
                condition=Q(party=None, amount_minor__gt=0) & ~Q(role="platform"),
                name="share_in_suspense",
            ),
        ),
    ]
