from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from users.actions import close_account
from users.exceptions import AccountStays
from users.models import User


class Command(BaseCommand):
    help = "Close an account for good, at the request of the person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument(
            "--yes", action="store_true", help="without it, only say what would happen"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        name = options["user"]
        user = User.objects.filter(username=name, closed_at=None).first()
        if user is None:
            raise CommandError(f"Nobody here is called {name}.")
        if not options["yes"]:
            self.stdout.write(
                f"{name} would be closed: boards, pins and words gone at once, files "
                "within a day, unpaid shares given up. Say --yes to do it."
            )
            return
        try:
            closed = close_account(user=user)
        except AccountStays as error:
            raise CommandError(str(error.for_user)) from error
        self.stdout.write(f"{name} is closed; the books know it as {closed.username}.")
