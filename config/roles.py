"""The two roles of the embedded PostgreSQL: the owner of the tables, who migrates, and
the application, which may not change what the ledger holds.

Each has a password, kept beside the cluster where only we can read it. A cluster that
has no such file, new or from before there were two roles, lets us in without until the
passwords are made; nobody else reaches its socket.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

OWNER = "pinboard"
APPLICATION = "pinboard_app"
DATABASE = "pinboard"

WITH_PASSWORD = "local all all scram-sha-256\n"  # noqa: S105  a rule, no secret
WITHOUT = "local all all trust\n"


def forget_passwords(folder: Path) -> None:
    """Those of a cluster that stood in this folder before."""
    _path(folder).unlink(missing_ok=True)


def _path(folder: Path) -> Path:
    return folder.with_suffix(".json")


@dataclass
class Roles:
    """Of the cluster in `folder`, whose socket is in `sockets`."""

    folder: Path
    sockets: Path
    passwords: dict[str, str] = field(init=False)
    are_new: bool = field(init=False)

    def __post_init__(self) -> None:
        self.are_new = not _path(self.folder).exists()
        self.passwords = (
            {role: secrets.token_urlsafe(24) for role in (OWNER, APPLICATION)}
            if self.are_new
            else json.loads(_path(self.folder).read_text())
        )

    def url_of(self, role: str) -> str:
        place = quote(str(self.sockets), safe="")
        return f"postgres://{role}:{self.passwords[role]}@{place}/{DATABASE}"

    def let_us_in(self) -> None:
        """Before the start: a cluster whose passwords nobody knows asks for none."""
        if self.are_new:
            self._access.write_text(WITHOUT)

    def make(self) -> bool:
        """Database and roles, once. False while PostgreSQL does not answer."""
        import psycopg2  # not needed, nor perhaps there, where DATABASE_URL is set

        try:
            connection = psycopg2.connect(
                host=str(self.sockets),
                user=OWNER,
                password=self.passwords[OWNER],
                dbname="postgres",
            )
        except psycopg2.OperationalError:
            return False
        connection.autocommit = True  # as CREATE DATABASE wants it
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            if (DATABASE,) not in cursor.fetchall():
                cursor.execute(f"CREATE DATABASE {DATABASE}")
            if not _path(self.folder).exists():
                self._set_passwords(cursor)
        connection.close()
        return True

    def _set_passwords(self, cursor: Cursor) -> None:
        cursor.execute("SELECT rolname FROM pg_roles")
        if (APPLICATION,) not in cursor.fetchall():
            cursor.execute(f"CREATE ROLE {APPLICATION} LOGIN")
        for role, password in self.passwords.items():
            cursor.execute(f"ALTER ROLE {role} PASSWORD %s", [password])
        self._access.write_text(WITH_PASSWORD)
        cursor.execute("SELECT pg_reload_conf()")
        # Last: where it is missing, all of this is done again.
        descriptor = os.open(
            _path(self.folder), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
        )
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.passwords, file)

    @property
    def _access(self) -> Path:
        return self.folder / "pg_hba.conf"
