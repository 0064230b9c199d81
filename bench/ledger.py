"""A million commissions and a million entries: the proof of the ledger, and the desk.

    python bench/ledger.py [rows]

A server of its own, thrown away afterwards. Fewer rows are for trying it out; only the
million says anything.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RESULT = ROOT / "bench" / "results" / "ledger.json"
ROWS = 1_000_000
VERIFY_S = 60
MOST_SQL = 12
PAGE_MS = 500
ROUNDS = 5
QUEUE = "/admin/commerce/commission/"

Row = dict[str, str]


def main() -> int:
    from config.devstack import start_postgres, start_valkey

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
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
            "STAFF_SECOND_FACTOR": "0",
            "STATEMENT_TIMEOUT_S": "0",
        }
        (Path(folder) / "data" / "static").mkdir(parents=True)  # WhiteNoise asks
        try:
            return measure(rows)
        finally:
            for server in reversed(servers):
                server.stop()


def measure(rows: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from bench._million import fill

    setup_test_environment()
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    fill(rows)
    print(f"{rows} commissions made in {time.monotonic() - began:.0f} s", flush=True)
    found = []
    for row in (r for measured in (proof, desk) for r in measured(rows)):
        found.append(row)
        told = f"{row['verdict']:5}  {row['name']}: {row['figure']}"
        print(f"{told} (goal {row['goal']})", flush=True)
    if rows == ROWS:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0 if all(row["verdict"] == "pass" for row in found) else 1


def proof(rows: int) -> list[Row]:
    """Both halves of `ledger_verify`, each by itself. Red is no pass, however fast."""
    from commerce.ledger import replay, verify
    from commerce.models import Entry, OrderLine

    entries, lines = Entry.objects.count(), OrderLine.objects.count()
    if entries < rows:
        raise SystemExit(f"only {entries} entries were made")
    began = time.monotonic()
    outcome = verify()
    checked_s = time.monotonic() - began
    began, cpu = time.monotonic(), time.process_time()
    off = list(replay())
    replayed_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    for finding in [*outcome.findings[:5], *off[:5]]:
        print(finding)
    return [
        _row(
            f"ledger_verify: sums of {entries} entries, {outcome.commissions} "
            "commissions",
            f"{checked_s:.1f} s, {'green' if outcome.is_green else 'OFF'}",
            f"<= {VERIFY_S} s, green",
            outcome.is_green and checked_s <= VERIFY_S,
        ),
        _row(
            f"ledger_verify: {lines} order lines replayed from their reports",
            f"{replayed_s:.1f} s, {'OFF' if off else 'green'}; {cpu_s:.1f} s CPU",
            f"<= {VERIFY_S} s, green",
            not off and replayed_s <= VERIFY_S,
        ),
    ]


def desk(rows: int) -> list[Row]:
    from django.test import Client

    from bench._million import FIRST
    from commerce.models import Commission, Programme
    from users.models import User

    client = Client()
    client.force_login(User.objects.get(username="bench"))
    programme = Programme.objects.latest("pk").pk
    deep = Commission.objects.latest("pk").pk - rows * 9 // 10
    pages = {
        "ready for review, below all that is not": "",
        "ready for review, halfway": f"?p=older-{FIRST + rows // 128}",
        "all": "?queue=all",
        "all, nine tenths down": f"?queue=all&p=older-{deep}",
        "all, one programme": f"?queue=all&line__programme__id__exact={programme}",
        "ready, one programme": f"?line__programme__id__exact={programme}",
        "returns still possible": "?queue=returnable",
        "on hold, by reason": "?queue=held&hold=fraud",
        "nobody's yet": "?queue=nobody",
        "a state": "?queue=all&state__exact=payable",
        "a search for an order": f"?queue=all&q=M-{rows // 2}",
        "a search for a person": "?queue=all&q=bench7",
    }
    return [_page(client, name, query) for name, query in pages.items()]


def _page(client: Client, name: str, query: str) -> Row:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        answer = client.get(QUEUE + query)
    if answer.status_code != 200 or not answer.context["cl"].result_list:
        raise SystemExit(f"{name} answers {answer.status_code} and shows nothing")
    asked = [query["sql"].upper() for query in seen.captured_queries]
    counts = [sql for sql in asked if "COUNT(" in sql]
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        client.get(QUEUE + query)
        times.append((time.monotonic() - began) * 1000)
    ms = statistics.median(times)
    return _row(
        f"queue: {name}",
        f"{len(asked)} SQL, {len(counts)} COUNT, {ms:.0f} ms",
        f"<= {MOST_SQL} SQL, 0 COUNT, <= {PAGE_MS} ms",
        len(asked) <= MOST_SQL and not counts and ms <= PAGE_MS,
    )


def _row(name: str, figure: str, goal: str, is_met: bool) -> Row:
    verdict = "pass" if is_met else "short"
    return {"name": name, "figure": figure, "goal": goal, "verdict": verdict}


if __name__ == "__main__":
    sys.exit(main())
