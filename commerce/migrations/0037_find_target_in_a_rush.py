"""The look-up of /go/ tells whether one network clicks on a link in a rush. Of the last
minute a hundred clicks are looked at and no more, so that a pin that everybody runs to
costs its visitors nothing."""

from importlib import import_module

from django.db import migrations

_BEFORE = import_module("commerce.migrations.0019_find_converted_target")
DROP = """
DROP FUNCTION commerce_find_target(
    varchar, varchar, varchar, integer, timestamptz, timestamptz);
"""
FIND = """
CREATE FUNCTION commerce_find_target(
    wanted varchar, visitor varchar, network_part varchar, most_a_minute integer,
    moment timestamptz, repeated_after timestamptz)
RETURNS TABLE (
    link_id bigint, programme_id bigint, beneficiary_id bigint, originator_id bigint,
    beneficiary_is_originator boolean, destination_url varchar, network_sub_id varchar,
    is_active boolean, hosts varchar[], adapter varchar, click_parameter varchar,
    rate_card_id bigint, rate_bp smallint, is_repeated boolean,
    converted_url varchar, is_in_a_rush boolean)
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
           link.converted_url,
           network_part <> '' AND most_a_minute <= (
               SELECT count(*) FROM (
                   SELECT click.ip_prefix, click.is_qualified
                   FROM commerce_click click
                   WHERE click.link_id = link.id
                     AND click.occurred_at > moment - interval '1 minute'
                   ORDER BY click.occurred_at DESC LIMIT 100) recent
               WHERE recent.is_qualified AND recent.ip_prefix = network_part)
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
    dependencies = [("commerce", "0036_what_a_case_held_stays")]
    operations = [
        migrations.RunSQL(_BEFORE.DROP + FIND, DROP + _BEFORE.FIND),
    ]
