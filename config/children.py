"""Processes that live exactly as long as we do: servers, workers and errands."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

START_S = 120  # a loaded machine is slow, and nobody waits where all is well


class StackError(RuntimeError):
    """The stack cannot start; the text says what to do."""


@dataclass
class Child:
    """A command under a watcher, with its log and the question whether it is ready."""

    name: str
    command: list[object]
    log_path: Path
    ready: Callable[[], bool] = lambda: True
    url: str = ""
    stop_signal: int = signal.SIGTERM
    account: pwd.struct_passwd | None = None
    env: Mapping[str, str] | None = None
    cwd: Path = Path("/")
    # Held open by the watcher, so that a lock on it ends with the last child.
    held_fd: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0, init=False)
    log_start: int = field(default=0, init=False)

    def start(self, *, patience_s: float = START_S) -> None:
        """Start it and wait until it is ready; StackError says why it is not."""
        self.launch()
        self.wait_ready(patience_s=patience_s)

    def launch(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us alone, and
        under a watcher that stops it when we die."""
        watcher = [sys.executable, "-S", str(Path(__file__).with_name("childwatch.py"))]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.started_at = time.monotonic()
        with self.log_path.open("ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(  # noqa: S603
                [*watcher, *as_account(self.account, self.command)],
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=() if self.held_fd is None else (self.held_fd,),
            )

    def wait_ready(self, *, patience_s: float = START_S) -> None:
        end = time.monotonic() + patience_s
        while self.is_alive and time.monotonic() < end:
            if self.ready():
                return
            time.sleep(0.1)
        reason = "did not start" if self.is_alive else "stopped at its start"
        self.stop()
        raise StackError(f"{self.name} {reason}. {self.last_words}")

    def finish(self, *, say: Callable[[str], None] = lambda _line: None) -> None:
        """Wait until it ends by itself, telling each line it logs; StackError when it
        ends badly."""
        told = 0
        while True:
            running = self.is_alive  # asked before reading, so that no line is missed
            lines = self.output.splitlines()
            for line in lines[told : len(lines) - running]:
                say(line)
                told += 1
            if not running:
                break
            time.sleep(0.1)
        if self.process and self.process.returncode:
            raise StackError(f"{self.name} failed. {self.last_words}")

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process and self.is_alive:
            self.process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """The watcher leads the group: nothing that the command started survives."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, *, patience_s: float = 15) -> None:
        if not self.process:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience_s)
        self.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    @property
    def output(self) -> str:
        """What it has logged since its last start."""
        with self.log_path.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    @property
    def last_words(self) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        if not lines:
            return f"It said nothing ({self.log_path})."
        return f"Its last words ({self.log_path}): {' / '.join(lines[-3:])}"


def as_account(account: pwd.struct_passwd | None, command: list[object]) -> list[str]:
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
        # Else the kernel answers access(2), which initdb asks, without the capability.
        "--securebits=+no_setuid_fixup",
        # A change of account forgets the wish of childwatch, so it is told again.
        *("--pdeathsig", "INT"),
        *words,
    ]
