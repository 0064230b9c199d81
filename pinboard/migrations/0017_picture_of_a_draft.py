from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0016_one_board_at_a_place")]
    operations = [
        migrations.AddField(
            "pindraft",
            "picture_url",
            models.URLField(blank=True, db_default="", max_length=2000),
        )
    ]
