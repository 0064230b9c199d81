"""Who may report for a programme, by a function, for the plan that PostgreSQL keeps:
it is asked for each notice, before anything can be shared with others."""

from django.db import migrations

DOOR = """
CREATE FUNCTION commerce_door(wanted text)
RETURNS json
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'programme', programme,
            'network', network,
            'owner_id', (SELECT owner_id FROM pinboard_shop
                WHERE id = programme.shop_id),
            'secrets', (SELECT json_object_agg(kid, secret) FROM commerce_postbackkey
                WHERE programme_id = programme.id AND revoked_at IS NULL))
        FROM commerce_programme programme
        JOIN commerce_network network ON network.id = programme.network_id
        WHERE programme.code = wanted AND network.adapter = 'direct');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0023_known_in_one_look")]
    operations = [migrations.RunSQL(DOOR, "DROP FUNCTION commerce_door(text)")]
