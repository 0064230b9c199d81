"""What stands in DATA_DIR for one stack: its lock, its key, and a note for commands."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from config.children import StackError

LOCK_PATIENCE_S = 20


@contextmanager
def lock(data_dir: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Only one stack a data directory. The children hold the lock too, so after a
    kill it is free when the last of them is gone."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with _lock_path(data_dir).open("a+") as file:
        if not _take(file):
            _wait_for_last_run(file, data_dir, say)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield file.fileno()
        finally:
            _note_path(data_dir).unlink(missing_ok=True)


def is_locked(data_dir: Path) -> bool:
    path = _lock_path(data_dir)
    if not path.exists():
        return False
    with path.open("a+") as file:
        return not _take(file)


def _wait_for_last_run(
    file: TextIO, data_dir: Path, say: Callable[[str], None]
) -> None:
    """A run that was killed needs a moment until its last child is gone."""
    file.seek(0)
    pid = file.read().strip()
    end = time.monotonic() + LOCK_PATIENCE_S
    is_told = False
    while not _take(file):
        if _is_alive(pid) or time.monotonic() > end:
            raise StackError(
                f"Pinboard is running in {data_dir} already (process {pid}). "
                f"Stop it with `kill {pid}`, or choose another DATA_DIR."
            )
        if not is_told:
            say("Waiting for the last run to end")
            is_told = True
        time.sleep(0.2)


def _take(file: TextIO) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def first_start(data_dir: Path, *, is_embedded: bool) -> Iterator[bool]:
    """Whether this is the first start: one that was cut short begins from nothing.

    The mark stands only until the first start is through, before anybody was served.
    It speaks of the embedded database; one that DATABASE_URL names is never emptied.
    """
    mark = data_dir / "unfinished"
    if is_embedded and mark.exists():
        for name in ("postgres", "valkey"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
    is_first = is_embedded and not (data_dir / "postgres").exists()
    if is_first:
        mark.touch()
    yield is_first
    mark.unlink(missing_ok=True)


def secret_key(data_dir: Path) -> str:
    """Made once, so that sessions and the names of pictures outlive a restart."""
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _write_private(path, secrets.token_urlsafe(50))
    return path.read_text().strip()


def leave_note(data_dir: Path, env: dict[str, str]) -> None:
    """Tell commands typed beside a running stack what its children read."""
    _note_path(data_dir).unlink(missing_ok=True)
    _write_private(_note_path(data_dir), json.dumps(env))


def read_note(data_dir: Path) -> dict[str, str] | None:
    """None where no stack runs, or has not got so far."""
    if not is_locked(data_dir) or not _note_path(data_dir).exists():
        return None
    note: dict[str, str] = json.loads(_note_path(data_dir).read_text())
    return note


def _lock_path(data_dir: Path) -> Path:
    return data_dir / "up.lock"


def _note_path(data_dir: Path) -> Path:
    return data_dir / "up.json"


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
