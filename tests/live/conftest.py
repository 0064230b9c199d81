"""A whole running site, as `make run` starts it, and a real browser before it."""

from __future__ import annotations

import io
import json
import math
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
START_S = 300
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Headless says so in its name, and a machine's click is not counted.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
]


@dataclass
class LiveSite:
    url: str
    marketplace_url: str
    demo: dict
    environment: dict[str, str]

    def password(self, name: str) -> str:
        return self.demo["accounts"][name]["password"]

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def mails(self) -> list[str]:
        folder = Path(self.environment["DATA_DIR"]) / "mail"
        return [path.read_text() for path in sorted(folder.glob("*"))]


@pytest.fixture(scope="session")
def live():
    """The demo on a free port, with servers, worker and data of its own.

    LIVE_DATA_DIR names the data of a demo that runs already, to write tests against.
    """
    if running := os.environ.get("LIVE_DATA_DIR"):
        demo = json.loads((Path(running) / "demo.json").read_text())
        environment = _environment() | {"DATA_DIR": running}
        yield LiveSite(demo["url"], demo["marketplace_url"], demo, environment)
        return
    folder = Path(tempfile.mkdtemp(prefix="pinboard-live-"))
    port = _free_pair_of_ports()
    environment = _environment() | {"PORT": str(port), "DATA_DIR": str(folder)}
    log = (folder.parent / f"{folder.name}.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_until_ready(process, port, folder, log)
        demo = json.loads((folder / "demo.json").read_text())
        yield LiveSite(demo["url"], demo["marketplace_url"], demo, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Ours, without what the tests' own servers and settings put into it."""
    hidden = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY"}
    hidden |= {"SITE_URL", "DATA_DIR"}
    return {k: v for k, v in os.environ.items() if k not in hidden}


def _free_pair_of_ports() -> int:
    """The marketplace takes the port after the site's."""
    for port in range(18000, 19000, 2):
        with suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port
    raise RuntimeError("no two free ports")


def _wait_until_ready(process, port, folder, log) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
            if answer.status_code == 200 and (folder / "demo.json").exists():
                return
        time.sleep(0.5)
    log.seek(0)
    pytest.fail(f"the site did not start:\n{log.read()[-3000:]}")


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.fail("Chromium is missing: install the package chromium.")
    from playwright.sync_api import sync_playwright

    # Playwright's own loop must not make Django refuse the database to other tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, live):
    """Open a browser of one's own: `visit("bob")` signed in, `visit()` signed out."""
    contexts = []

    def open_browser(name: str | None = None, **options):
        context = (
            chromium.new_context(
                base_url=live.url,
                locale="en-GB",
                viewport={"width": 1440, "height": 900},
            )
            if not options
            else chromium.new_context(base_url=live.url, **options)
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        if name:
            sign_in(page, name, live.password(name))
        return page

    yield open_browser
    for context in contexts:
        context.close()


def sign_in(page, name: str, password: str) -> None:
    page.goto("/accounts/login/")
    form = page.locator("form", has=page.locator("input[type=password]"))
    form.locator("input[type=text], input[type=email]").first.fill(name)
    form.locator("input[type=password]").fill(password)
    form.locator("button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def photograph(width: int, height: int) -> bytes:
    """A JPEG of soft waves; no two share their bytes."""
    phase = secrets.randbelow(1000) / 100
    picture = Image.new("RGB", (width, height))
    picture.putdata(
        [
            (
                int(128 + 90 * math.sin(x / 130 + phase)),
                int(120 + 80 * math.sin(y / 90 - phase)),
                int(140 + 70 * math.sin((x + y) / 170)),
            )
            for y in range(height)
            for x in range(width)
        ]
    )
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()
