"""What a page of reports needs to know, by functions, because PostgreSQL keeps their
plans: planning a dozen statements costs a single report more than running them does.
(Prepared statements would do the same, but not behind a pool of connections.)

Whole rows come as JSON, so that a new column of a table needs no new function. Tables
are small when a plan is made and large when it is used: so no plan reads whole tables.
"""

from django.db import migrations, models

# A snapshot is as old as its statement: what somebody wrote while we waited for a lock
# is seen by the next one only.
REPORTS = """
CREATE FUNCTION commerce_lock_reports(
    wanted_network bigint, wanted_lines text[], wanted_events text[])
RETURNS SETOF commerce_observation
LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(sorted.number) FROM (
        SELECT DISTINCT
            hashtextextended('order-line:' || wanted_network || ':' || name, 0) AS number
        FROM unnest(wanted_lines) AS name ORDER BY number) AS sorted;
    RETURN QUERY SELECT * FROM commerce_observation
        WHERE network_id = wanted_network AND line_id = ANY(wanted_lines);
    IF wanted_events <> '{}' THEN
        RETURN QUERY SELECT * FROM commerce_observation
            WHERE network_id = wanted_network AND event_id <> ''
              AND event_id = ANY(wanted_events) AND line_id <> ALL(wanted_lines);
    END IF;
END $$;
"""

# Receipts concern networks, not shares; the numbers of journals count them all.
BOOKED = """
CREATE FUNCTION commerce_booked(wanted bigint[])
RETURNS TABLE (
    commission_id bigint, journals bigint, kind text, key text, user_id bigint,
    minor bigint)
LANGUAGE plpgsql STABLE
    SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT counted.commission_id, counted.journals, account.kind::text,
           account.key::text, account.user_id, sum(entry.amount_minor)::bigint
    FROM (SELECT commission_id, count(*) AS journals FROM commerce_journal
          WHERE commission_id = ANY(wanted) GROUP BY commission_id) AS counted
    LEFT JOIN commerce_journal AS journal
        ON journal.commission_id = counted.commission_id AND journal.kind <> 'RECEIPT'
    LEFT JOIN commerce_entry AS entry ON entry.journal_id = journal.id
    LEFT JOIN commerce_account AS account ON account.id = entry.account_id
    GROUP BY counted.commission_id, counted.journals, account.kind, account.key,
             account.user_id;
END $$;
"""

LINES = """
CREATE FUNCTION commerce_lock_lines(wanted_network bigint, wanted text[])
RETURNS json
LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    lines bigint[];
    commissions bigint[];
BEGIN
    lines := ARRAY(SELECT id FROM commerce_orderline
        WHERE network_id = wanted_network AND line_id = ANY(wanted)
        ORDER BY id FOR UPDATE);
    IF lines = '{}' THEN
        RETURN '{}';
    END IF;
    commissions := ARRAY(SELECT id FROM commerce_commission
        WHERE line_id = ANY(lines) ORDER BY id FOR UPDATE);
    RETURN json_build_object(
        'lines', (SELECT json_agg(x) FROM commerce_orderline x WHERE id = ANY(lines)),
        'commissions', (SELECT json_agg(x) FROM commerce_commission x
            WHERE id = ANY(commissions)),
        'attributions', (SELECT json_agg(x) FROM commerce_attribution x
            WHERE line_id = ANY(lines) AND is_current),
        'clicks', (SELECT json_agg(x) FROM commerce_click x WHERE id IN (
            SELECT click_id FROM commerce_attribution
            WHERE line_id = ANY(lines) AND is_current)),
        'shares', (SELECT json_agg(x ORDER BY x.id) FROM commerce_commissionshare x
            WHERE commission_id = ANY(commissions)),
        'discrepancies', (SELECT json_agg(x ORDER BY x.id) FROM commerce_discrepancy x
            WHERE line_id = ANY(lines)),
        'refunds', (SELECT json_agg(x) FROM commerce_orderrefund x
            WHERE line_id = ANY(lines)),
        'booked', (SELECT json_agg(x) FROM commerce_booked(commissions) x));
END $$;
"""

CLICKS = """
CREATE FUNCTION commerce_clicks(wanted text[], most_keys integer)
RETURNS json
LANGUAGE plpgsql STABLE
    SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    people bigint[];
BEGIN
    people := ARRAY(
        SELECT beneficiary_id FROM commerce_click WHERE id = ANY(wanted)
        UNION SELECT originator_id FROM commerce_click WHERE id = ANY(wanted));
    RETURN json_build_object(
        'clicks', (SELECT json_agg(x) FROM commerce_click x WHERE id = ANY(wanted)),
        'links', (SELECT json_agg(x) FROM commerce_trackinglink x WHERE id IN (
            SELECT link_id FROM commerce_click WHERE id = ANY(wanted))),
        'products', (SELECT json_agg(x) FROM (
            SELECT id, shop_id, title FROM pinboard_product WHERE id IN (
                SELECT product_id FROM commerce_trackinglink WHERE id IN (
                    SELECT link_id FROM commerce_click WHERE id = ANY(wanted)))) x),
        'people', (SELECT json_agg(x) FROM (
            SELECT id, is_active, closed_at FROM users_user WHERE id = ANY(people)) x),
        'keys', (SELECT json_agg(json_build_array(person, own.visitor_key))
            FROM unnest(people) AS person CROSS JOIN LATERAL (
                SELECT visitor_key FROM commerce_click
                WHERE user_id = person AND visitor_key <> ''
                ORDER BY occurred_at DESC LIMIT most_keys) AS own),
        'twins', (SELECT json_agg(json_build_array(mine.user_id, theirs.user_id))
            FROM commerce_payoutaccount mine JOIN commerce_payoutaccount theirs
                ON theirs.number = mine.number AND theirs.user_id <> mine.user_id
            WHERE mine.user_id = ANY(people)));
END $$;
"""


FUNCTIONS = [
    (REPORTS, "commerce_lock_reports(bigint, text[], text[])"),
    (BOOKED, "commerce_booked(bigint[])"),
    (LINES, "commerce_lock_lines(bigint, text[])"),
    (CLICKS, "commerce_clicks(text[], integer)"),
]


class Migration(migrations.Migration):
    dependencies = [("commerce", "0022_rights_about_statements")]
    operations = [
        migrations.AddIndex(
            "payoutaccount",
            models.Index(fields=["number"], name="payout_account_number"),
        ),
        *(migrations.RunSQL(make, f"DROP FUNCTION {name}") for make, name in FUNCTIONS),
    ]
