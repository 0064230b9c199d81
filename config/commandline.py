"""Servers for a command typed in a shell.

Where no variable names a database, a command uses the stack that runs in DATA_DIR; if
none runs, PostgreSQL and Valkey are started for as long as the command takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.children import StackError
from config.datadir import first_start, is_locked, lock, read_note, secret_key
from config.environment import data_dir, env
from config.stack import Stack, environment, manage

# `up` starts its own; the others read files and models only.
WITHOUT_SERVERS = {
    *("up", "help", "version", "check", "collectstatic", "makemigrations"),
    *("makemessages", "compilemessages", "read_page", "parse_price", "findstatic"),
}


@contextmanager
def servers_for(command: str) -> Iterator[None]:
    folder = data_dir()
    note = read_note(folder) if command not in WITHOUT_SERVERS else None
    if env.str("DATABASE_URL", "") and command != "up":
        yield
    elif note is not None:
        for name, value in note.items():
            os.environ.setdefault(name, value)
        yield
    else:
        os.environ.setdefault("SECRET_KEY", secret_key(folder))
        if command in WITHOUT_SERVERS or command.startswith("-"):
            yield
        elif is_locked(folder):
            raise StackError("Pinboard is starting or stopping. Try again in a moment.")
        else:
            with _own_servers(folder):
                yield


@contextmanager
def _own_servers(folder: Path) -> Iterator[None]:
    with lock(folder, print) as held_fd:
        stack = Stack(folder, lambda _line: None, held_fd, environment(folder))
        try:
            with first_start(folder, is_embedded=True) as is_first:
                stack.start_servers()
                if is_first:
                    stack.run_errands(manage(stack, "migrate", "--no-input"))
                elif stack.lacks_rights:
                    stack.run_errands(manage(stack, "ledger_rights"))
            os.environ.update(stack.env)
            yield
        finally:
            stack.stop()
