"""A plain list of addresses: one a line, and its title if one likes."""

from __future__ import annotations

from pinboard.imports.found import WEB, Found, FoundRow, Kind

CLOSING = ",;)>]\"'"


def read_addresses(text: str) -> Found:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            rows.append(_row(number, line))
    return Found(Kind.ADDRESSES, rows).checked()


def has_addresses(text: str) -> bool:
    """Of the first lines that say anything, most have one."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("#")][:20]
    found = [line for line in lines if WEB.search(line)]
    return bool(found) and 2 * len(found) >= len(lines)


def _row(number: int, line: str) -> FoundRow:
    found = WEB.search(line)
    address = found[0].rstrip(CLOSING) if found else ""
    title = line.replace(address, "", 1).strip(" \t-–:|<>()[],;\"'")
    return FoundRow(number, title=title[:1000], address=address)
