"""The pages of an import: choose, look, have it done, watch it, read the report."""

import csv
import io
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions.boards import delete_board
from pinboard.actions.import_rows import import_slice
from pinboard.actions.imports import confirm_import
from pinboard.imports import archives
from pinboard.models import Board, Import, ImportJob, ImportRow, Pin
from tests.factories import make_board, make_pin
from tests.pinboard.import_files import chosen, imported, looked_at, worked, zipped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

LIST = "/settings/import/"
TWO = (
    "board,title,url\n"
    "Coats,Red,https://a.example/1\n"
    "Hats,Blue,https://a.example/2\n"
)  # fmt: skip


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def stranger(charlie):
    client = Client()
    client.force_login(charlie)
    return client


def address(source, deed=""):
    return f"{LIST}{source.pk}/{deed}"


def form_of(answer):
    """What a browser would send back: each field with what it says."""
    form = answer.context["form"]
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def refused(by, lines=3):
    """An import of which no line can work, which needs no network."""
    text = "\n".join(
        ["board,title,url", *(f"Coats,Line {n}," for n in range(1, lines + 1))]
    )
    return imported(by, text)


# Choosing a file -------------------------------------------------------------------


def test_a_file_is_looked_at_before_anything_is_pinned(page, alice):
    answer = page.post(LIST, {"file": chosen(TWO)}, follow=True)
    source = Import.objects.get()
    assert answer.redirect_chain == [(address(source), 302)]
    for word in ("What is in the file", "pins.csv", "Red", "Blue", "Import 2 pins"):
        assert word in answer.text
    assert not Pin.objects.exists()
    assert not Board.objects.exists()
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    ("files", "status", "word"),
    [
        ([], 422, "Choose a file."),
        ([b""], 422, "This file is empty."),
        ([b"just some words\n"], 422, "We do not recognise this file."),
        ([b"title,url\n"], 422, "There are no pins in this file."),
        ([b"title,url\ncaf\xe9,https://a.example/"], 422, "Save it as UTF-8"),
        ([zipped({"../a": "b"})], 422, "not safe to open"),
        ([b"https://a.example/", b"https://b.example/"], 422, "Choose one file"),
        ([b"a" * (archives.MAX_TEXT + 1)], 413, "larger than we read at once"),
    ],
)
def test_a_file_that_is_none_says_why_beside_the_field(page, files, status, word):
    uploads = [chosen(content, f"{n}.csv") for n, content in enumerate(files)]
    answer = page.post(LIST, {"file": uploads} if uploads else {})
    assert answer.status_code == status
    assert answer.text.count('class="err error"') == 1
    assert word in answer.text
    assert not Import.objects.exists()


def test_the_page_says_what_can_be_read_and_lists_ones_own_imports(page, alice, bob):
    assert "Your imports" not in page.get(LIST).text
    mine, other = refused(alice), looked_at(bob, TWO)
    text = page.get(LIST).text
    assert address(mine) in text
    assert address(other) not in text
    assert "multipart/form-data" in text
    assert page.get("/settings/export/").text.count(f'href="{LIST}"') == 1


# The look ---------------------------------------------------------------------------


def test_the_form_as_it_stands_makes_secret_boards_of_the_files_names(page, alice):
    source = looked_at(alice, TWO)
    answer = page.get(address(source))
    form = form_of(answer)
    assert form["visibility"] == "secret"
    assert (form["to_1"], form["to_2"], form["take_1"]) == ("Coats", "Hats", True)
    assert page.post(address(source), form).status_code == 302
    source = Import.objects.get()
    assert source.visibility == "secret"
    assert source.is_running
    assert set(source.boards.values_list("title", flat=True)) == {"Coats", "Hats"}


def test_a_board_is_renamed_or_left_out_in_the_form(page, alice):
    make_board(alice, "Winter")
    source = looked_at(alice, TWO)
    text = page.get(address(source)).text
    assert '<option value="Winter"></option>' in text
    form = form_of(page.get(address(source))) | {"to_1": " Winter "}
    del form["take_2"]
    page.post(address(source), form)
    rows = source.rows.order_by("number").values_list("board__title", "state")
    assert list(rows) == [("Winter", "waiting"), ("Hats", "skipped")]


