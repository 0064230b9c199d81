"""What a pin from a saved page would offer. Nothing is fetched."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pinboard.sources.extract import read_page

_GZIP = b"\x1f\x8b"


class Command(BaseCommand):
    help = "Read a saved product page and print its facts as JSON."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.html[.gz]")
        parser.add_argument("--url", required=True, help="the address it came from")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's signature
        try:
            content = options["file"].read_bytes()
            if content.startswith(_GZIP):
                content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        facts = read_page(content, options["url"])
        self.stdout.write(json.dumps(facts.to_json(), ensure_ascii=False, indent=2))
