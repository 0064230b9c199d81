"""A large order import: rows of a network's report, page by page, to the last journal.

    python bench/imports.py [lines]

A server of its own with fsync and synchronous commits, or that of an empty
DATABASE_URL. The rows are Taobao's, made here, and go the poller's way: read by the
adapter and observed page by page, each page one transaction, two at a time. Pages
overlap, as they do while a network's report moves on.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
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

LINES = 100_000
GOAL_S = 120  # performance.md goal 14
PAGE, OVERLAP = 500, 25
LINKS, CLICKS = 2000, 5  # clicks of each link
# Their status and its part of a hundred rows: paid, received, settled, invalid.
MIX = [(12, 45), (14, 25), (3, 24), (13, 6)]


def main() -> int:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with database():
        return finish("imports", measure(lines))


def measure(lines: int) -> list[Row]:
    from commerce.actions.pages import observe_pages
    from commerce.models import Observation
    from commerce.networks.adapters import read_report

    league = League()
    rows = [league.order(number) for number in range(lines)]
    gc.freeze()  # a poll has not all rows in memory that are still to come
    server = ServerCpu()
    began, ours, theirs = time.perf_counter(), time.process_time(), server.seconds()
    observe_pages(
        network=league.network,
        source=Observation.Source.TOP_POLL,
        pages=(
            [(read_report(league.network, payload), payload) for payload in page]
            for page in pages(rows)
        ),
    )
    wall = time.perf_counter() - began
    ours, theirs = time.process_time() - ours, server.seconds() - theirs
    goal = GOAL_S * lines / LINES
    return [
        row(
            f"import of {lines} order lines",
            f"{wall:.0f} s, {lines / wall:.0f} lines a second ({ours:.0f} s of CPU of"
            f" ours, {theirs:.0f} s of PostgreSQL)",
            f"<= {goal:.0f} s",
            is_met=wall <= goal,
        ),
        each_line_once(lines),
        ledger_row(),
    ]


def pages(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The last page of a slice and the first one of the next have rows in common."""
    for start in range(0, len(rows), PAGE):
        again = rows[max(start - 4 * PAGE, 0) :][:OVERLAP] if start else []
        yield again + rows[start : start + PAGE]


def each_line_once(lines: int) -> Row:
    from commerce.models import Commission, Journal, Observation, OrderLine

    counts = [model.objects.count() for model in (OrderLine, Observation, Commission)]
    return row(
        "each line, report and commission once",
        f"{counts}, {Journal.objects.count()} journals",
        f"{[lines] * 3}",
        is_met=counts == [lines] * 3,
    )


class League:
    """A network that is polled, with links, and people who clicked them."""

    def __init__(self) -> None:
        from django.utils import timezone

        from commerce.models import Click, Network, TrackingLink
        from tests.factories import make_product, make_programme, make_user

        self.chance = random.Random(7)
        self.network = Network.objects.create(
            code="league", name="League", adapter=Network.Adapter.TAOBAO
        )
        programme = make_programme(network=self.network)
        product, people = make_product(), [make_user() for _ in range(50)]
        links = TrackingLink.objects.bulk_create(
            TrackingLink(
                programme=programme,
                product=product,
                beneficiary=people[number % 50],
                originator=people[(number + 1) % 50] if number % 3 else None,
                destination_url=product.url,
                network_sub_id=str(number + 1),
            )
            for number in range(LINKS)
        )
        now = timezone.now().replace(microsecond=0)
        self.clicks = Click.objects.bulk_create(
            Click(
                link=link,
                programme=programme,
                beneficiary_id=link.beneficiary_id,
                originator_id=link.originator_id,
                occurred_at=now - timedelta(hours=1 + number * 7 + at / 60),
                is_qualified=True,
                visitor_key=f"v{number}-{at}",
            )
            for number in range(CLICKS)
            for at, link in enumerate(links)
        )
        self.sub_ids = {link.pk: link.network_sub_id for link in links}
        self.statuses = [status for status, part in MIX for _ in range(part)]

    def order(self, number: int) -> dict[str, Any]:
        from commerce.networks.fields import as_gmt8

        click, status = self.chance.choice(self.clicks), self.statuses[number % 100]
        ordered = click.occurred_at + timedelta(minutes=self.chance.randrange(1, 50))
        price = self.chance.randrange(500, 90_000)
        fee = price * self.chance.randrange(2, 30) // 100
        paid, changed = as_gmt8(ordered), as_gmt8(ordered + timedelta(minutes=1))
        settled = status == 3
        return {
            "trade_id": str(821_039_000_000_000_000 + number),
            "trade_parent_id": str(821_039_000_000_000_000 + number),
            "tk_status": status,
            "tk_create_time": paid,
            "tk_paid_time": paid,
            "tb_paid_time": paid,
            "tk_earning_time": changed if settled else "--",
            "click_time": as_gmt8(click.occurred_at),
            "modified_time": changed,
            "alipay_total_price": _yuan(price),
            "pay_price": _yuan(price) if settled else "--",
            "pub_share_pre_fee": _yuan(fee),
            "pub_share_fee": _yuan(fee) if settled else "0.00",
            "alimama_share_fee": _yuan(fee // 10),
            "relation_id": self.sub_ids[click.link_id]
            if number % 25
            else "999999999",  # somebody's that we do not know
            "item_id": f"nXtQUotkQRC0tP-{number % 5000}",
            "item_title": "A paper lantern of the usual kind",
        }


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


if __name__ == "__main__":
    sys.exit(main())
