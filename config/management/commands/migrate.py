"""Django's own, by the owner of the tables; what is new is the application's to use."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from commerce.ledger.rights import as_owner, give_rights


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own
        with as_owner() as application:
            super().handle(*args, **options)
            if application and not options["plan"]:
                give_rights(application)
