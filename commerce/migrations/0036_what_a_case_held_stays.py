"""What a case held is only appended, as its signals and events are."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_casecommission
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
"""
BACKWARD = "DROP TRIGGER only_appended ON commerce_casecommission;"


class Migration(migrations.Migration):
    dependencies = [("commerce", "0035_cases_say_when")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
