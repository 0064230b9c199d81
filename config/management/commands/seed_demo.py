"""Makes a lively demo, once, and writes the file by which programs drive it."""

from __future__ import annotations

import json
import os
import random
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from config.demo import baskets, claims, gifts, shoppable, statements, trade
from config.demo import stage as staging
from config.demo.goods import find_goods
from config.demo.suggestions import make_suggestions
from users.actions import create_api_token
from users.models import Scope, User

WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor"]
WITH_TOKENS = ("alice", "bob", "rita", "rosa", "ruth")
LARGE = 6  # how many times as much trade the large demo has


class Command(BaseCommand):
    help = "Fill an empty site with invented people, shops, pins and weeks of orders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photos", type=Path, help="a folder of photographs")
        parser.add_argument("--catalogue", type=Path, help="a CSV that describes them")
        parser.add_argument("--size", choices=["small", "large"], default="small")
        parser.add_argument("--force", action="store_true", help="even without DEBUG")

    def handle(self, **options: Any) -> None:
        if not settings.DEBUG and not options["force"]:
            raise CommandError(
                "This site is not in DEBUG mode. A demo has public passwords: "
                "add --force if that is what you want."
            )
        if User.objects.exists():
            raise CommandError(
                "This site has people already. A demo needs an empty one."
            )
        if bool(options["photos"]) != bool(options["catalogue"]):
            raise CommandError("Give --photos and --catalogue together.")
        passwords = {name: _password() for name in staging.usernames()}
        with transaction.atomic():
            made = staging.Stage(
                chance=random.Random(20),  # noqa: S311  repeatable, no secret
                goods=[],
            )
            self._say("Inviting people")
            staging.make_people(made, passwords)
            staging.make_shops(made)
            staging.make_boards(made)
        self._say("Looking for photographs")
        made.goods = find_goods(options["photos"], options["catalogue"])
        for done in staging.make_pictures(made):
            if done % 10 == 0 or done == len(made.goods):
                self._say(f"Pictures: {done} of {len(made.goods)}")
        shoppable.paint_pages(made)
        with transaction.atomic():
            self._say("Opening shops")
            programmes = trade.make_programmes(made)
            staging.make_products(made)
            self._say("Pinning")
            staging.make_pins(made)
            shoppable.pin_pages(made)
            staging.make_company(made)
            make_suggestions(made)
            baskets.make_baskets(made)
            gifts.make_gifts(made)
        trade.stock_marketplace(made, programmes)
        self._say("Weeks of clicks and orders")
        trade.make_trade(made, weight=LARGE if options["size"] == "large" else 1)
        statements.make_statement(made)
        claims.make_claims(made)
        self._write_demo_file(passwords, programmes)
        self._say("The demo is ready.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _write_demo_file(
        self, passwords: dict[str, str], programmes: list[trade.DemoProgramme]
    ) -> None:
        accounts = {}
        for name, password in passwords.items():
            accounts[name] = {"password": password}
            if name in WITH_TOKENS:
                accounts[name]["token"] = create_api_token(
                    user=User.objects.get(username=name),
                    scopes=Scope.values,
                    name="demo",
                )
        content = {
            "url": settings.SITE_URL,
            "marketplace_url": settings.MARKETPLACE_URL,
            "accounts": accounts,
            "programmes": [programme.for_demo_file() for programme in programmes],
        }
        path = settings.DATA_DIR / "demo.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2, ensure_ascii=False)


def _password() -> str:
    """Easy to type, hard to guess from outside: three words and a number."""
    words = [secrets.choice(WORDS) for _ in range(3)]
    return "-".join([*words, str(secrets.randbelow(9000) + 1000)])
