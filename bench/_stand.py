"""What the benchmarks of money share: a durable database of their own, and its CPU."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")

Row = dict[str, str]


@contextmanager
def database() -> Iterator[None]:
    """That of DATABASE_URL, which must be empty, or one as `make run` starts it: with
    fsync and synchronous commits. Django is set up on it, and its tables are made."""
    with tempfile.TemporaryDirectory(prefix="pinboard-bench-") as folder:
        Path(folder).chmod(0o755)
        server = None
        if not os.environ.get("DATABASE_URL"):
            from config.devstack import start_postgres

            server = start_postgres(Path(folder) / "postgres")
            os.environ["DATABASE_URL"] = server.url
        os.environ |= {
            "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing here asks it
            "DATA_DIR": f"{folder}/data",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOG_LEVEL": "CRITICAL",
            "STATEMENT_TIMEOUT_S": "0",
        }
        (Path(folder) / "data" / "static").mkdir(parents=True)
        try:
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            yield
        finally:
            if server:
                server.stop()


class ServerCpu:
    """CPU seconds of all processes of the database, where /proc shows them."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        self.postmaster = _stat(backend)[1] if _stat(backend) else 0

    @property
    def is_seen(self) -> bool:
        return self.postmaster > 1

    def seconds(self) -> float:
        """Of those that are alive; the postmaster keeps that of the ended ones."""
        found = [stat for pid in _pids() if (stat := _stat(pid))]
        mine = [stat for stat in found if self.postmaster in stat[:2]]
        return sum(stat[2] for stat in mine) * _TICK_S


def _pids() -> Iterable[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def _stat(pid: int) -> tuple[int, int, int] | None:
    """Its pid, its parent's, and its ticks of CPU with those of ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return pid, int(fields[1]), sum(map(int, fields[11:15]))


def row(name: str, figure: str, goal: str, *, is_met: bool) -> Row:
    verdict = "pass" if is_met else "short"
    return {"name": name, "figure": figure, "goal": goal, "verdict": verdict}


def finish(name: str, rows: list[Row]) -> int:
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for each in rows:
        print(
            f"{each['verdict']:5}  {each['name']}: {each['figure']}"
            f" (goal {each['goal']})"
        )
    return 0 if all(each["verdict"] == "pass" for each in rows) else 1


def ledger_row() -> Row:
    """Everything that was booked is right, proved from the rows alone."""
    from commerce.ledger import replay, verify

    findings = [*verify().findings, *replay()]
    return row(
        "ledger_verify afterwards",
        f"{len(findings)} findings" + "".join(f"; {f}" for f in findings[:3]),
        "0",
        is_met=not findings,
    )


def timed(act: Callable[[], object]) -> float:
    import time

    began = time.perf_counter()
    act()
    return time.perf_counter() - began
