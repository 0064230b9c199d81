from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commerce.ledger.rights import as_owner, current_role, give_rights


class Command(BaseCommand):
    help = (
        "Give the application's database role what it needs and no more. `migrate`"
        " does it by itself where MIGRATE_DATABASE_URL is set."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", nargs="?", help="usually that of DATABASE_URL")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own
        with as_owner() as application:
            role = options["role"] or application
            if not role:
                raise CommandError("Set MIGRATE_DATABASE_URL, or name the role.")
            if role == current_role():
                raise CommandError("An owner cannot give up its own rights.")
            give_rights(role)
        self.stdout.write(f"{role} appends to the ledger and changes nothing.")
