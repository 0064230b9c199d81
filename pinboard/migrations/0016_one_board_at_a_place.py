from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0015_boards_as_shown")]
    operations = [
        migrations.AddConstraint(
            "board",
            models.UniqueConstraint(
                deferrable=models.Deferrable["IMMEDIATE"],
                fields=("owner", "place"),
                name="one_board_at_a_place",
            ),
        )
    ]