def test_all_of_it_goes_onto_one_board_if_one_says_so(page, alice):
    source = looked_at(alice, TWO + ",Green,https://a.example/3\n")
    form = form_of(page.get(address(source))) | {"all_on": "Inbox", "to_1": ""}
    assert page.post(address(source), form).status_code == 302
    assert set(source.rows.values_list("board__title", flat=True)) == {"Inbox"}
    assert source.boards.count() == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"to_1": " "}, "Name a board, or leave this one out."),
        ({"to_1": "x" * 201}, "at most 200 characters"),
        ({"new_board": ""}, "Choose a board, or name a new one."),
        ({"visibility": "nobody"}, "Select a valid choice"),
        ({"visibility": "told"}, "Select a valid choice"),
        ({"board": "999999999"}, "Select a valid choice"),
    ],
)
def test_a_wrong_plan_is_told_beside_its_field_and_nothing_is_lost(
    page, alice, change, word
):
    source = looked_at(alice, TWO + ",Green,https://a.example/3\n")
    plan = {"to_2": "Caps", "new_board": "Others"}
    form = form_of(page.get(address(source))) | plan | change
    answer = page.post(address(source), form)
    assert answer.status_code == 422
    assert word in answer.text
    assert 'class="err error"' in answer.text
    assert 'value="Caps"' in answer.text
    source.refresh_from_db()
    assert source.confirmed_at is None


def test_pins_go_onto_no_board_of_others(page, alice, bob):
    theirs = make_board(bob, "Theirs")
    source = looked_at(alice, "https://a.example/1\n")
    form = form_of(page.get(address(source))) | {"board": theirs.pk}
    assert page.post(address(source), form).status_code == 422
    assert "Theirs" not in page.get(address(source)).text


def test_of_a_file_that_one_has_already_nothing_can_be_imported(page, alice):
    board = make_board(alice)
    for number in (1, 2):
        make_pin(board, source_url=f"https://a.example/{number}")
    text = page.get(address(looked_at(alice, TWO))).text
    assert "There is nothing to import" in text
    assert "You have this in Coats." in text
    assert 'class="btn btn-buy"' not in text


def test_what_is_not_wanted_is_forgotten(page, alice):
    source = looked_at(alice, TWO)
    assert page.post(address(source, "discard/")).headers["Location"] == LIST
    assert not Import.objects.exists()
    done = refused(alice)
    page.post(address(done, "discard/"))
    assert Import.objects.get() == done, "what is done is no longer thrown away"


def test_a_second_press_starts_nothing_twice(page, alice):
    source = looked_at(alice, TWO)
    form = form_of(page.get(address(source)))
    for _ in range(2):
        assert page.post(address(source), form).headers["Location"] == address(source)
    assert ImportJob.objects.count() == 1


def test_while_one_runs_another_waits_with_all_that_was_filled_in(page, alice, running):
    source = looked_at(alice, "board,title,url\nCaps,Green,https://a.example/3\n")
    form = form_of(page.get(address(source))) | {"to_1": "Headwear"}
    answer = page.post(address(source), form)
    assert answer.status_code == 409
    assert "Another import is still running." in answer.text
    assert 'value="Headwear"' in answer.text
    page.post(address(running, "stop/"))
    assert page.post(address(source), form).status_code == 302


def test_words_of_a_file_are_never_markup(page, alice):
    bad = "<script>alert(1)</script>"
    lines = f'board,title,url\n{bad},{bad},"https://a.example/{bad}"\n'
    source = looked_at(alice, lines, name=f"{bad}.csv")
    assert "<script>alert" not in page.get(address(source)).text
    page.post(address(source), form_of(page.get(address(source))))
    assert "<script>alert" not in page.get(address(source)).text
    assert "<script>alert" not in page.get(LIST).text


# While it runs ----------------------------------------------------------------------


@pytest.fixture
def running(alice):
    source = looked_at(alice, TWO)
    return confirm_import(source=source, by=alice)


def test_progress_is_told_with_and_without_scripts(page, running):
    text = page.get(address(running)).text
    assert "0 of 2 lines are done." in text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in text
    assert f'data-renew-from="{address(running)}"' in text
    assert f'action="{address(running, "stop/")}"' in text


