"""Signed notices of a shop: how many are booked for a second of one core's time.

    python bench/postbacks.py [orders]

A server of its own with fsync and synchronous commits, or that of an empty
DATABASE_URL. Notices go through the whole WSGI application in this process, by as many
threads as a worker of the site has. Each order is told of as paid and as received, one
in four is refunded in part, one notice in five is sent twice, some of them at once.
What signs the notices is done before: that is the shop's work.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench._stand import (  # noqa: E402
    Row,
    ServerCpu,
    database,
    finish,
    ledger_row,
    row,
)

ORDERS = 2000
GOAL = 300  # a second and core: performance.md goal 14
PEOPLE = 50


def main() -> int:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    with database():
        return finish("postbacks", measure(orders))


def measure(orders: int) -> list[Row]:
    from django.conf import settings
    from django.db import connection

    from config.wsgi import application

    shop = Shop()
    warm_up = shop.notices(50)
    notices = shop.notices(orders)
    server = ServerCpu()
    threads = settings.WEB_THREADS
    with ThreadPoolExecutor(threads, initializer=_quiet) as pool:

        def send(sent: list[bytes]) -> Counter[str]:
            return Counter(pool.map(lambda body: post(application, shop, body), sent))

        send(warm_up)
        began, ours, theirs = time.perf_counter(), time.process_time(), server.seconds()
        answers = send(notices)
        wall = time.perf_counter() - began
        ours, theirs = time.process_time() - ours, server.seconds() - theirs
        list(pool.map(lambda _: connection.close(), range(threads)))
    count = len(notices)
    rate = count / (ours + theirs)
    return [
        row(
            "notices booked durably a second and core",
            f"{rate:.0f} ({ours / count * 1000:.2f} ms of CPU of ours and"
            f" {theirs / count * 1000:.2f} of PostgreSQL; {count / wall:.0f} a second"
            f" with {threads} threads)",
            f">= {GOAL}",
            is_met=rate >= GOAL and server.is_seen,
        ),
        row(
            "answers",
            ", ".join(f"{number} x {status}" for status, number in answers.items()),
            "all 200 or 202",
            is_met=set(answers) <= {"200", "202"},
        ),
        exactly_once(shop, orders + 50),
        ledger_row(),
    ]


def exactly_once(shop: Shop, orders: int) -> Row:
    from django.db.models import Count

    from commerce.models import Commission, Observation, OrderLine

    lines = OrderLine.objects.aggregate(n=Count("id"))["n"]
    commissions = Commission.objects.count()
    observations = Observation.objects.count()
    return row(
        "each order, commission and event once",
        f"{lines} lines, {commissions} commissions, {observations} reports",
        f"{orders}, {orders}, {len(shop.events)}",
        is_met=(lines, commissions, observations) == (orders, orders, len(shop.events)),
    )


def _quiet() -> None:
    """Each thread opens its connection before the time is taken."""
    from django.db import connection

    connection.ensure_connection()


class Shop:
    """Makes its sales and signs its notices."""

    def __init__(self) -> None:
        from commerce.models import PostbackKey
        from tests.factories import make_link, make_programme, make_user

        self.programme = make_programme(rate_bp=800)
        PostbackKey.objects.create(programme=self.programme, kid="k1", secret="first")
        self.links = [
            make_link(
                programme=self.programme,
                beneficiary=make_user(),
                originator=make_user() if number % 2 else None,
                beneficiary_is_originator=not number % 2,
            )
            for number in range(PEOPLE)
        ]
        self.path = f"/commerce/postbacks/{self.programme.code}/"
        self.number, self.events = 0, set[str]()
        self.chance = random.Random(7)

    def notices(self, orders: int) -> list[bytes]:
        """Of as many sales, each of which goes its way beside the others."""
        ways = [self._way() for _ in range(orders)]
        told: list[tuple[float, bytes]] = []
        for start, way in enumerate(ways):
            for step, body in enumerate(way):
                told.append((start + step * 40, body))
                if self.chance.random() < 0.2:  # again: at once, or later
                    again = self.chance.choice([0.1, 5, 100])
                    told.append((start + step * 40 + again, body))
        return [body for _, body in sorted(told, key=lambda item: item[0])]

    def _way(self) -> list[bytes]:
        from django.utils import timezone

        from commerce.click_refs import click_ref_of
        from tests.factories import make_click

        self.number += 1
        click = make_click(
            self.chance.choice(self.links), visitor_key=f"visitor-{self.number}"
        )
        order = {
            "type": "order",
            "order_id": f"A-{self.number}",
            "line_id": f"A-{self.number}-1",
            "click_id": click_ref_of(click.pk),
            "status": "paid",
            "amount": f"{self.chance.randrange(1000, 90000) / 100:.2f}",
            "currency": "CNY",
            "occurred_at": timezone.now().isoformat(),
        }
        way = [order, order | {"status": "received"}]
        if self.number % 4 == 0:
            refund = {"type": "refund", "refund_id": "r-1", "refunded": "3.33"}
            way.append(order | refund)
        return [self._body(notice) for notice in way]

    def _body(self, notice: dict[str, str]) -> bytes:
        event = f"e-{len(self.events)}"
        self.events.add(event)
        return json.dumps(notice | {"event_id": event}).encode()

    def sign(self, raw: bytes) -> str:
        moment = int(time.time())
        digest = hmac.new(b"first", f"{moment}.".encode() + raw, hashlib.sha256)
        return f"t={moment},kid=k1,v1={digest.hexdigest()}"


Application = Callable[[dict[str, Any], Callable[..., Any]], Any]  # any WSGI environ


def post(application: Application, shop: Shop, body: bytes) -> str:
    """As a WSGI server hands it on; the status of the answer."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": shop.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_PINBOARD_SIGNATURE": shop.sign(body),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    answer = application(environ, lambda status, *_: statuses.append(status[:3]))
    for _ in answer:
        pass
    answer.close()
    return statuses[0]


if __name__ == "__main__":
    sys.exit(main())
