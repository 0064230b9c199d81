"""Starts the whole site on this machine, and stops all of it again."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management.base import BaseCommand

from config import stack as site
from config.children import StackError
from config.childwatch import die_with_parent
from config.datadir import first_start, leave_note, lock
from config.environment import env
from config.stack import Stack
from config.words import compile_words

PLAYERS = {
    "alice": "pins and earns",
    "bob": "buys",
    "rita": "keeps a shop: /studio/",
    "rosa": "reviews commissions: /admin/",
    "ruth": "reviews, and approves what rosa prepares",
}


class Stopped(BaseException):
    """Somebody asked us to stop. No Exception, so that nothing on the way eats it."""


class Command(BaseCommand):
    help = "Start the servers, the worker, the marketplace and the web server."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        if "MAKELEVEL" in os.environ:
            die_with_parent(signal.SIGTERM)  # `make run` that is killed takes us along
        try:
            with lock(settings.DATA_DIR, self._say) as held_fd:
                self._run(held_fd)
        except StackError as error:
            sys.exit(str(error))
        except Stopped:
            self._say("Stopped.")

    def _run(self, held_fd: int) -> None:
        port = settings.PORT
        for number in (port, port + 1):
            if site.is_taken(number, settings.BIND_HOST):
                raise StackError(
                    f"Port {number} is in use. Stop what uses it, or choose another "
                    f"port: PORT={number + 10}."
                )
        child_env = site.environment(settings.DATA_DIR)
        is_embedded = not child_env.get("DATABASE_URL")
        stack = Stack(settings.DATA_DIR, self._say, held_fd, child_env)
        try:
            with first_start(settings.DATA_DIR, is_embedded=is_embedded):
                self._start(stack)
            self._welcome(stack)
            stack.watch()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, lambda *_: stack.kill())
            self._say("Stopping")
            stack.stop()

    def _start(self, stack: Stack) -> None:
        started = time.monotonic()
        stack.start_servers()
        read_by_settings = stack.env.keys() & env.dump().keys()
        leave_note(stack.data_dir, {name: stack.env[name] for name in read_by_settings})
        self._prepare(stack)
        self._say("Starting the marketplace")
        stack.start_services(site.marketplace(stack, stack.port + 1))
        self._say("Starting worker and scheduler")
        stack.start_services(*site.workers(stack))
        if stack.env["DEMO"] == "1":
            self._seed(stack)
        self._say("Starting the web server")
        stack.start_services(site.web(stack))
        self._say(f"Ready after {time.monotonic() - started:.0f} s")

    def _prepare(self, stack: Stack) -> None:
        """Bring the database and the static files up to the code, side by side."""
        compile_words()
        errands = [site.manage(stack, "migrate", "--no-input")]
        stamp, now = stack.data_dir / "static-stamp", static_stamp()
        is_stale = not stamp.exists() or stamp.read_text() != now
        if is_stale:
            errands.append(site.manage(stack, "collectstatic", "--no-input"))
        self._say("Migrating the database, collecting static files")
        stack.run_errands(*errands)
        stamp.write_text(now)

    def _seed(self, stack: Stack) -> None:
        if (stack.data_dir / "demo.json").exists():
            return
        self._say("Seeding the demo, this once")
        errand = site.manage(stack, "seed_demo", "--force")
        stack.services.append(errand)
        errand.launch()
        errand.finish(say=lambda line: self._say(f"  {line}"))
        stack.services.remove(errand)

    def _welcome(self, stack: Stack) -> None:
        lines = ["", f"Pinboard: {stack.env['SITE_URL']}/"]
        demo = stack.data_dir / "demo.json"
        if stack.env["DEMO"] == "1" and demo.exists():
            lines += demo_lines(json.loads(demo.read_text()), stack.env)
        lines += ["", f"Logs: {stack.data_dir / 'logs'}", "Stop with Ctrl-C.", ""]
        for line in lines:
            self._say(line)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def static_stamp() -> str:
    """Changes with any static file: collecting them is most of a start's work."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(None):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _stop(*_signal: object) -> None:
    raise Stopped


def demo_lines(demo: dict[str, Any], env: dict[str, str]) -> list[str]:
    """The accounts and three things to try. `Any`: JSON."""
    lines = ["", "Demo accounts:"]
    lines += [
        f"  {name:<7}{demo['accounts'][name]['password']:<28}{what}"
        for name, what in PLAYERS.items()
    ]
    lines += [
        "",
        "Three things to try:",
        "  1. Log in as alice, save a pin to a board of yours, follow its pinner.",
        "  2. As bob, press Buy on a pin of alice's and pay on the marketplace; some",
        f"     15 seconds later alice finds her share at {env['SITE_URL']}/earnings/",
        f"  3. As rosa, approve that commission: {env['SITE_URL']}/admin/",
    ]
    if demo.get("url") != env["SITE_URL"]:
        lines += [
            "",
            f"This demo was made for {demo.get('url')}: its marketplace links lead to",
            "that port. Use the same PORT again, or another DATA_DIR.",
        ]
    return lines