def test_when_it_is_over_the_page_waits_no_longer(page, alice):
    source = refused(alice)
    text = page.get(address(source)).text
    assert "This import is done" in text
    assert 'id="import-progress"' not in text, "what is asked for is gone"
    assert "http-equiv" not in text


def test_it_is_stopped_and_goes_on(page, running):
    assert page.post(address(running, "stop/")).status_code == 302
    text = page.get(address(running)).text
    assert "This import was stopped" in text
    assert "Go on with the rest" in text
    page.post(address(running, "retry/"))
    assert "Your pins are being imported" in page.get(address(running)).text


# What became of it ------------------------------------------------------------------


def test_the_report_has_each_line_with_its_reason(page, alice):
    source = refused(alice)
    text = page.get(address(source)).text
    for number in (1, 2, 3):
        assert f"Line {number}" in text
    assert text.count("It has neither a picture nor a web address") == 3
    assert "Try again" not in text, "what cannot work is not offered"
    assert "Line 1" in page.get(address(source), {"show": "failed"}).text
    empty = page.get(address(source), {"show": "pinned"}).text
    assert "No line of the file came to this." in empty
    assert "Line 1" in page.get(address(source), {"show": "nonsense"}).text


def test_the_report_is_a_table_that_starts_no_formula(page, alice):
    source = imported(alice, "board,title,url\n=Coats,=1+1,\n")
    answer = page.get(address(source, "report.csv"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["title"], row["board"], row["outcome"]) == (
        "'=1+1",
        "'=Coats",
        "failed",
    )
    assert row["reason"].startswith("It has neither")
    assert row["line"] == "2"


def test_a_long_report_has_pages(page, alice):
    source = refused(alice, lines=70)
    first = page.get(address(source), {"show": "failed"})
    assert "Line 50" in first.text
    assert "Line 51<" not in first.text
    cursor = first.context["next_cursor"]
    second = page.get(address(source), {"show": "failed", "cursor": cursor}).text
    assert "Line 51" in second
    assert "Line 70" in second
    assert page.get(address(source), {"cursor": "9" * 30}).status_code == 404


def test_a_failed_line_is_tried_again_alone(page, alice):
    source = refused(alice)
    ImportRow.objects.filter(number=3).update(
        address="https://a.example/", error_code="address_unreachable"
    )
    text = page.get(address(source)).text
    assert text.count(address(source, "rows/3/retry/")) == 1
    page.post(address(source, "rows/3/retry/"))
    states = source.rows.order_by("number").values_list("state", flat=True)
    assert list(states) == ["failed", "waiting", "failed"]
    assert page.post(address(source, "rows/99/retry/")).status_code == 404


def test_it_is_undone_with_a_word_that_says_how_much(page, alice):
    source = refused(alice)
    board = make_board(alice, "New")
    pin = make_pin(board)
    source.rows.filter(number=2).update(state="pinned", pin=pin, error_code="")
    text = page.get(address(source)).text
    assert "Undo this import" in text
    text = page.post(address(source, "undo/"), follow=True).text
    assert "1 pin is in the trash." in text
    assert "This import was undone" in text
    assert "Undo this import" not in text
    pin.refresh_from_db()
    assert pin.deleted_at


def test_what_is_in_the_trash_is_no_link_in_the_report(page, alice):
    board = make_board(alice, "Old")
    pin = make_pin(board, source_url="https://a.example/1")
    source = imported(alice, "https://a.example/1\n")
    assert pin.get_absolute_url() in page.get(address(source)).text
    delete_board(board=board, by=alice)
    assert pin.get_absolute_url() not in page.get(address(source)).text
    assert pin.get_absolute_url() not in page.get(address(source, "report.csv")).text


# Whose it is ------------------------------------------------------------------------

DEEDS = ["stop/", "discard/", "retry/", "rows/2/retry/", "undo/"]


def test_nobody_else_sees_an_import_or_does_anything_with_it(
    stranger, client, alice, running
):
    for deed in ("", "report.csv"):
        assert stranger.get(address(running, deed)).status_code == 404
        assert client.get(address(running, deed)).status_code == 302
    for deed in ("", *DEEDS):
        assert stranger.post(address(running, deed)).status_code == 404
        answer = client.post(address(running, deed))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert address(running) not in stranger.get(LIST).text
    assert client.post(LIST, {"file": chosen(TWO)}).status_code == 302
    running.refresh_from_db()
    assert running.is_running
    assert Import.objects.count() == 1


def test_a_collaborator_sees_nothing_of_an_import_onto_the_shared_board(
    alice, charlie, stranger
):
    board = make_board(alice, "Shared", visibility="secret")
    board.members.create(user=charlie, role="editor", accepted_at=timezone.now())
    source = looked_at(alice, "https://a.example/1\n")
    confirm_import(source=source, by=alice, board=board)
    assert stranger.get(address(source)).status_code == 404
    assert address(source) not in stranger.get(LIST).text


def test_nothing_is_done_by_a_look(page, running):
    for deed in DEEDS:
        assert page.get(address(running, deed)).status_code == 405


def test_after_thirty_days_it_is_gone_and_the_pins_stay(page, alice):
    source = refused(alice)
    kept = make_pin(make_board(alice))
    source.rows.filter(number=2).update(state="pinned", pin=kept)
    Import.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert page.get(address(source)).status_code == 404
    assert address(source) not in page.get(LIST).text
    assert Pin.objects.get() == kept


def test_no_cache_keeps_a_page_of_it(page, running):
    for deed in ("", "report.csv"):
        assert "no-store" in page.get(address(running, deed)).headers["Cache-Control"]


# What it costs ----------------------------------------------------------------------


def counted(page, path):
    page.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert page.get(path).status_code == 200
    return len(queries)


def with_pins(alice, count):
    source = refused(alice, lines=count)
    board = make_board(alice, f"Board {count}")
    for row in source.rows.all():
        row.state, row.pin, row.error_code = "pinned", make_pin(board), ""
        row.save()
    return source


@pytest.mark.parametrize("deed", ["", "?show=pinned", "report.csv"])
def test_a_report_of_twenty_lines_costs_what_one_of_one_line_does(page, alice, deed):
    counts = [counted(page, address(with_pins(alice, n), deed)) for n in (1, 20)]
    assert counts[0] == counts[1]


def test_a_look_at_twenty_boards_costs_what_one_at_one_does(page, alice):
    counts = []
    for number in (1, 20):
        make_board(alice, f"Board {number}")
        lines = [f"Board {n},T,https://a.example/{n}" for n in range(1, number + 1)]
        source = looked_at(alice, "\n".join(["board,title,url", *lines]))
        counts.append(counted(page, address(source)))
    assert counts[0] == counts[1]


def test_a_list_of_twenty_imports_costs_what_one_of_one_does(page, alice):
    refused(alice)
    one = counted(page, LIST)
    for _ in range(19):
        refused(alice)
    assert counted(page, LIST) == one


def test_ten_thousand_lines_are_read_and_shown_in_time(page, alice):
    lines = [f"B{n % 90},T{n},https://a.example/{n}" for n in range(10_000)]
    upload = chosen("\n".join(["board,title,url", *lines]))
    started = time.process_time()
    answer = page.post(LIST, {"file": upload}, follow=True)
    assert "Import 10000 pins" in answer.text
    form = form_of(answer)
    assert page.post(address(Import.objects.get()), form).status_code == 302
    assert page.get(address(Import.objects.get())).status_code == 200
    assert time.process_time() - started < 15, "about four seconds for all of them"


def test_the_worker_goes_on_while_the_page_is_looked_at(page, alice):
    """A row that is settled between two looks is told at the next one."""
    source = looked_at(alice, "https://127.0.0.1:9/a\nhttps://127.0.0.1:9/b\n")
    confirm_import(source=source, by=alice, new_board="New")
    import_slice(ImportJob.objects.take(source.job.pk), seconds=0)
    text = page.get(address(source)).text
    assert "2 of 2 lines are done." in text or "This import is done" in text
    worked(source)
    assert "<b>2</b> failed" in page.get(address(source)).text
