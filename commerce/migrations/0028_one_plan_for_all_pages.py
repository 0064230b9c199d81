"""Plans are kept whatever a page holds. Left to itself PostgreSQL plans most statements
of these functions for each array anew: it expects less of arrays that it has seen, but
to plan a look costs three times the look."""

from django.db import migrations

FUNCTIONS = (
    "commerce_lock_reports(bigint, text[], text[])",
    "commerce_booked(bigint[])",
    "commerce_lock_lines(bigint, text[])",
    "commerce_clicks(text[], integer)",
    "commerce_door(text)",
)


class Migration(migrations.Migration):
    dependencies = [("commerce", "0027_rights_about_claims")]
    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {name} SET plan_cache_mode = force_generic_plan",
            f"ALTER FUNCTION {name} RESET plan_cache_mode",
        )
        for name in FUNCTIONS
    ]
