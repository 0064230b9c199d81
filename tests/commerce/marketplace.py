"""The marketplace as a process of its own, for tests that buy something there."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from commerce.networks.marketplace.config import Config, Product, Shop, save
from commerce.networks.marketplace.scenarios import SCENARIOS
from commerce.networks.top_signature import sign

APP_KEY, APP_SECRET, SESSION = "12345678", "helloworld", "test-session"
ROOT = Path(__file__).resolve().parents[2]


class Marketplace:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "commerce.networks.marketplace"),
                *("--port", str(self.port), "--data-dir", str(folder)),
            ],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        self.http = httpx.Client(
            base_url=self.url, trust_env=False, follow_redirects=True, timeout=10
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                self.http.get("/")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the marketplace did not start")

    def stop(self) -> int:
        self.http.close()
        self.process.terminate()
        return self.process.wait(10)

    def stock(self, *, postback_url: str = "", secret: str = "shop-secret") -> None:
        """A shop with a programme of its own, a league's shop, a thing in each."""
        shops = [
            Shop("own", "Own", "own-direct", "direct", postback_url, "k1", secret),
            Shop("north", "North", "league", "taobao", rate_bp=900),
        ]
        products = [
            Product("1", "own", "A coat", "Warm", 19900, brand="Qiao"),
            Product("2", "north", "A lamp", "Bright", 28000),
            Product("3", "own", "A gone hat", "", 100, availability="sold_out"),
        ]
        save(
            self.folder,
            Config(
                app_key=APP_KEY,
                app_secret=APP_SECRET,
                session=SESSION,
                shops=shops,
                products=products,
            ),
        )

    def buy(self, product: str, **tracking: str) -> str:
        """As a person does: the page, its form, the order's form. The line's id."""
        page = self.http.get(f"/item/{product}", params=tracking)
        order = self._submit(page.text, "buy")
        paid = self._submit(order.text, "pay")
        assert "Thank you" in paid.text
        return str(paid.url).rsplit("/", 1)[1]

    def _submit(self, html: str, action: str) -> httpx.Response:
        address, fields = _form(html, action)
        return self.http.post(address, data=fields)

    def desk(self, line_id: str, action: str, **form: str) -> httpx.Response:
        answer = self.http.post(f"/desk/orders/{line_id}/{action}", data=form)
        assert answer.status_code == 200, answer.text
        return answer

    def move(self, line_id: str, status: str) -> None:
        self.desk(line_id, "move", status=status)

    def play(self, name: str, value: int = 1) -> None:
        form = {"name": name, "value": str(value)}
        assert self.http.post("/desk/scenario", data=form).status_code == 200

    def calm(self) -> None:
        """What one test let happen is over for the next."""
        for name in SCENARIOS:
            self.play(name, 0)

    def call(self, *, sign_method: str = "hmac-sha256", **changes: str | None):
        """A signed call of the gateway; a change of None leaves its parameter out."""
        now = time.time()
        given = {
            "method": "taobao.tbk.order.details.get",
            "app_key": APP_KEY,
            "timestamp": peking(now),
            "v": "2.0",
            "format": "json",
            "sign_method": sign_method,
            "query_type": "4",
            "start_time": peking(now - 600),
            "end_time": peking(now + 60),
        } | changes
        sent = {name: value for name, value in given.items() if value is not None}
        if "sign" not in changes:
            sent["sign"] = sign(sent, APP_SECRET, sign_method=sign_method)
        return self.http.post("/router/rest", data=sent)


def peking(epoch: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch + 8 * 3600))


def _form(html: str, action: str) -> tuple[str, dict[str, str]]:
    form = re.search(rf'action="([^"]+)" data-action="{action}">(.*?)</form>', html)
    assert form, html
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form[2])
    return form[1], dict(fields)
