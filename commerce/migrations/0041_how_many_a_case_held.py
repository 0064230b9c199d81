"""How many commissions a step of a case held: a number, told in any language. What was
written as a sentence before stays one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0040_who_confirmed_a_report")]
    operations = [
        migrations.AddField(
            model_name="riskcaseevent",
            name="held_count",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
