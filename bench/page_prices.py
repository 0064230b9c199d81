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

from pinboard.sources.currencies import iso_code  # noqa: E402
from pinboard.sources.extract import read_page  # noqa: E402
from pinboard.sources.prices import parse_price  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "bench" / "results" / "page_prices.json"
GOALS = {"pages_right": 65, "pages_wrong_at_most": 8, "strings_right": 700}


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


def read_all() -> dict[str, Any]:
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
    return {
        "pages": {
            "of": len(priced),
            **{verdict: count[verdict] for verdict in ("right", "wrong", "none")},
            "ms_a_page": round(seconds * 1000 / len(priced), 1),
            "not_right": sorted(
                name for name, verdict in verdicts.items() if verdict != "right"
            ),
        },
        "strings": {"of": len(strings), "right": sum(strings)},
        "goals": GOALS,
    }


def is_met(result: dict[str, Any]) -> bool:
    pages = result["pages"]
    return bool(
        pages["right"] >= GOALS["pages_right"]
        and pages["wrong"] <= GOALS["pages_wrong_at_most"]
        and result["strings"]["right"] >= GOALS["strings_right"]
    )


def main() -> int:
    if not DATA.is_dir():
        print(f"skipped: {DATA} is not here")
        return 0
    result = read_all()
    result["verdict"] = "met" if is_met(result) else "missed"
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    pages, strings = result["pages"], result["strings"]
    print(
        f"pages    {pages['right']} right, {pages['wrong']} wrong, {pages['none']} none"
        f" of {pages['of']} (goal: >= {GOALS['pages_right']} right,"
        f" <= {GOALS['pages_wrong_at_most']} wrong), {pages['ms_a_page']} ms a page"
    )
    print(
        f"strings  {strings['right']} of {strings['of']} right"
        f" (goal: >= {GOALS['strings_right']})"
    )
    print(f"verdict  {result['verdict']}")
    return 0 if is_met(result) else 1


if __name__ == "__main__":
    sys.exit(main())
