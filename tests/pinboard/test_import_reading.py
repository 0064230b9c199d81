"""What is read out of people's files, and which files are refused."""

import contextlib
import io
import json
import struct
import time
from datetime import UTC, datetime
from zipfile import ZIP_STORED, ZipFile

import pytest

from pinboard.exceptions import (
    ImportEmpty,
    ImportNotText,
    ImportPartMissing,
    ImportRefused,
    ImportRowTooLong,
    ImportTooLarge,
    ImportTooManyRows,
    ImportUnsafe,
)
from pinboard.imports import archives
from pinboard.imports.reading import read
from tests.pinboard.import_files import own_export, zipped

BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE><H1>Bookmarks</H1>
<DL><p>
  <DT><A HREF="https://a.example/top" ADD_DATE="1600000000">At the top</A>
  <DT><H3 ADD_DATE="1">Coats &amp; caps</H3>
  <DL><p>
    <DT><A HREF="https://a.example/coat?a=1&amp;b=2" ADD_DATE="1700000000000000">A
      &lt;red&gt; coat</A>
    <DD>Warm &amp; long
    <DT><H3>Hats</H3>
    <DL><p>
      <DT><A HREF="https://a.example/hat">Hat</A>
    </DL><p>
    <DT><A HREF="https://a.example/cap">Cap</A>
  </DL><p>
  <DT><A HREF="javascript:alert(1)">A bookmarklet</A>
