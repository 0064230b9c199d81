"""Signals and what happened to cases are only appended."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_risksignal
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_riskcaseevent
    FOR EACH ROW EXECUTE FUNCTION commerce_append_only();
"""
BACKWARD = """
DROP TRIGGER only_appended ON commerce_risksignal;
DROP TRIGGER only_appended ON commerce_riskcaseevent;
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0029_risk_cases")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
