from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0010_places_as_shown")]
    operations = [
        migrations.AddConstraint(
            "pin",
            models.UniqueConstraint(
                deferrable=models.Deferrable["IMMEDIATE"],
                fields=("board", "place"),
                name="one_pin_at_a_place",
            ),
        )
    ]
