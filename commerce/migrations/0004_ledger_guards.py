"""What the ledger promises, promised by PostgreSQL: whoever holds the connection.

Row triggers alone. TRUNCATE is kept from the application by its rights (see
docs/operations.md): a trigger on it would break every TransactionTestCase.
"""

from django.db import migrations

# The entries of a journal are counted, because a balanced pair appended later would
# leave its sum at zero. Counting survives a dump and restore, transaction ids do not.
BALANCE = """
CREATE FUNCTION commerce_check_journal(wanted bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    journal commerce_journal%ROWTYPE;
    entries bigint;
    currencies bigint;
    total numeric;
BEGIN
    SELECT * INTO journal FROM commerce_journal WHERE id = wanted;
    SELECT count(*), count(DISTINCT currency), coalesce(sum(amount_minor), 0)
        INTO entries, currencies, total
        FROM commerce_entry WHERE journal_id = wanted;
    IF entries < 2 THEN
        RAISE EXCEPTION 'journal % has % entries', journal.key, entries
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_has_two_entries';
    END IF;
    IF entries <> journal.entry_count THEN
        RAISE EXCEPTION 'journal % was written with % entries, not %',
            journal.key, journal.entry_count, entries
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_is_sealed';
    END IF;
    IF currencies <> 1 THEN
        RAISE EXCEPTION 'journal % mixes currencies', journal.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_has_one_currency';
    END IF;
    IF total <> 0 THEN
        RAISE EXCEPTION 'journal % is off by %', journal.key, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_balances';
    END IF;
    IF journal.reverses_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM (
            SELECT account_id, amount_minor FROM commerce_entry
                WHERE journal_id = journal.reverses_id
            UNION ALL
            SELECT account_id, amount_minor FROM commerce_entry
                WHERE journal_id = wanted
        ) AS both_sides
        GROUP BY account_id HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'journal % is not the negation of what it reverses', journal.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_is_exact';
    END IF;
END $$;

CREATE FUNCTION commerce_journal_written() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commerce_check_journal(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION commerce_entry_written() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commerce_check_journal(NEW.journal_id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON commerce_journal
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION commerce_journal_written();
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON commerce_entry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION commerce_entry_written();

ALTER TABLE commerce_entry ADD CONSTRAINT entry_has_the_currency_of_its_account
    FOREIGN KEY (account_id, currency) REFERENCES commerce_account (id, currency);
ALTER TABLE commerce_journal ADD CONSTRAINT reversal_names_what_it_reverses
    CHECK ((kind IN ('REVERSE', 'PAYOUT_FAIL')) = (reverses_id IS NOT NULL));
"""

BALANCE_BACK = """
ALTER TABLE commerce_journal DROP CONSTRAINT reversal_names_what_it_reverses;
ALTER TABLE commerce_entry DROP CONSTRAINT entry_has_the_currency_of_its_account;
DROP TRIGGER entry_balances ON commerce_entry;
DROP TRIGGER journal_balances ON commerce_journal;
DROP FUNCTION commerce_entry_written();
DROP FUNCTION commerce_journal_written();
DROP FUNCTION commerce_check_journal(bigint);
"""

# The arguments of a trigger name the columns that may change, each into "nothing":
# that is how the purge and the erasure of an account blank a click.
APPEND_ONLY = """
CREATE FUNCTION commerce_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    later jsonb;
    field text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        later := to_jsonb(NEW);
        FOREACH field IN ARRAY coalesce(TG_ARGV, '{}') LOOP
            IF later -> field IS NOT DISTINCT FROM before -> field
                OR later -> field IN ('null'::jsonb, '""'::jsonb, 'false'::jsonb) THEN
                before := before - field;
                later := later - field;
            END IF;
        END LOOP;
        IF before = later THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: its rows are only appended',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rows_are_only_appended';
END $$;

CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_journal
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_entry
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_observation
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_commissionevent
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_attribution
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only('is_current');
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_click
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only(
        'user_id', 'visitor_key', 'ip_prefix', 'ip_hash', 'ua_family', 'referer_host');
"""

APPEND_ONLY_BACK = """
DROP TRIGGER only_appended ON commerce_click;
DROP TRIGGER only_appended ON commerce_attribution;
DROP TRIGGER only_appended ON commerce_commissionevent;
DROP TRIGGER only_appended ON commerce_observation;
DROP TRIGGER only_appended ON commerce_entry;
DROP TRIGGER only_appended ON commerce_journal;
DROP FUNCTION commerce_append_only();
"""

