"""Stands in for Django's own, which needs msgfmt."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.words import compile_words


class Command(BaseCommand):
    help = "Compile the translations that are newer than what was compiled of them."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        for po in compile_words():
            self.stdout.write(f"Compiled {po}")
