import csv
import io

import pytest

from commerce.exceptions import FileUnreadable
from commerce.networks import tables
from commerce.networks.tables import read_table, unwrapped

PLAIN = "订单,金额\n1446862000000000002,3.80\n"


def refusal(content: bytes, **more) -> str:
    with pytest.raises(FileUnreadable) as caught:
        read_table(content, **more)
    return str(caught.value.for_user)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("gb18030", "GB18030"),
    ],
)
def test_a_report_is_read_in_each_encoding_that_networks_use(encoding, named):
    table = read_table(PLAIN.encode(encoding))
    assert table.encoding == named
    assert table.header == ["订单", "金额"]
    assert list(table.rows) == [(2, ["1446862000000000002", "3.80"])]
    assert table.row_count == 1


def test_big_endian_files_are_read_by_their_mark():
    table = read_table(b"\xfe\xff" + PLAIN.encode("utf-16-be"))
    assert table.encoding == "UTF-16"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_are_parted_by_what_parts_the_headings(delimiter):
    text = delimiter.join("abc") + "\n" + delimiter.join(["1", "2", "3"]) + "\n"
    table = read_table(text.encode())
    assert table.delimiter == delimiter
    assert list(table.rows) == [(2, ["1", "2", "3"])]


def test_commas_of_titles_are_no_delimiters():
    table = read_table(b'line;title\n1;"Coat, red, long, warm"\n')
    assert table.delimiter == ";"
    assert list(table.rows) == [(2, ["1", "Coat, red, long, warm"])]


def test_a_title_above_the_headings_is_passed_over():
    table = read_table(b"Earnings of September\n\nid,fee\n1,2.00\n")
    assert table.header == ["id", "fee"]
    assert list(table.rows) == [(4, ["1", "2.00"])]


def test_headings_are_found_by_their_names_behind_a_title_with_commas():
    content = b"Report, September\nid,fee\n1,2.00\n"
    assert read_table(content).header == ["Report", "September"]
    assert read_table(content, known=["fee", "id"]).header == ["id", "fee"]


def test_a_file_without_the_headings_says_which_are_missed():
    assert refusal(b"a,b\n1,2\n", known=["ASIN"]) == (
        "No row has the headings of this report: ASIN."
    )


def test_rows_are_numbered_as_spreadsheets_count_them():
    table = read_table(b'id,title\n1,"two\nlines"\n\n , \n2,b\n')
    assert list(table.rows) == [(2, ["1", "two\nlines"]), (5, ["2", "b"])]
    assert table.row_count == 2


def test_rows_can_be_gone_through_again():
    table = read_table(PLAIN.encode())
    assert list(table.rows) == list(table.rows) != []


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("\t123", "123"),
        ("123\t", "123"),
        ('="123"', "123"),
        ('\t="9007199254740993"', "9007199254740993"),
        ("'0123", "0123"),
        ("'-20.00", "-20.00"),
        ("'tis", "'tis"),
        ("=1+1", "=1+1"),
        (' "x" ', ' "x" '),
        (" 12 ", " 12 "),
        ("１２", "１２"),
        ("1e3", "1e3"),
        ("", ""),
    ],
)
def test_what_spreadsheets_add_to_keep_a_text_is_taken_off(cell, kept):
    assert unwrapped(cell) == kept
    written = io.StringIO()
    csv.writer(written).writerows([["id", "a"], [cell, "x"]])
    assert list(read_table(written.getvalue().encode()).rows) == [(2, [kept, "x"])]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty."),
        (b" \r\n ", "The file is empty."),
        (b"PK\x03\x04workbook", "This is a workbook. Save it as CSV first."),
        (b"a,b\n1,\0\n", "The file is no text"),
        (b"a,b\n1,\xff\xff\n", "The file is no text"),
        (b"\xef\xbb\xbfa,b\n1,\xc4\xe3\n", "The file is no text"),
        (b"\xff\xfe\0\0a\0\0\0", "The file is no text"),
        (b"\xff\xfea\0,\0b\0\n\0\x00\xd8,\0\n\0", "The file is no text"),
        (b"\xff\xfea\0,\0b\0\n", "The file is no text"),
        (b"a,b\n1,\xed\xa0\x80\n", "The file is no text"),
        (b"single\ncolumn\n", "The file has no line of headings."),
        (b"a,b\n", "The file has no rows below its headings."),
        (b"a,b,a\n1,2,3\n", "The heading “a” stands there twice."),
        (b'a,b\n1,2\n3,"open\n4,5\n', "From row 3 on the file is no CSV"),
        (b'a,b\n1,"x"y\n', "From row 2 on the file is no CSV"),
        (b"a,b\n1" + b",2" * 128 + b"\n", "Row 2 has more than 128 columns."),
        (b"a,b\n1," + b"x" * 20_001 + b"\n", "A cell of row 2 is larger than 20 kB."),
        (
            b"a,b\n1," + "金".encode() * 6667 + b"\n",
            "A cell of row 2 is larger than 20 kB.",
        ),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(content, told):
    assert refusal(content).startswith(told)


def test_too_many_rows_are_refused():
    assert read_table(b"a,b\n" + b"1,2\n" * tables.MOST_ROWS).row_count == 200_000
    told = refusal(b"a,b\n" + b"1,2\n" * (tables.MOST_ROWS + 1))
    assert told == "The file has more than 200,000 rows. Send it in parts."
    assert refusal(b"a,b\n1,2\n" + b"\n" * 500_000) == told


def test_a_file_of_more_than_100_mb_is_refused_unread():
    told = refusal(b"a,b\n1,2\n".ljust(tables.MOST_BYTES + 1))
    assert told == "The file is larger than 100 MB. Send it in parts."


def test_a_trailing_column_without_a_heading_is_no_double_one():
    assert read_table(b"a,b,,\n1,2,,\n").header == ["a", "b", "", ""]
