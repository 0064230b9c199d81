"""Of a person's boards the newest is on top, as they were shown so far."""

from django.db import migrations

FILL = """
UPDATE pinboard_board SET place = placed.place FROM (
    SELECT id, nextval('pinboard_board_place') << 24 AS place
    FROM (SELECT id FROM pinboard_board ORDER BY id) AS boards
) AS placed WHERE pinboard_board.id = placed.id;
"""


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0014_boards_own_order")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
