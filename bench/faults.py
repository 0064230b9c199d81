"""Kills parts of a running demo and counts what is lost.

    make run                          # in one terminal
    python bench/faults.py var        # in another; `var` is its DATA_DIR

Leaves a board of pictures behind. Linux only: it finds the processes in /proc.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "bench" / "results" / "faults.json"
PICTURES = 60
READY_S = 60  # safety.md 2: all pictures are ready so soon after the fault
BACK_S = 10  # the site answers again so soon after its database was killed


def main() -> int:
    if len(sys.argv) != 2:
        print("skipped: name the DATA_DIR of a running demo")
        return 0
    data_dir = Path(sys.argv[1]).resolve()
    demo = json.loads((data_dir / "demo.json").read_text("utf-8"))
    token = demo["accounts"]["alice"]["token"]
    site = httpx.Client(
        base_url=demo["url"],
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )
    rows = [
        _pictures_survive(site, "worker", lambda: _kill(data_dir, " worker ")),
        _pictures_survive(site, "Valkey", lambda: _kill(data_dir, "valkey-server")),
        _site_comes_back(site, lambda: _kill(data_dir, "/postgres -D ")),
    ]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for row in rows:
        print(f"{row['verdict']:5}  {row['name']}: {row['figure']} ({row['goal']})")
    return 0 if all(row["verdict"] == "pass" for row in rows) else 1


def _pictures_survive(
    site: httpx.Client, part: str, kill: Callable[[], int]
) -> dict[str, str]:
    """Kill the part while pictures are being made of what was just uploaded."""
    board = site.post("/api/v1/boards", json={"title": f"Faults: {part}"}).json()["id"]
    pins, statuses = [], Counter[int]()
    for number in range(PICTURES):
        if number == PICTURES // 2:
            killed = kill()
        answer = site.post(
            "/api/v1/pins",
            files={"image": ("a.png", _picture(), "image/png")},
            data={"board": str(board)},
        )
        statuses[answer.status_code] += 1
        if answer.status_code == 201:
            pins.append(answer.json()["id"])
    began, states = time.monotonic(), Counter[str]()
    while time.monotonic() - began < 3 * READY_S:
        states = Counter(_state_of(site, pin) for pin in pins)
        if states["ready"] == len(pins):
            break
        time.sleep(1)
    seconds = time.monotonic() - began
    return _row(
        f"kill -9 {part} ({killed} processes) while {PICTURES} pictures come in",
        f"{statuses[201]} accepted, {states['ready']} ready {seconds:.0f} s later",
        f"all accepted, none lost, <= {READY_S} s",
        statuses[201] == states["ready"] == PICTURES and seconds <= READY_S,
    )


def _site_comes_back(site: httpx.Client, kill: Callable[[], int]) -> dict[str, str]:
    kill()
    began, seen = time.monotonic(), Counter[int]()
    while time.monotonic() - began < 60:
        with suppress(httpx.HTTPError):
            answer = site.get("/explore/")
            seen[answer.status_code] += 1
            if answer.status_code == 200 and time.monotonic() - began > 0.5:
                break
        time.sleep(0.2)
    seconds = time.monotonic() - began
    return _row(
        "kill -9 PostgreSQL",
        f"answers {dict(seen)}, back after {seconds:.1f} s",
        f"only 503 meanwhile, back <= {BACK_S} s",
        set(seen) <= {200, 503} and seconds <= BACK_S,
    )


def _state_of(site: httpx.Client, pin: int) -> str:
    return str(site.get(f"/api/v1/pins/{pin}").json().get("state"))


def _picture() -> bytes:
    file = io.BytesIO()
    colour = tuple(secrets.token_bytes(3))
    Image.new("RGB", (1000 + secrets.randbelow(400), 900), colour).save(file, "PNG")
    return file.getvalue()


def _kill(data_dir: Path, word: str) -> int:
    """Kill every process of this demo whose command holds the word; how many."""
    killed = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            around = (folder / "environ").read_bytes().decode(errors="replace")
            if "childwatch" in command or word not in command:
                continue
            if str(data_dir) in command + around:
                os.kill(int(folder.name), signal.SIGKILL)
                killed += 1
    return killed


def _row(name: str, figure: str, goal: str, is_met: bool) -> dict[str, str]:
    verdict = "pass" if is_met else "short"
    return {"name": name, "figure": figure, "goal": goal, "verdict": verdict}


if __name__ == "__main__":
    sys.exit(main())
