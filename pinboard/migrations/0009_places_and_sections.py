"""Boards get sections, a cover and an order of their own."""

import django.db.models.deletion
from django.db import migrations, models

import pinboard.models.pin

class Migration(migrations.Migration):
    dependencies = [("pinboard", "0008_events_of_pins")]
    operations = [
        migrations.CreateModel(
            name="BoardSection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("board", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="sections", to="pinboard.board")),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("board", "title"), name="one_section_per_title_and_board")],
            },
        ),
        migrations.AddField(
            "board",
            "sort",
            models.CharField(choices=[("newest", "Recently added"), ("oldest", "Oldest first"), ("own", "Own order")], default="newest", max_length=6, verbose_name="order"),
        ),
        migrations.AddField(
            "board",
            "cover",
            models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="pinboard.pin"),
        ),
        migrations.AddField(
            "pin",
            "section",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="pins", to="pinboard.boardsection"),
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE pinboard_pin_place", "DROP SEQUENCE pinboard_pin_place"
        ),
        migrations.AddField(
            "pin",
            "place",
            models.BigIntegerField(db_default=pinboard.models.pin.NextPlace(), editable=False),
        ),
    ]
