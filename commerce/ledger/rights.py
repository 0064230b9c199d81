"""What the application's role in the database may do with the tables of their owner.

Triggers guard the rows, and whoever owns a table can switch them off. So two roles
share the database where MIGRATE_DATABASE_URL names the owner: it migrates, the other
uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2 import sql

OF_THE_OWNER = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


@contextmanager
def as_owner() -> Iterator[str]:
    """Speak to the database as the owner of its tables. Gives the role of the
    application, or nothing where both are one."""
    if settings.MIGRATE_DATABASE is None:
        yield ""
        return
    application, known = current_role(), connection.settings_dict
    owner = {name: settings.MIGRATE_DATABASE[name] for name in OF_THE_OWNER}
    try:
        connection.close()
        connection.settings_dict = known | owner
        yield "" if current_role() == application else application
    finally:
        connection.close()
        connection.settings_dict = known


def current_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role: str = cursor.fetchone()[0]
    return role


@transaction.atomic
def give_rights(role: str) -> None:
    """What the application needs and no more. Run as the owner; others see no moment in
    which a right is missing.

    Which rows are only appended is read from their guards, so that a new table with one
    needs no word here.
    """
    with connection.cursor() as cursor:
        for text in EVERYDAY:
            _run(cursor, text, role=role)
        # `migrate users` makes a few of them alone.
        there = connection.introspection.table_names(cursor)
        for table, text in OF_SOME_TABLES:
            if table in there:
                _run(cursor, text, role=role, table=table)
        for table, may_be_blanked in _rows_of(cursor, GUARDED):
            _run(cursor, "REVOKE UPDATE, DELETE ON {table} FROM {role}", role, table)
            for column in may_be_blanked:
                text = "GRANT UPDATE ({column}) ON {table} TO {role}"
                _run(cursor, text, role, table, column)
        for (function,) in _rows_of(cursor, TRUSTED):
            cursor.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")


def _run(
    cursor: CursorWrapper, text: str, role: str, table: str = "", column: str = ""
) -> None:
    names = {"role": role, "table": table, "column": column}
    parts = {part: sql.Identifier(name) for part, name in names.items()}
    cursor.execute(sql.SQL(text).format(**parts))


def _rows_of(cursor: CursorWrapper, query: str) -> list[Any]:
    cursor.execute(query)
    rows: list[Any] = cursor.fetchall()  # Any: tuples, each query its own
    return rows


EVERYDAY = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # Of tables to come, for the moment until these rights are given again.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
    " GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
OF_SOME_TABLES = (
    ("django_migrations", "REVOKE INSERT, UPDATE, DELETE ON {table} FROM {role}"),
    ("commerce_period", "REVOKE DELETE ON {table} FROM {role}"),
    # Accounts are locked, for which a right to one column is needed; the guard lets
    # none of them change, and the entries' trigger moves balances as their owner.
    ("commerce_account", "REVOKE UPDATE, DELETE ON {table} FROM {role}"),
    ("commerce_account", "GRANT UPDATE (id) ON {table} TO {role}"),
)

# The arguments of the first guard are the columns that may be blanked; the second one
# names those that may not change.
GUARDED = """
SELECT t.tgrelid::regclass::text,
    CASE WHEN t.tgnargs = 0 THEN '{}' ELSE
        trim_array(string_to_array(encode(t.tgargs, 'escape'), '\\000'), 1)
    END
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'commerce_append_only' AND NOT t.tgisinternal
UNION ALL
SELECT t.tgrelid::regclass::text, array_agg(a.attname::text)
FROM pg_trigger t
JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum > 0
WHERE p.proname = 'commerce_facts_stay' AND NOT t.tgisinternal
  AND NOT a.attisdropped AND NOT a.attnum = ANY (t.tgattr::int2[])
GROUP BY t.tgrelid
"""

# Functions with the rights of their owner. Whoever may execute one can hang it on a
# temporary table of their own, and moves balances without an entry.
TRUSTED = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
"""
