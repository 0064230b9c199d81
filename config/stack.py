"""The whole site on one machine: which children there are and how they live together.

`manage.py up` is its only user. Servers come first; then errands (migrations, static
files, the demo), which end by themselves; then what serves people.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

from config.children import Child, StackError
from config.datadir import secret_key
from config.devstack import start_postgres, start_valkey
from config.environment import BASE_DIR, env
from config.roles import APPLICATION

PYTHON = sys.executable
# A child that keeps stopping is broken; one that was killed once is only started anew.
SOON_S = 10
MOST_SOON = 3
# Whoever serves people does not learn how the owner of the tables comes in.
NOT_THE_OWNER = {"MIGRATE_DATABASE_URL": ""}
# What a demo wants otherwise than a site of real people.
DEMO_DEFAULTS = {
    "ORDER_POLL_S": "15",
    "HOLD_DAYS": "0",
    "FETCHES_PER_HOUR": "200",
    "STAFF_SECOND_FACTOR": "0",
    "TIME_ZONE": "Asia/Shanghai",
}


@dataclass
class Stack:
    """Children in the order of their start. They stop in reverse."""

    data_dir: Path
    say: Callable[[str], None]
    held_fd: int
    env: dict[str, str] = field(default_factory=dict)
    servers: list[Child] = field(default_factory=list)
    services: list[Child] = field(default_factory=list)
    soon: dict[str, int] = field(default_factory=dict)
    # The application's role is new to a database that is older.
    lacks_rights: bool = False

    @property
    def children(self) -> list[Child]:
        return [*self.servers, *self.services]

    @property
    def port(self) -> int:
        return int(self.env["PORT"])

    def start_servers(self) -> None:
        """PostgreSQL and Valkey, where the environment names no others."""
        if not self.env.get("DATABASE_URL"):
            self.say("Starting PostgreSQL")
            folder = self.data_dir / "postgres"
            server = start_postgres(folder, held_fd=self.held_fd)
            self.servers.append(server)
            self.env["DATABASE_URL"] = server.roles.url_of(APPLICATION)
            self.env["MIGRATE_DATABASE_URL"] = server.url
            self.lacks_rights = server.roles.are_new
        if not self.env.get("REDIS_URL"):
            self.say("Starting Valkey")
            folder = self.data_dir / "valkey"
            self.servers.append(start_valkey(folder, held_fd=self.held_fd))
            self.env["REDIS_URL"] = self.servers[-1].url

    def child(
        self, name: str, *words: object, ready: Callable[[], bool] = lambda: True
    ) -> Child:
        """A Python child of ours: `words` follow the interpreter."""
        return Child(
            name,
            [PYTHON, *words],
            self.data_dir / "logs" / f"{name.replace(' ', '-')}.log",
            env=self.env | NOT_THE_OWNER,
            cwd=BASE_DIR,
            held_fd=self.held_fd,
            ready=ready,
        )

    def run_errands(self, *errands: Child) -> None:
        """Side by side; the first that fails stops the start."""
        self.services.extend(errands)
        for errand in errands:
            errand.launch()
        for errand in errands:
            errand.finish()
            self.services.remove(errand)

    def start_services(self, *services: Child) -> None:
        for service in services:
            self.services.append(service)
            service.launch()
        for service in services:
            service.wait_ready()

    def watch(self) -> None:
        """Keep the children alive until somebody stops us; StackError when one cannot
        be kept alive."""
        while True:
            for child in self.children:
                if not child.is_alive:
                    self._revive(child)
            time.sleep(0.5)

    def _revive(self, child: Child) -> None:
        lived_s = time.monotonic() - child.started_at
        soon = self.soon.get(child.name, 0) + 1 if lived_s < SOON_S else 1
        self.soon[child.name] = soon
        if soon > MOST_SOON:
            raise StackError(f"{child.name} keeps stopping. {child.last_words}")
        self.say(f"{child.name} stopped ({child.log_path}). Starting it again.")
        child.stop()
        with suppress(StackError):  # it is counted, and tried again
            child.start()

    def stop(self) -> None:
        """All services at once, then the servers they lean on."""
        for service in self.services:
            service.ask_to_stop()
        for child in [*reversed(self.services), *reversed(self.servers)]:
            child.stop(patience_s=12)

    def kill(self) -> None:
        for child in self.children:
            child.kill()


def manage(stack: Stack, *words: str) -> Child:
    """A command of manage.py, named after itself. It may be the owner's, to migrate."""
    command = stack.child(words[0], BASE_DIR / "manage.py", *words)
    command.env = stack.env
    return command


def marketplace(stack: Stack, port: int) -> Child:
    return stack.child(
        "marketplace",
        *("-m", "commerce.networks.marketplace", "--port", port),
        *("--data-dir", stack.data_dir),
        ready=lambda: is_taken(port),
    )


def workers(stack: Stack) -> list[Child]:
    """The worker and the clock that sends the regular tasks."""
    celery = ("-m", "celery", "--app", "config", "--quiet")
    worker = stack.child(
        "worker",
        *(*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    )
    worker.ready = lambda: " ready." in worker.output
    schedule = stack.data_dir / "celerybeat-schedule"
    beat = stack.child(
        "scheduler",
        *(*celery, "beat", "--loglevel", "INFO"),
        *("--schedule", schedule, "--pidfile="),
    )
    return [worker, beat]


def web(stack: Stack) -> Child:
    return stack.child(
        "web",
        *("-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"),
        ready=lambda: answers(f"http://127.0.0.1:{stack.port}/healthz", stack.env),
    )


def environment(data_dir: Path) -> dict[str, str]:
    """What the children read: production's settings, with a demo's on top."""
    port = env.int("PORT", 8000)
    is_demo = env.bool("DEMO", True)
    marketplace = f"127.0.0.1:{port + 1}"
    defaults = {
        "DEBUG": "0",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": secret_key(data_dir),
        "MARKETPLACE_URL": f"http://{marketplace}",
    }
    if is_demo:
        defaults |= DEMO_DEFAULTS | _league_keys(data_dir)
    given = {name: value for name, value in os.environ.items() if value}
    hosts = [*given.get("FETCH_ALLOWED_HOSTS", "").split(","), marketplace]
    return (
        defaults
        | given
        | {
            "DATA_DIR": str(data_dir),
            "DEMO": "1" if is_demo else "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "FETCH_ALLOWED_HOSTS": ",".join(host for host in hosts if host),
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
    )


def _league_keys(data_dir: Path) -> dict[str, str]:
    """How the demo's site signs to the marketplace's gateway: the same at each start,
    for the marketplace has them from the seeding."""
    seed = secret_key(data_dir).encode()
    secret, session = (
        hmac.new(seed, word, hashlib.sha256).hexdigest()[:32]
        for word in (b"league secret", b"league session")
    )
    return {"DEMO_LEAGUE_SECRET": secret, "DEMO_LEAGUE_SECRET_SESSION": session}


def is_taken(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def answers(url: str, env: Mapping[str, str]) -> bool:
    host = env["SITE_URL"].split("://", 1)[-1].split("/", 1)[0]
    request = Request(url, headers={"Host": host})  # noqa: S310  our own web server
    try:
        with urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
