"""What reviewers may do, no more: they see all of commerce and decide about money."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

SEEN = [
    "account", "attribution", "click", "commission", "commissionevent",
    "commissionshare", "discrepancy", "entry", "journal", "network", "observation",
    "orderline", "orderrefund", "parkedobservation", "payout", "payoutaccount",
    "payoutbatch", "payoutline", "period", "programme", "ratecard", "splitrule",
    "trackinglink",
]
RIGHTS = [
    *(f"view_{name}" for name in SEEN),
    "review_commission",
    "approve_payoutbatch",
    "add_payoutbatch",
    "change_payoutbatch",
    "change_discrepancy",
]


def permissions_of(apps, schema_editor):
    # Permissions come with post_migrate, which is after this migration on a new
    # database, so they are made here.
    for label in ("commerce", "users"):
        config = apps.get_app_config(label)
        config.models_module = True  # a stub of a historic app says it has none
        create_permissions(
            config, apps=apps, verbosity=0, using=schema_editor.connection.alias
        )
        config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    return [
        *permissions.filter(content_type__app_label="commerce", codename__in=RIGHTS),
        *permissions.filter(content_type__app_label="users", codename="view_user"),
    ]


def grant(apps, schema_editor):
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Reviewers")
    group.permissions.add(*permissions_of(apps, schema_editor))


def withdraw(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name="Reviewers"):
        group.permissions.remove(*permissions_of(apps, schema_editor))


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0006_commission_approved_at"),
        ("users", "0002_reviewers"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(grant, withdraw)]
