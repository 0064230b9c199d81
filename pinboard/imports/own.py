"""The list of contents of our own export (pinboard.exports.documents), read back."""

from __future__ import annotations

from typing import Any

from pinboard.imports.found import Found, FoundBoard, FoundRow, Kind, moment, plain


def read_own(value: object) -> Found | None:
    if not isinstance(value, dict) or not isinstance(value.get("profile"), dict):
        return None
    # Places rise upwards, and a board that is made is put on top of the others.
    told = sorted(
        _objects(value.get("boards")), key=lambda t: _whole(t.get("place")) or 0
    )
    boards = [_board(board) for board in told]
    pins = _objects(value.get("pins"))
    rows = [_row(number, pin) for number, pin in enumerate(pins, 1)]
    # Boards of others, on which one pinned, are told by their pins alone.
    titles = {plain(pin.get("board_id")): plain(pin.get("board")) for pin in pins}
    for key in titles.keys() - {board.key for board in boards}:
        boards.append(FoundBoard(key, title=titles[key]))
    return Found(Kind.PINBOARD, rows, boards).checked()


def _board(told: dict[str, Any]) -> FoundBoard:
    return FoundBoard(
        key=plain(told.get("id")),
        title=plain(told.get("title")),
        description=plain(told.get("description")),
        visibility=plain(told.get("visibility")),
        sort=plain(told.get("sort")),
        created_at=moment(told.get("created_at")),
        sections=_listed(told.get("sections")),
    )


def _row(number: int, told: dict[str, Any]) -> FoundRow:
    return FoundRow(
        number,
        # Numbers of pins rise with time, also where two have the same date.
        age=-(_whole(told.get("id")) or 0),
        board=plain(told.get("board_id")),
        section=plain(told.get("section")),
        title=plain(told.get("title")),
        description=plain(told.get("description")),
        alt=plain(told.get("alt")),
        tags=_listed(told.get("tags")),
        address=plain(told.get("source_url")),
        file=plain(told.get("file")),
        product=plain(told.get("product_url")),
        place=_whole(told.get("place")),
        created_at=moment(told.get("created_at")),
    )


def _objects(value: object) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else []
    return [item for item in listed if isinstance(item, dict)]


def _listed(value: object) -> list[str]:
    return [plain(item) for item in value] if isinstance(value, list) else []


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < 2**63 else None
