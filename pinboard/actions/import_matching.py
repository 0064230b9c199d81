"""Which rows of an import one has already, and which stand in the file twice.

The whole is compared at once, in memory: some ten thousand short texts. What only shows
once the bytes are there, the same picture, is seen when the row is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pinboard.exceptions import AddressRefused, RowWithoutPicture
from pinboard.imports.found import Kind, moment
from pinboard.models import Import, ImportRow, Pin, RowState
from pinboard.sources.addresses import url_key
from users.models import User

Key = str | tuple[datetime, str]
OPEN = (RowState.WAITING, RowState.KNOWN)


def mark_known(source: Import, rows: Iterable[ImportRow]) -> list[ImportRow]:
    """Those whose state is another one than before. Rows come in their turn."""
    has = _pins_of(source.owner, source.kind)
    seen: set[tuple[int, str, str]] = set()
    changed = []
    for row in rows:
        before = row.state, row.pin_id, row.error_code
        _mark(row, source.kind, has, seen)
        if (row.state, row.pin_id, row.error_code) != before:
            changed.append(row)
    return changed


def key_of(address: str) -> str:
    """Two addresses of one page have one; what is none for us stands for itself."""
    try:
        return url_key(address)
    except AddressRefused:
        return address


def _mark(
    row: ImportRow, kind: str, has: dict[Key, int], seen: set[tuple[int, str, str]]
) -> None:
    if not row.address and not row.file:
        row.state, row.error_code = RowState.FAILED, RowWithoutPicture.code
        return
    twin = _twin(row, kind, has)
    is_again = kind != Kind.PINBOARD and _is_again(row, seen)
    row.state = RowState.KNOWN if twin or is_again else RowState.WAITING
    row.pin_id = twin


def _twin(row: ImportRow, kind: str, has: dict[Key, int]) -> int | None:
    if kind != Kind.PINBOARD:
        return has.get(key_of(row.address))
    made = moment(row.told["created_at"])
    return has.get((made, row.address)) if made else None


def _is_again(row: ImportRow, seen: set[tuple[int, str, str]]) -> bool:
    """On the same board: the same page on two of them was meant. Of one page one may
    have pinned several pictures."""
    this = (row.board_id, key_of(row.address), "".join(row.told["images"][:1]))
    if this in seen:
        return True
    seen.add(this)
    return False


def _pins_of(owner: User, kind: str) -> dict[Key, int]:
    """By what a row can be recognised: the page, or, as our own export tells it, the
    very moment a pin was made."""
    own = Pin.objects.filter(pinner=owner, deleted_at=None, board__deleted_at=None)
    told = own.values_list("pk", "source_url", "created_at", "product__url_key")
    has: dict[Key, int] = {}
    for pk, address, made, product in told.order_by("-pk").iterator(2000):
        if kind == Kind.PINBOARD:
            has[(made, address)] = pk
            continue
        if product:
            has[product] = pk
        if address:
            has[key_of(address)] = pk
    return has
