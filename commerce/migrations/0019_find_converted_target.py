"""The look-up of /go/ tells the converted address, too: which of both is gone to is
decided where their hosts are checked."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("commerce.migrations.0009_find_target").FIND
DROP = """
DROP FUNCTION commerce_find_target(varchar, varchar, timestamptz, timestamptz);
"""
FIND = """
CREATE FUNCTION commerce_find_target(
    wanted varchar, visitor varchar, moment timestamptz, repeated_after timestamptz)
RETURNS TABLE (
    link_id bigint, programme_id bigint, beneficiary_id bigint, originator_id bigint,
    beneficiary_is_originator boolean, destination_url varchar, network_sub_id varchar,
    is_active boolean, hosts varchar[], adapter varchar, click_parameter varchar,
    rate_card_id bigint, rate_bp smallint, is_repeated boolean,
    converted_url varchar)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT link.id, link.programme_id, link.beneficiary_id, link.originator_id,
           link.beneficiary_is_originator, link.destination_url, link.network_sub_id,
           link.disabled_at IS NULL AND programme.is_active AND network.is_active,
           programme.hosts, network.adapter, network.click_parameter,
           card.id, coalesce(card.rate_bp, 0::smallint),
           visitor <> '' AND EXISTS (
               SELECT 1 FROM commerce_click click
               WHERE click.link_id = link.id AND click.visitor_key = visitor
                 AND click.is_qualified AND click.occurred_at > repeated_after),
           link.converted_url
    FROM commerce_trackinglink link
    JOIN commerce_programme programme ON programme.id = link.programme_id
    JOIN commerce_network network ON network.id = programme.network_id
    LEFT JOIN LATERAL (
        SELECT ratecard.id, ratecard.rate_bp FROM commerce_ratecard ratecard
        WHERE ratecard.programme_id = programme.id AND ratecard.valid @> moment
          AND ratecard.scope_key IN ('programme', 'product:' || link.product_id)
        ORDER BY ratecard.product_id NULLS LAST LIMIT 1) card ON true
    WHERE link.token = wanted;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0018_converted_links")]
    operations = [migrations.RunSQL(DROP + FIND, DROP + BEFORE)]
