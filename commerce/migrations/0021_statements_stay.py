"""What a network said stays as it was said, who resolved what stays too, and nothing of
a statement moves any more once it is approved. Row triggers, as in migration 0004.
"""

from django.db import migrations

# A line's facts are the columns that its trigger names; an update of others, such as
# the matching of a hundred thousand lines, costs nothing.
FORWARD = """
CREATE FUNCTION commerce_facts_stay() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) = to_jsonb(NEW) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: its facts stay', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'facts_stay';
END $$;

CREATE TRIGGER facts_stay
    BEFORE DELETE OR UPDATE OF id, statement_id, line_no, line_id, order_id, status,
        currency, paid_minor, settled_minor, fee_minor, tech_fee_minor, pays_minor,
        rate_bp, ordered_at, settled_at, raw
    ON commerce_statementline
    FOR EACH ROW EXECUTE FUNCTION commerce_facts_stay();

CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_lineresolution
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();

CREATE FUNCTION commerce_guard_statement() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state <> 'approved' AND NEW.state <> 'draft'
        AND (NEW.id, NEW.network_id, NEW.month, NEW.currency, NEW.sha256,
             NEW.imported_by_id)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.network_id, OLD.month, OLD.currency, OLD.sha256,
             OLD.imported_by_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of statement %, which is %, is refused', TG_OP, OLD.id, OLD.state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_stays';
END $$;

CREATE TRIGGER guard_statement BEFORE UPDATE OR DELETE ON commerce_statement
    FOR EACH ROW EXECUTE FUNCTION commerce_guard_statement();

CREATE FUNCTION commerce_guard_statement_file() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM commerce_statement WHERE id = OLD.statement_id AND state = 'draft'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% of the file of statement % is refused', TG_OP, OLD.statement_id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_file_stays';
END $$;

CREATE TRIGGER guard_statement_file BEFORE UPDATE OR DELETE ON commerce_statementfile
    FOR EACH ROW EXECUTE FUNCTION commerce_guard_statement_file();
"""

BACKWARD = """
DROP TRIGGER guard_statement_file ON commerce_statementfile;
DROP FUNCTION commerce_guard_statement_file();
DROP TRIGGER guard_statement ON commerce_statement;
DROP FUNCTION commerce_guard_statement();
DROP TRIGGER only_appended ON commerce_lineresolution;
DROP TRIGGER facts_stay ON commerce_statementline;
DROP FUNCTION commerce_facts_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0020_statements")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
