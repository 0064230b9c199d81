from datetime import UTC, datetime

from django.db import migrations

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def add_rule(apps, schema_editor):
    apps.get_model("commerce", "SplitRule").objects.get_or_create(
        version=1, defaults={"valid": (SINCE, None)}
    )


class Migration(migrations.Migration):
    dependencies = [("commerce", "0002_initial")]
    operations = [migrations.RunPython(add_rule, migrations.RunPython.noop)]
