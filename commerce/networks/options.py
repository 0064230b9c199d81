"""What a network's row may hold in `poll_cfg`: each key and what it is like."""

from __future__ import annotations

import re

from commerce.models import Network

ADZONE_ID = "adzone_id"  # links of its programmes are converted for this place
PARAMETERS_IN = "parameters_in"

_OPTIONS: dict[str, dict[str, re.Pattern[str]]] = {
    Network.Adapter.TAOBAO: {ADZONE_ID: re.compile(r"[1-9][0-9]{0,19}")},
    Network.Adapter.JD: {PARAMETERS_IN: re.compile(r"(360buy_)?param_json")},
}


def known_options(adapter: str) -> list[str]:
    return list(_OPTIONS.get(adapter, {}))


def wrong_option(adapter: str, options: dict[str, object]) -> str | None:
    """The first key that the adapter does not know, or whose value it cannot use."""
    known = _OPTIONS.get(adapter, {})
    for name, value in options.items():
        if name not in known or not known[name].fullmatch(str(value)):
            return name
    return None
