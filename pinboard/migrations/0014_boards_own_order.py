"""Boards get an order of their own on the profile of their owner."""

from django.db import migrations, models

import pinboard.models.board


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0013_exports")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE pinboard_board_place", "DROP SEQUENCE pinboard_board_place"
        ),
        migrations.AddField(
            "board",
            "place",
            models.BigIntegerField(
                db_default=pinboard.models.board.NextBoardPlace(), editable=False
            ),
        ),
    ]