# FOR SHARE: postings do not wait for each other, a closing waits for all of them, and
# a posting that waited for a closing sees the closed row.
PERIOD = """
CREATE FUNCTION commerce_period_is_open() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    closed timestamptz;
BEGIN
    SELECT closed_at INTO closed FROM commerce_period
        WHERE id = NEW.period_id FOR SHARE;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'the period of journal % is closed', NEW.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'period_is_open';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION commerce_closed_is_closed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'period % is closed', OLD.starts_on
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'closed_period_stays';
END $$;

CREATE TRIGGER period_is_open BEFORE INSERT ON commerce_journal
    FOR EACH ROW EXECUTE FUNCTION commerce_period_is_open();
CREATE TRIGGER closed_is_closed BEFORE UPDATE OR DELETE ON commerce_period
    FOR EACH ROW EXECUTE FUNCTION commerce_closed_is_closed();
"""

PERIOD_BACK = """
DROP TRIGGER closed_is_closed ON commerce_period;
DROP TRIGGER period_is_open ON commerce_journal;
DROP FUNCTION commerce_closed_is_closed();
DROP FUNCTION commerce_period_is_open();
"""

# The depth tells the entry's trigger (2) from a statement of somebody's own (1).
ACCOUNT = """
CREATE FUNCTION commerce_keep_balance() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE commerce_account SET balance_minor = balance_minor + NEW.amount_minor
        WHERE id = NEW.account_id;
    RETURN NULL;
END $$;

CREATE FUNCTION commerce_guard_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.balance_minor = 0 THEN
            RETURN NEW;
        END IF;
    ELSIF (NEW.id, NEW.kind, NEW.key, NEW.currency, NEW.user_id)
            IS NOT DISTINCT FROM (OLD.id, OLD.kind, OLD.key, OLD.currency, OLD.user_id)
        AND (NEW.balance_minor = OLD.balance_minor OR pg_trigger_depth() > 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'account %:% is moved by entries alone', NEW.kind, NEW.key
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'balance_is_of_entries';
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON commerce_entry
    FOR EACH ROW EXECUTE FUNCTION commerce_keep_balance();
CREATE TRIGGER guard_account BEFORE INSERT OR UPDATE ON commerce_account
    FOR EACH ROW EXECUTE FUNCTION commerce_guard_account();
"""

ACCOUNT_BACK = """
DROP TRIGGER guard_account ON commerce_account;
DROP TRIGGER keep_balance ON commerce_entry;
DROP FUNCTION commerce_guard_account();
DROP FUNCTION commerce_keep_balance();
"""

SHARES = """
CREATE FUNCTION commerce_check_shares(wanted bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    net bigint;
    total numeric;
BEGIN
    SELECT net_minor INTO net FROM commerce_commission WHERE id = wanted;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO total
        FROM commerce_commissionshare WHERE commission_id = wanted;
    IF total <> net THEN
        RAISE EXCEPTION 'the shares of commission % sum to %, not %', wanted, total, net
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_sum_to_net';
    END IF;
END $$;

CREATE FUNCTION commerce_commission_written() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM commerce_check_shares(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION commerce_share_written() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM commerce_check_shares(OLD.commission_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM commerce_check_shares(NEW.commission_id);
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER shares_sum_to_net
    AFTER INSERT OR UPDATE OF net_minor ON commerce_commission
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION commerce_commission_written();
CREATE CONSTRAINT TRIGGER shares_sum_to_net
    AFTER INSERT OR UPDATE OR DELETE ON commerce_commissionshare
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION commerce_share_written();
"""

SHARES_BACK = """
DROP TRIGGER shares_sum_to_net ON commerce_commissionshare;
DROP TRIGGER shares_sum_to_net ON commerce_commission;
DROP FUNCTION commerce_share_written();
DROP FUNCTION commerce_commission_written();
DROP FUNCTION commerce_check_shares(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0003_first_split_rule")]
    operations = [
        migrations.RunSQL(forward, backward)
        for forward, backward in [
            (BALANCE, BALANCE_BACK),
            (APPEND_ONLY, APPEND_ONLY_BACK),
            (PERIOD, PERIOD_BACK),
            (ACCOUNT, ACCOUNT_BACK),
            (SHARES, SHARES_BACK),
        ]
    ]
