"""Prices read from the collected shop pages and price strings.

    python bench/page_prices.py

Needs the data folder beside the checkout; says so where it is absent.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pinboard.sources.currencies import iso_code
from pinboard.sources.extract import read_page
from pinboard.sources.prices import parse_price

DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "bench" / "results" / "page_prices.json"
PAGES_RIGHT_GOAL, PAGES_WRONG_GOAL, STRINGS_RIGHT_GOAL = 65, 8, 700


def judge_page(name: str, page: dict[str, Any]) -> str:
    content = gzip.decompress((DATA / "product_pages" / name).read_bytes())
    facts = read_page(content, page["url"] or f"https://{page['domain']}/")
    if facts.price is None:
        return "none"
    truth = page["truth"]
    if Decimal(facts.price) not in map(Decimal, truth["price"]):
        return "wrong"
    signs = [sign.rstrip("~") for sign in truth.get("currency", [])]
    hints = (facts.currency,) if facts.currency else ()
    # A sign of many currencies is right with any of them: the truth says `$`.
    meant = {iso_code(sign, hints=hints) for sign in signs}
    return "right" if not signs or facts.currency in meant else "wrong"


def judge_string(row: dict[str, str]) -> bool:
    amount, currency = parse_price(row["price_raw"], row["currency_hint"])
    wanted = Decimal(row["amount"]) if row["amount"] else None
    found = Decimal(amount) if amount is not None else None
    return (found, currency or "") == (wanted, row["currency"])


def main() -> int:
    if not DATA.is_dir():
        print(f"skipped: {DATA} is not here")
        return 0
    expected = json.loads((DATA / "product_pages" / "expected.json").read_text("utf-8"))
    priced = {
        name: page for name, page in expected.items() if page["truth"].get("price")
    }
    began = time.perf_counter()
    verdicts = {name: judge_page(name, page) for name, page in priced.items()}
    seconds = time.perf_counter() - began
    with (DATA / "prices.csv").open(encoding="utf-8", newline="") as file:
        strings = [judge_string(row) for row in csv.DictReader(file)]
    count = Counter(verdicts.values())
    is_good = (
        count["right"] >= PAGES_RIGHT_GOAL
        and count["wrong"] <= PAGES_WRONG_GOAL
        and sum(strings) >= STRINGS_RIGHT_GOAL
    )
    result = {
        "pages": {
            "of": len(priced),
            "right": count["right"],
            "wrong": count["wrong"],
            "none": count["none"],
            "ms_a_page": round(seconds * 1000 / len(priced), 1),
            "not_right": sorted(
                n for n, verdict in verdicts.items() if verdict != "right"
            ),
        },
        "strings": {"of": len(strings), "right": sum(strings)},
        "goals": {
            "pages_right": PAGES_RIGHT_GOAL,
            "pages_wrong_at_most": PAGES_WRONG_GOAL,
            "strings_right": STRINGS_RIGHT_GOAL,
        },
        "verdict": "met" if is_good else "missed",
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(
        f"pages    {count['right']} right, {count['wrong']} wrong, {count['none']} none"
        f" of {len(priced)} (goal: >= {PAGES_RIGHT_GOAL} right, <= {PAGES_WRONG_GOAL}"
        f" wrong), {result['pages']['ms_a_page']} ms a page"
    )
    print(
        f"strings  {sum(strings)} of {len(strings)} right (goal: >= {STRINGS_RIGHT_GOAL})"
    )
    print(f"verdict  {result['verdict']}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
