from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from users.actions import create_api_token
from users.models import Scope, User


class Command(BaseCommand):
    help = "Make an API token for a person and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        known = ",".join(Scope.values)
        parser.add_argument("user", help="user name")
        parser.add_argument("--scopes", default=Scope.READ.value, help=f"of {known}")
        parser.add_argument("--name", default="command line")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody here is called {options['user']}.")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope]
        try:
            secret = create_api_token(user=user, scopes=scopes, name=options["name"])
        except ValueError as error:
            known = ", ".join(Scope.values)
            raise CommandError(f"{error}. Scopes are {known}.") from error
        self.stdout.write(secret)
