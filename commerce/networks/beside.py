"""What a row of a file does not say itself and its reader knows, such as the zone of
its times: kept with the row, so that it is read the same for ever.

It is a table under a name of its own, which no row of a CSV can have, and rows of JSON
that have it are refused.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any  # values of as many types as JSON has
from zoneinfo import ZoneInfo

from commerce.networks.base import Payload

KEY = "beside"


def beside(row: Payload) -> dict[str, Any]:
    told = row.get(KEY)
    return told if isinstance(told, dict) else {}


def with_beside(row: Payload, **told: object) -> Payload:
    known = {name: value for name, value in told.items() if value}
    return {**row, KEY: known} if known else row


def zone_of(row: Payload) -> tzinfo:
    return ZoneInfo(beside(row).get("tz") or "UTC")
