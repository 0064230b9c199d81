"""Balances move once for all entries of a statement, and not once for each.

The account of a network's debt and that of the site's share are in every journal of a
page of orders: a thousand versions of one row in one transaction, each longer to find
than the last. The accounts are locked lowest id first, so that two who post at once wait
for each other in one direction only.
"""

from django.db import migrations

FORWARD = """
DROP TRIGGER keep_balance ON commerce_entry;

CREATE OR REPLACE FUNCTION commerce_keep_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM commerce_account
        WHERE id IN (SELECT account_id FROM posted)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE commerce_account SET balance_minor = balance_minor + moved.amount_minor
        FROM (
            SELECT account_id, sum(amount_minor)::bigint AS amount_minor
            FROM posted GROUP BY account_id
        ) AS moved
        WHERE id = moved.account_id;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON commerce_entry
    REFERENCING NEW TABLE AS posted
    FOR EACH STATEMENT EXECUTE FUNCTION commerce_keep_balance();
"""

BACKWARD = """
DROP TRIGGER keep_balance ON commerce_entry;

CREATE OR REPLACE FUNCTION commerce_keep_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE commerce_account SET balance_minor = balance_minor + NEW.amount_minor
        WHERE id = NEW.account_id;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON commerce_entry
    FOR EACH ROW EXECUTE FUNCTION commerce_keep_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0013_indexes_of_the_queue")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
