"""Tables (CSV): a heading line that says which column is what, then a pin a line.

Headings are forgiving: English or Chinese, as Pinterest's bulk upload, Raindrop, Pocket
and our own pins.csv name them. Of two columns for one thing, the name that stands
further left here wins: in our table `url` is the pin, `source_url` where it is from.
"""

from __future__ import annotations

import csv
import io
import re

from pinboard.cells import FORMULA_STARTS
from pinboard.exceptions import ImportRowTooLong, ImportTooManyRows
from pinboard.imports.found import MAX_ROWS, Found, FoundRow, Kind, moment

HEADINGS = {
    "board": "board|board name|pinterest board|folder|collection|list"
    "|画板|图板|文件夹|收藏夹|分类",
    "section": "section|board section|分区|小节",
    "title": "title|name|pin title|标题|名称|名字",
    "description": "description|note|notes|excerpt|text|comment|details"
    "|描述|说明|备注|文案",
    "address": "source url|source|canonical link|link|destination link|url|href|address"
    "|网址|链接|来源|地址",
    "image": "image url|image|media url|picture url|picture|cover|photo|img"
    "|图片|图片链接|图片地址|封面",
    "tags": "tags|keywords|labels|标签|关键词",
    "alt": "alt|alt text|image description|替代文本|图片描述",
    "created_at": "created at|created|date|added|time added|publish date|add date"
    "|创建时间|日期|时间",
    "product": "product url|product link|商品链接",
}
_WORDS = re.compile(r"[\s_\-]+")
LONGEST_CELL = 20_000


def read_table(text: str) -> Found | None:
    """None where the first line is no heading that names an address or a picture."""
    delimiter = _delimiter(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    rows: list[FoundRow] = []
    try:
        columns = _columns(next(lines, []))
        if not {"address", "image"} & set(columns):
            return None
        for number, cells in enumerate(lines, 2):
            if len(rows) > MAX_ROWS:
                raise ImportTooManyRows
            if any(cell.strip() for cell in cells):
                rows.append(_row(number, columns, cells))
    except csv.Error as error:
        raise ImportRowTooLong(number + 1) from error
    return Found(Kind.TABLE, rows).checked()


def _delimiter(text: str) -> str:
    head = text[:5000].partition("\n")[0]
    return max(",;\t", key=head.count)


def _columns(heading: list[str]) -> dict[str, int]:
    named = {_WORDS.sub(" ", cell).strip().lower(): n for n, cell in enumerate(heading)}
    columns = {}
    for column, names in HEADINGS.items():
        for name in names.split("|"):
            if name in named:
                columns[column] = named[name]
                break
    return columns


def _row(number: int, columns: dict[str, int], cells: list[str]) -> FoundRow:
    if max(map(len, cells)) > LONGEST_CELL:
        raise ImportRowTooLong(number)
    told = {
        column: _unquoted(cells[place])
        for column, place in columns.items()
        if place < len(cells)
    }
    return FoundRow(
        number,
        board=" ".join(told.get("board", "").split())[:200],
        section=told.get("section", ""),
        title=told.get("title", ""),
        description=told.get("description", ""),
        tags=re.split(r"[,;|，；、]", told.get("tags", "")),
        alt=told.get("alt", ""),
        address=told.get("address", ""),
        images=[told.get("image", "")],
        product=told.get("product", ""),
        created_at=moment(told.get("created_at", "")),
    )


def _unquoted(cell: str) -> str:
    """Without the quote that keeps a spreadsheet from reading it as a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell
