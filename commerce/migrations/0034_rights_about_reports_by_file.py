"""Reviewers import reports of networks from files."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = ["view_reportimport", "add_reportimport"]


def permissions_of(apps, schema_editor):
    # As in migration 0007: on a new database they would come after this migration.
    config = apps.get_app_config("commerce")
    config.models_module = True
    create_permissions(
        config, apps=apps, verbosity=0, using=schema_editor.connection.alias
    )
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    return permissions.filter(content_type__app_label="commerce", codename__in=RIGHTS)


def grant(apps, schema_editor):
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Reviewers")
    group.permissions.add(*permissions_of(apps, schema_editor))


def withdraw(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Reviewers"):
        group.permissions.remove(*permissions_of(apps, schema_editor))


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0033_reports_by_file"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(grant, withdraw)]
