from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0005_commission_rejected_at")]
    operations = [
        migrations.AddField(
            model_name="commission",
            name="approved_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
