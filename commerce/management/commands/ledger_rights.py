from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from psycopg2 import sql

from commerce.models import (
    Attribution,
    Click,
    CommissionEvent,
    Entry,
    Journal,
    Observation,
)

APPENDED = [Journal, Entry, Observation, CommissionEvent]
BLANKED = [Attribution, Click]  # a flag that falls, fields that are blanked


class Command(BaseCommand):
    help = (
        "Give the application's database role what it needs and no more: run as the"
        " owner of the tables, after each migration. TRUNCATE has no trigger; this"
        " is what refuses it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role in the application's DATABASE_URL")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own
        role = sql.Identifier(options["role"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            if cursor.fetchone()[0] == options["role"]:
                raise CommandError("An owner cannot give up its own rights.")
            for statement in STATEMENTS:
                cursor.execute(sql.SQL(statement).format(role=role))
            for models, rights in ((APPENDED, "UPDATE, DELETE"), (BLANKED, "DELETE")):
                for model in models:
                    table = sql.Identifier(model._meta.db_table)
                    revoke = sql.SQL(f"REVOKE {rights} ON {{table}} FROM {{role}}")
                    cursor.execute(revoke.format(table=table, role=role))
            for statement in BALANCES:
                cursor.execute(sql.SQL(statement).format(role=role))
        self.stdout.write(
            f"{options['role']} appends to the ledger and changes nothing."
        )


STATEMENTS = [
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
]

# Accounts are locked, for which a right to one column is needed; the guard lets none of
# them change, and balances are moved by the entries' trigger with the owner's rights.
BALANCES = [
    "REVOKE UPDATE ON commerce_account FROM {role}",
    "GRANT UPDATE (id) ON commerce_account TO {role}",
]
