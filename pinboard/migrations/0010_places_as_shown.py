"""Of a board's pins the newest is on top, as they were shown so far."""

from django.db import migrations

FILL = """
UPDATE pinboard_pin SET place = placed.place FROM (
    SELECT id, nextval('pinboard_pin_place') << 24 AS place
    FROM (SELECT id FROM pinboard_pin ORDER BY id) AS pins
) AS placed WHERE pinboard_pin.id = placed.id;
"""


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0009_places_and_sections")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
