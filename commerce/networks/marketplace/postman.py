"""Carries notices to the site: signed anew for each attempt, until they are taken."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from commerce.networks.marketplace.config import Config, Shop
from commerce.networks.marketplace.store import Store

log = logging.getLogger("marketplace")

TAKEN = (200, 202)
LONGEST_PAUSE_S = 60
TIMEOUT_S = 10


class Postman(threading.Thread):
    """One thread: a shop's notices go out one after another, as they were written."""

    def __init__(self, store: Store, config: Callable[[], Config]) -> None:
        super().__init__(name="postman", daemon=True)
        self.store, self.config = store, config
        self.rung = threading.Event()
        # No proxy of the environment: the site is on this machine.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ring(self) -> None:
        """There may be something to carry."""
        self.rung.set()

    def run(self) -> None:
        while True:
            self.rung.wait(timeout=1)
            self.rung.clear()
            self.carry_all()

    def carry_all(self) -> None:
        with self.store.open() as db:
            due = db.execute(
                "SELECT * FROM notices WHERE is_done = 0 AND next_at <= ? ORDER BY id",
                (time.time(),),
            ).fetchall()
        for notice in due:
            shop = self.config().shop(notice["shop"])
            answer = self._send(shop, notice["body"].encode()) if shop else 0
            pause = min(2 ** notice["attempts"], LONGEST_PAUSE_S)
            with self.store.open() as db:
                db.execute(
                    "UPDATE notices SET attempts = attempts + 1, answer = ?,"
                    " is_done = ?, next_at = ? WHERE id = ?",
                    (answer, answer in TAKEN, time.time() + pause, notice["id"]),
                )

    def _send(self, shop: Shop, body: bytes) -> int:
        """The status of the answer; 0 for none."""
        request = urllib.request.Request(  # noqa: S310  the site's own address
            shop.postback_url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "X-Pinboard-Signature": signature(shop.kid, shop.secret, body),
            },
        )
        try:
            with self.opener.open(request, timeout=TIMEOUT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            log.warning("a notice of %s was answered %s", shop.slug, error.code)
            return error.code
        except (OSError, ValueError) as error:
            log.warning("a notice of %s did not arrive: %s", shop.slug, error)
            return 0


def signature(kid: str, secret: str, body: bytes) -> str:
    moment = int(time.time())
    signed = f"{moment}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={moment},kid={kid},v1={digest}"