</DL><p>
"""
PINTEREST = """<div id="contents"><h1 id=ab12c>Pins</h1>
<a href="https://www.pinterest.com/pin/123456789/">https://www.pinterest.com/pin/123456789/</a>
<br>Title: A coat: red,
<br>Details: Warm &amp; long,
<br>Image: abcdef0123456789abcdef0123456789,
<br>Board Id: 9876543210,
<br>Board Name: Coats,
<br>Alt Text: No data,
<br>Canonical Link: <a href="https://shop.example/coat?a=1&amp;b=2">https://shop.example/coat</a>,
<br>Created at: 2017/02/13 15:35:01
<br>Alive: True
<br>Private: False<br><br>
<a href="https://www.pinterest.com/pin/5/">https://www.pinterest.com/pin/5/</a>
<br>Title: No data,
<br>Details: No data,
<br>Image: No data,
<br>Board Name: No data,
<br>Canonical Link: No data,
<br>Private: True<br><br><h1 id=x>Something else</h1>
<a href="https://www.pinterest.com/me/">me</a>
<br>Username: me
</div>"""


def found(content):
    if isinstance(content, str):
        content = content.encode()
    return read(io.BytesIO(content))


def test_folders_of_bookmarks_become_boards():
    read_ = found(BOOKMARKS)
    assert read_.kind == "bookmarks"
    assert [(row.board, row.title, row.address) for row in read_.rows] == [
        ("", "At the top", "https://a.example/top"),
        ("Coats & caps", "A <red> coat", "https://a.example/coat?a=1&b=2"),
        ("Hats", "Hat", "https://a.example/hat"),
        ("Coats & caps", "Cap", "https://a.example/cap"),
        ("", "A bookmarklet", ""),
    ]
    assert read_.rows[1].description == "Warm & long"
    assert read_.rows[0].created_at == datetime.fromtimestamp(1600000000, UTC)
    assert read_.rows[1].created_at == datetime.fromtimestamp(1700000000, UTC)


def test_bookmarks_have_tags():
    (row,) = found(
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT>"
        '<A HREF="https://a.example/" TAGS="red,for winter">A</A></DL>'
    ).rows
    assert row.tags == ["red", "for winter"]


@pytest.mark.parametrize("pack", [str.encode, lambda t: zipped({"pins/0001.html": t})])
def test_an_export_of_pinterest_is_read_as_page_and_as_zip(pack):
    read_ = found(pack(PINTEREST))
    assert read_.kind == "pinterest"
    one, other = read_.rows
    assert (one.title, one.description) == ("A coat: red", "Warm & long")
    assert (one.board, other.board) == ("Coats", "")
    assert one.address == "https://shop.example/coat?a=1&b=2"
    assert one.images[0] == (
        "https://i.pinimg.com/originals/ab/cd/ef/abcdef0123456789abcdef0123456789.jpg"
    )
    assert one.alt == other.title == ""
    assert one.created_at == datetime(2017, 2, 13, 15, 35, 1, tzinfo=UTC)
    assert other.address == "https://www.pinterest.com/pin/5/"


def test_json_is_read_by_the_names_of_pinterests_interface():
    pin = {
        "title": "Coat",
        "link": "https://shop.example/coat",
        "board": {"name": "Coats"},
        "alt_text": "A coat",
        "created_at": "2020-01-01T20:10:40",
        "media": {
            "images": {
                "150x150": {"url": "https://i.pinimg.com/s.jpg", "width": 150},
                "1200x": {"url": "https://i.pinimg.com/l.jpg", "width": 1200},
            }
        },
    }
    (row,) = found(json.dumps({"items": [pin]})).rows
    assert (row.title, row.board, row.alt) == ("Coat", "Coats", "A coat")
    assert row.images == ["https://i.pinimg.com/l.jpg"]
    with pytest.raises(ImportRefused):
        found(json.dumps([{"something": "else"}]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_in_what_spreadsheets_write(encoding, delimiter):
    cells = [
        ["画板", "标题", "网址", "图片链接"],
        ["大衣", "红", "https://a.example/", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in cells)
    (row,) = found(text.encode(encoding)).rows
    assert (row.board, row.title, row.address) == ("大衣", "红", "https://a.example/")


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("board,title,description,url,image_url,tags", "B,T,D,https://a.example/,,"),
        ("Title,Media URL,Pinterest board,Thumbnail,Description,Link",
         "T,https://a.example/p.jpg,B,,D,https://a.example/"),
        ("id,title,note,excerpt,url,folder,tags,created",
         "1,T,D,,https://a.example/,B,,2020-01-01T00:00:00Z"),
        ("Title ,IMAGE-URL, Board_Name,NOTES,Link",
         "T,https://a.example/p.jpg,B,D,https://a.example/"),
    ],
)  # fmt: skip
def test_headings_may_be_called_as_other_services_call_them(heading, cells):
    (row,) = found(f"{heading}\n{cells}\n").rows
    assert (row.title, row.board, row.description) == ("T", "B", "D")
    assert row.address == "https://a.example/"


def test_what_can_be_no_tag_is_left_out_and_the_others_are_kept():
    tags = ["x" * 41, "#Wool", "wool", "mid  century", "!!", *map(str, range(30))]
    (row,) = found(f"title,url,tags\na,https://a.example/,{'|'.join(tags)}\n").rows
    assert row.tags[:3] == ["Wool", "mid century", "0"]
    assert len(row.tags) == 20
    (row,) = found(own_export([{"id": 1, "tags": ["a, b", 7, None, []]}])).rows
    assert row.tags == ["a, b", "7"]


def test_our_own_table_names_where_a_pin_was_found():
    (row,) = found(
        "title,source_url,board,url\n"
        "'=SUM(1),https://shop.example/,B,https://pins.example/pins/1/\n"
    ).rows
    assert (row.title, row.address) == ("=SUM(1)", "https://shop.example/")


def test_a_list_of_addresses_has_its_titles_beside_them():
    rows = found(
        "# mine\nhttps://a.example/one\n\nA coat - https://a.example/two,\nno address\n"
    ).rows
    assert [(row.number, row.title, row.address) for row in rows] == [
        (2, "", "https://a.example/one"),
        (4, "A coat", "https://a.example/two"),
        (5, "no address", ""),
    ]


def test_the_newest_is_pinned_last():
    dated = found(
        "title,url,date\nnew,https://a.example/1,2024-01-01\n"
        "old,https://a.example/2,2020-01-01\n"
    )
    assert [row.title for row in dated.oldest_first()] == ["old", "new"]
    undated = found("title,url\ntop,https://a.example/1\nlast,https://a.example/2\n")
    assert [row.title for row in undated.oldest_first()] == ["last", "top"]


def test_nothing_is_stored_that_a_database_cannot_keep():
    pin = {"id": 1, "title": "a\0b\ud800c", "file": None, "place": 10**30}
    (row,) = found(own_export([pin])).rows
    assert (row.title, row.file, row.place) == ("abc", "", None)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", ImportRefused),
        (b"just some words\nand more\n", ImportRefused),
        (b"name;age\nA;3\n", ImportRefused),
        (b"title,url\n", ImportEmpty),
        (b"\xff\xfe\xff", ImportNotText),
        ("title,url\ncaf\xe9,https://a.example/".encode("latin-1"), ImportNotText),
        (b"MZ\x90\x00\x03\x00\x00", ImportNotText),
        (b"title,url\n" + b"x" * 200_000 + b",https://a.example/\n", ImportRowTooLong),
        (b"title,url\n" + b"x" * 30_000 + b",https://a.example/\n", ImportRowTooLong),
        (b"title,url\n" + b"a,https://a.example/\n" * 10_001, ImportTooManyRows),
        (b"a" * (archives.MAX_TEXT + 1), ImportTooLarge),
        (b"{" * 100_000, ImportRefused),
        (b"[" * 100_000, ImportRefused),
        (b'<?xml?><!DOCTYPE l [<!ENTITY a "b">]><l>&a;</l>', ImportRefused),
        (b"<html><body>Hello</body></html>", ImportRefused),
        (zipped({"readme.txt": "hello"}), ImportRefused),
        (zipped({"originals/1-a.jpg": "x"}), ImportPartMissing),
        (zipped({"pinboard.json": "{"}), ImportRefused),
        (zipped({"pinboard.json": "[]"}), ImportRefused),
        (b"PK\x03\x04 and then nothing", ImportUnsafe),
        (zipped({"a.html": "b"})[:-30], ImportUnsafe),
    ],
    ids=map(str, range(21)),
)  # fmt: skip
def test_what_cannot_be_imported_is_refused_with_a_sentence(content, refusal):
    with pytest.raises(ImportRefused) as refused:
        found(content)
    assert type(refused.value) is refusal
    assert 400 <= refused.value.status < 500
    assert str(refused.value.for_user).count(".") >= 1


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "a/../../b", "..\\b", "C:\\a", "a\x01b"],
)
def test_no_path_leads_out_of_a_zip(name):
    with pytest.raises(ImportUnsafe):
        found(zipped({"pinboard.json": "{}", name: "x"}))


def test_a_bomb_is_known_by_its_ratio_and_never_unpacked():
    started = time.process_time()
    with pytest.raises(ImportUnsafe):
        found(zipped({"pinboard.json": b" " * 40_000_000}))
    # A directory that tells a small size for what is large.
    bomb = bytearray(zipped({"pinboard.json": b" " * (archives.MAX_TEXT + 10)}))
    directory = bomb.rfind(b"PK\x01\x02")
    struct.pack_into("<L", bomb, directory + 24, 100)
    with pytest.raises(ImportRefused):
        found(bytes(bomb))
    assert time.process_time() - started < 5


def test_a_zip_of_too_many_members_is_refused_before_python_reads_its_list():
    empty = {f"{n}.html": "" for n in range(archives.MAX_MEMBERS + 1)}
    with pytest.raises(ImportTooLarge):
        found(zipped(empty, ZIP_STORED))


def test_what_is_encrypted_or_there_twice_is_refused():
    locked = bytearray(zipped({"pinboard.json": "{}"}))
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImportUnsafe):
        found(bytes(locked))
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("pinboard.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("pinboard.json", "{}")
    with pytest.raises(ImportUnsafe):
        found(out.getvalue())


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>" + "<a " * 700_000,
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>" + "<DL><H3>x</H3>" * 200_000,
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><a " + 'href="' * 500_000 + ">",
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>" + "&amp;" * 500_000,
        PINTEREST + "<br>A" + " " * 2_000_000 + "<br>" + "A:" * 1_000_000,
        "x" * 2_000_000,
        "title,url\n" + '"' * 100_000,
    ],
    ids=map(str, range(7)),
)
def test_no_text_makes_reading_slow(text):
    started = time.process_time()
    with contextlib.suppress(ImportRefused):
        found(text)
    assert time.process_time() - started < 8  # a second or two where nothing else runs
