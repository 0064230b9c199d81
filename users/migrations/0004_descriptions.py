from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0003_a_name_is_no_key")]
    operations = [
        migrations.AddField(
            "user",
            "descriptions",
            models.CharField(
                choices=[
                    ("nobody", "Nobody"),
                    ("asked", "Anybody, and I decide"),
                    ("open", "Anybody, at once"),
                ],
                db_default="asked",
                default="asked",
                max_length=6,
                verbose_name="who may describe my pictures",
            ),
        )
    ]
