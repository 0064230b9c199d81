"""SQL and CPU of the pages that people open most, at 1 and at 20 items.

    python bench/pages.py

Starts servers of its own. CPU is that of this process alone (view, templates, ORM),
as a ratio to /healthz under the same client; PostgreSQL's share is not in it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RESULT = ROOT / "bench" / "results" / "pages.json"

# (name, address, most SQL signed out): performance.md goal 6.
PAGES = [
    ("home", "/", 3),
    ("pin", "/pins/{pin}/", 5),
    ("board", "/boards/{board}-coats/", 4),
    ("search", "/search/?q=coat", 4),
]
ROUNDS, REQUESTS = 5, 20
HOME_LIMIT = 2.5  # times the bare view: goal 3


def main() -> int:
    from config.devstack import start_postgres, start_valkey

    with tempfile.TemporaryDirectory(prefix="pinboard-bench-") as folder:
        Path(folder).chmod(0o755)
        servers = [
            start_postgres(Path(folder) / "postgres", durable=False),
            start_valkey(Path(folder) / "valkey", durable=False),
        ]
        os.environ |= {
            "DATABASE_URL": servers[0].url,
            "REDIS_URL": servers[1].url,
            "DATA_DIR": f"{folder}/data",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOG_LEVEL": "ERROR",
        }
        try:
            return measure()
        finally:
            for server in reversed(servers):
                server.stop()


def measure() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("migrate", verbosity=0)
    rows = [*queries(), *cpu()]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for row in rows:
        print(
            f"{row['verdict']:5}  {row['name']}: {row['figure']} (goal {row['goal']})"
        )
    return 0 if all(row["verdict"] == "pass" for row in rows) else 1


def queries() -> list[dict[str, str]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.factories import make_board, make_pin, make_product, make_shop, make_user

    owner, shop, client = make_user("bench"), make_shop(), Client()
    board = make_board(owner, "Coats")
    counts: dict[str, list[int]] = {name: [] for name, _, _ in PAGES}
    for size in (1, 20):
        while board.pins.count() < size:
            pin = make_pin(board, product=make_product(shop), title="A warm coat")
        for name, address, _ in PAGES:
            with CaptureQueriesContext(connection) as seen:
                answer = client.get(address.format(pin=pin.pk, board=board.pk))
            if answer.status_code != 200:
                raise SystemExit(f"{name} answers {answer.status_code}")
            counts[name].append(len(seen))
    return [
        _row(
            f"{name}: SQL at 1 and 20 items",
            f"{one} and {many}",
            f"<= {most}, equal",
            one == many <= most,
        )
        for (name, _, most), (one, many) in zip(PAGES, counts.values(), strict=True)
    ]


def cpu() -> list[dict[str, str]]:
    from django.test import Client

    client, rounds = Client(), []
    for _ in range(ROUNDS):
        hello = _cpu_ms(lambda: client.get("/healthz"))
        home = _cpu_ms(lambda: client.get("/"))
        rounds.append((home, home / hello))
    home_ms = statistics.median(ms for ms, _ in rounds)
    ratio = statistics.median(times for _, times in rounds)
    figure = f"{ratio:.1f} x /healthz, {home_ms:.1f} ms"
    return [
        _row("home signed out: CPU", figure, f"<= {HOME_LIMIT} x", ratio <= HOME_LIMIT)
    ]


def _cpu_ms(act: Callable[[], object]) -> float:
    act()
    began = time.process_time()
    for _ in range(REQUESTS):
        act()
    return (time.process_time() - began) * 1000 / REQUESTS


def _row(name: str, figure: str, goal: str, is_met: bool) -> dict[str, str]:
    verdict = "pass" if is_met else "short"
    return {"name": name, "figure": figure, "goal": goal, "verdict": verdict}


if __name__ == "__main__":
    sys.exit(main())
