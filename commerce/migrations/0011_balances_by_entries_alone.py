"""Balances are moved with the rights of the tables' owner, so that the application needs
none to change them: the depth of a trigger alone can be imitated by a trigger of one's
own on a temporary table."""

from django.db import migrations

FORWARD = """
ALTER FUNCTION commerce_keep_balance()
    SECURITY DEFINER SET search_path = public, pg_temp;
"""
BACKWARD = """
ALTER FUNCTION commerce_keep_balance() SECURITY INVOKER RESET search_path;
"""


class Migration(migrations.Migration):
    dependencies = [("commerce", "0010_where_a_payout_went")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
