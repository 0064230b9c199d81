"""The marketplace's own database: orders, refunds, and notices on their way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Times are whole Unix seconds: the protocol's own resolution.
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    line_id TEXT PRIMARY KEY, order_id TEXT NOT NULL,
    shop TEXT NOT NULL, product TEXT NOT NULL, title TEXT NOT NULL,
    currency TEXT NOT NULL, price_minor INTEGER NOT NULL, status TEXT NOT NULL,
    click_ref TEXT NOT NULL, sub_id TEXT NOT NULL, click_at INTEGER,
    created_at INTEGER NOT NULL, paid_at INTEGER, received_at INTEGER,
    settled_at INTEGER, modified_at INTEGER NOT NULL,
    rest_minor INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS orders_by_change ON orders (modified_at, line_id);
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY, line_id TEXT NOT NULL REFERENCES orders,
    minor INTEGER NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY, line_id TEXT NOT NULL, shop TEXT NOT NULL,
    body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL DEFAULT 0, answer INTEGER,
    is_done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notices_due ON notices (next_at) WHERE is_done = 0;
CREATE TABLE IF NOT EXISTS scenarios (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "marketplace.sqlite3"
        with self.open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            # Of a file from before orders could be paid in two parts.
            columns = {row["name"] for row in db.execute("PRAGMA table_info(orders)")}
            if "rest_minor" not in columns:
                db.execute(
                    "ALTER TABLE orders ADD rest_minor INTEGER NOT NULL DEFAULT 0"
                )

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one request, its writes committed together at the end."""
        db = sqlite3.connect(self.path, timeout=10)
        db.row_factory = sqlite3.Row
        try:
            with db:
                yield db
        finally:
            db.close()
