"""What the gateway plays when the desk asks for it: the bad days of a real network."""

from __future__ import annotations

import sqlite3
import time

# name -> (in words, whether its value is how often, else it stays until it is zero)
SCENARIOS = {
    "ban": "refuse all calls for so many seconds (7)",
    "outage": "fail so many calls on the network's side (15)",
    "truncated": "cut so many JSON answers in the middle",
    "stale_index": "call so many position indexes out of date (1008)",
    "empty_page": "answer so many calls with an empty page that has a next one",
    "xml": "answer so many calls in XML, whatever they asked for",
    "late_orders": "leave all orders out of so many answers, but no refunds",
    "moved": "let a row of the next page change while so many pages are read",
    "foreign": "convert so many links to an address of somebody else",
    "presale": "take a tenth as a deposit from so many payers; the desk has the rest",
    "duplicates": "repeat a row of each page on the next one (1 = on)",
    "season": "allow windows of 20 minutes only (1 = on)",
    "clock_skew": "run so many seconds ahead",
}


class Scenarios:
    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def value(self, name: str) -> int:
        row = self.db.execute(
            "SELECT value FROM scenarios WHERE name = ?", (name,)
        ).fetchone()
        return int(row["value"]) if row else 0

    def set(self, name: str, value: int) -> None:
        if name == "ban":
            value += int(time.time())
        self.db.execute(
            "INSERT INTO scenarios VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def once(self, name: str) -> bool:
        """Whether it is to happen now; it happens one time less then."""
        used = self.db.execute(
            "UPDATE scenarios SET value = value - 1 WHERE name = ? AND value > 0",
            (name,),
        )
        return used.rowcount > 0
