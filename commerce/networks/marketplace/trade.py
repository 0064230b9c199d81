"""What happens to an order: bought, paid, received, settled, refunded, invalid.

Each move changes the row that the gateway reports, and for a shop with a programme of
its own it leaves a notice for the postman, in the same transaction.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from datetime import UTC, datetime

from commerce.networks.marketplace.amounts import amount_text
from commerce.networks.marketplace.config import Config, Product

# What the desk offers next.
MOVES = {
    "created": ("paid", "invalid"),
    "paid": ("received", "settled", "invalid"),
    "received": ("settled", "invalid"),
    "settled": ("invalid",),
    "invalid": (),
}


class MoveRefused(ValueError):
    """The order is not where this move starts."""


def buy(
    db: sqlite3.Connection,
    product: Product,
    *,
    click_ref: str = "",
    sub_id: str = "",
    click_at: int | None = None,
) -> str:
    """Open an order, not paid yet; the id of its only line."""
    now = int(time.time())
    # Ids of 19 digits, as the real ones: beyond what a JSON number holds exactly.
    order_id = str(10**18 + secrets.randbelow(9 * 10**18))
    line_id = str(int(order_id) + 1)
    db.execute(
        "INSERT INTO orders (line_id, order_id, shop, product, title, currency,"
        " price_minor, status, click_ref, sub_id, click_at, created_at, modified_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'created', ?, ?, ?, ?, ?)",
        (
            *(line_id, order_id, product.shop, product.id, product.title),
            *(product.currency, product.price_minor),
            *(click_ref[:80], sub_id[:40], click_at, now, now),
        ),
    )
    return line_id


def move(db: sqlite3.Connection, config: Config, line_id: str, status: str) -> None:
    order = order_of(db, line_id)
    if status not in MOVES[order["status"]]:
        raise MoveRefused(status)
    now = max(int(time.time()), order["modified_at"])
    column = {"paid": "paid_at", "received": "received_at", "settled": "settled_at"}
    db.execute(
        "UPDATE orders SET status = ?, modified_at = ? WHERE line_id = ?",
        (status, now, line_id),
    )
    if name := column.get(status):
        db.execute(f"UPDATE orders SET {name} = ? WHERE line_id = ?", (now, line_id))  # noqa: S608  one of three names above
    _tell(db, config, order_of(db, line_id), {"type": "order"}, now)


def pay_deposit(db: sqlite3.Connection, config: Config, line_id: str) -> None:
    """Of a pre-sale: its price is what was paid so far, and grows by the rest."""
    price = order_of(db, line_id)["price_minor"]
    deposit = price // 10
    db.execute(
        "UPDATE orders SET price_minor = ?, rest_minor = ? WHERE line_id = ?",
        (deposit, price - deposit, line_id),
    )
    move(db, config, line_id, "paid")


def pay_rest(db: sqlite3.Connection, config: Config, line_id: str) -> None:
    """The time of payment is rewritten, too; the order's own stays."""
    order = order_of(db, line_id)
    if order["status"] != "paid" or not order["rest_minor"]:
        raise MoveRefused("rest")
    now = max(int(time.time()), order["modified_at"] + 1)
    db.execute(
        "UPDATE orders SET price_minor = price_minor + rest_minor, rest_minor = 0,"
        " paid_at = ?, modified_at = ? WHERE line_id = ?",
        (now, now, line_id),
    )
    _tell(db, config, order_of(db, line_id), {"type": "order"}, now)


def refund(db: sqlite3.Connection, config: Config, line_id: str, minor: int) -> str:
    """Give back a part of the price; the refund's id."""
    order = order_of(db, line_id)
    if order["status"] in ("created", "invalid"):
        raise MoveRefused("refund")
    if not 0 < minor <= order["price_minor"] - refunded(db, line_id):
        raise MoveRefused("amount")
    refund_id = str(10**15 + secrets.randbelow(9 * 10**15))
    now = int(time.time())
    db.execute(
        "INSERT INTO refunds VALUES (?, ?, ?, 'success', ?, ?)",
        (refund_id, line_id, minor, now, now),
    )
    _tell_of_refund(db, config, order, refund_id, minor, now)
    return refund_id


def fail_refund(db: sqlite3.Connection, config: Config, refund_id: str) -> None:
    """The dispute went the shop's way: the buyer pays after all."""
    row = db.execute(
        "SELECT * FROM refunds WHERE refund_id = ?", (refund_id,)
    ).fetchone()
    if row is None or row["status"] != "success":
        raise MoveRefused("refund")
    now = max(int(time.time()), row["modified_at"] + 1)
    db.execute(
        "UPDATE refunds SET status = 'failed', modified_at = ? WHERE refund_id = ?",
        (now, refund_id),
    )
    _tell_of_refund(db, config, order_of(db, row["line_id"]), refund_id, 0, now)


def order_of(db: sqlite3.Connection, line_id: str) -> sqlite3.Row:
    """Raises LookupError for an order that is not there."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM orders WHERE line_id = ?", (line_id,)
    ).fetchone()
    if row is None:
        raise LookupError(line_id)
    return row


def refunded(db: sqlite3.Connection, line_id: str) -> int:
    total: int = db.execute(
        "SELECT coalesce(sum(minor), 0) FROM refunds"
        " WHERE line_id = ? AND status = 'success'",
        (line_id,),
    ).fetchone()[0]
    return total


def _tell_of_refund(
    db: sqlite3.Connection,
    config: Config,
    order: sqlite3.Row,
    refund_id: str,
    minor: int,
    now: int,
) -> None:
    """A refund that failed is one of nothing: the latest word on its id counts."""
    money = amount_text(minor, order["currency"])
    words = {"type": "refund", "refund_id": refund_id, "refunded": money}
    _tell(db, config, order, words, now)


def _tell(
    db: sqlite3.Connection,
    config: Config,
    order: sqlite3.Row,
    words: dict[str, str],
    now: int,
) -> None:
    """A notice for a shop that is told; others ask the gateway. An order that no
    tracked click led to is nobody's business."""
    shop = config.shop(order["shop"])
    if shop is None or shop.kind != "direct" or not order["click_ref"]:
        return
    if order["status"] == "created" or not shop.postback_url:
        return
    body = {
        "event_id": secrets.token_hex(12),
        "order_id": order["order_id"],
        "line_id": order["line_id"],
        "click_id": order["click_ref"],
        "status": order["status"],
        "amount": amount_text(order["price_minor"], order["currency"]),
        "currency": order["currency"],
        "occurred_at": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    db.execute(
        "INSERT INTO notices (line_id, shop, body) VALUES (?, ?, ?)",
        (order["line_id"], shop.slug, json.dumps(body | words)),
    )
