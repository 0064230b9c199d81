"""Boards begin with what is known of their past: when a pin came, and when it went."""

from django.db import migrations

FORWARD = """
INSERT INTO pinboard_boardevent (board_id, pin_id, actor_id, kind, deed, created_at)
SELECT * FROM (
    SELECT board_id, id AS pin_id, pinner_id, 'added', gen_random_uuid(), created_at
    FROM pinboard_pin
    UNION ALL
    SELECT board_id, id, pinner_id, 'removed', gen_random_uuid(), deleted_at
    FROM pinboard_pin WHERE deleted_at IS NOT NULL
) AS known ORDER BY created_at, pin_id;
"""


class Migration(migrations.Migration):
    dependencies = [("pinboard", "0007_board_events")]
    operations = [migrations.RunSQL(FORWARD, "DELETE FROM pinboard_boardevent")]
