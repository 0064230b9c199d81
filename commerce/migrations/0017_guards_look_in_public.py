"""Guards read the tables of the site, and no temporary ones of the same names.

Whoever holds the connection may make a temporary commerce_journal, and PostgreSQL looks
there first: the guard of the real one would have been shown a balance that is not there.
"""

from django.db import migrations

GUARDS = [
    "commerce_check_journal(bigint)",
    "commerce_check_shares(bigint)",
    "commerce_period_is_open()",
]


class Migration(migrations.Migration):
    dependencies = [("commerce", "0016_rights_about_write_offs")]
    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {guard} SET search_path = public, pg_temp",
            f"ALTER FUNCTION {guard} RESET search_path",
        )
        for guard in GUARDS
    ]
