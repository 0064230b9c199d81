"""Django's own, by the owner of the tables: nobody else may truncate one."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from commerce.ledger.rights import as_owner


class Command(flush.Command):
    def handle(self, **options: Any) -> None:  # Any: Django's own
        with as_owner():
            super().handle(**options)
