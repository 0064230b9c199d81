"""Reports that come from statements: our own form, the same for every network.

A network's statement says less of an order than its reports, and in words that its
adapter does not know. What a reviewer took over from one is kept like any report.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from commerce.exceptions import MalformedNotice
from commerce.networks.base import LineReport, Payload

# What it was taken from. A table and not a text: no row of a file can say it.
KEY = "statement_line"

_TIMES = ("created_at", "modified_at", "paid_at", "received_at", "settled_at")
_NAMES = [field.name for field in fields(LineReport) if field.name != "click_time"]


def is_statement_row(payload: Payload) -> bool:
    return isinstance(payload.get(KEY), dict)


def payload_of(report: LineReport, *, told: dict[str, Any]) -> Payload:
    said = {name: getattr(report, name) for name in _NAMES}
    for name in _TIMES:
        said[name] = said[name].isoformat() if said[name] else None
    return {KEY: told, **said}


def read_statement_row(payload: Payload) -> LineReport:
    try:
        said = {name: payload[name] for name in _NAMES}
        for name in _TIMES:
            said[name] = datetime.fromisoformat(said[name]) if said[name] else None
        return LineReport(**said)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedNotice(KEY) from error
