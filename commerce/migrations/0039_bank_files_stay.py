"""What a bank answered is evidence: the file stays as it came, and who applied it first
and when is said once."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER facts_stay
    BEFORE DELETE OR UPDATE OF id, batch_id, sha256, rows, uploaded_by_id, uploaded_at
    ON commerce_bankfile
    FOR EACH ROW EXECUTE FUNCTION commerce_facts_stay();

CREATE FUNCTION commerce_said_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it was said once', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'said_once';
END $$;

CREATE TRIGGER said_once BEFORE UPDATE OF applied_by_id, applied_at
    ON commerce_bankfile FOR EACH ROW
    WHEN (OLD.applied_at IS NOT NULL
        AND (OLD.applied_at, OLD.applied_by_id)
            IS DISTINCT FROM (NEW.applied_at, NEW.applied_by_id))
    EXECUTE FUNCTION commerce_said_once();
"""

BACKWARD = """
DROP TRIGGER said_once ON commerce_bankfile;
DROP FUNCTION commerce_said_once();
DROP TRIGGER facts_stay ON commerce_bankfile;
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0038_shares_in_suspense")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
