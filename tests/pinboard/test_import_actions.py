"""What becomes of a file: pins on boards, once each, whatever happens meanwhile."""

import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile, ZipInfo

import pytest
import redis
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions import import_rows
from pinboard.actions.arranging import add_section, arrange, arrange_board
from pinboard.actions.exports import start_export, write_slice
from pinboard.actions.import_rows import import_slice
from pinboard.actions.import_start import start_import
from pinboard.actions.imports import (
    ADDRESSES_A_DAY,
    confirm_import,
    forget_imports_of,
    retry_import,
    stop_import,
    undo_import,
)
from pinboard.actions.pins import delete_pin, pin_upload
from pinboard.actions.social import follow_person
from pinboard.actions.sweeping import sweep_jobs, tidy_pictures
from pinboard.discovery.feed import explore, following
from pinboard.exceptions import (
    ImportFilesDiffer,
    ImportOver,
    ImportPartMissing,
    ImportQuotaReached,
    ImportRunning,
)
from pinboard.models import (
    Board,
    ExportJob,
    Import,
    ImportJob,
    ImportRow,
    Notification,
    Pin,
)
from pinboard.models.job import MAX_ATTEMPTS
from pinboard.pictures import storage
from pinboard.pictures.names import original_of
from pinboard.tasks import run_import
from tests.factories import make_board, make_pin, make_product, make_tags, make_user
from tests.loopback import running, sends
from tests.pictures import draw
from tests.pinboard.import_files import (
    chosen,
    imported,
    looked_at,
    own_export,
    rendered,
    states,
    worked,
)
from users.actions import close_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

PAGE = b"<html><head><title>A coat</title></head><img src='/coat.jpg'></html>"


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/coat"] = PAGE
        site.pages["/coat.jpg"] = draw(640, 480)
        for number in range(40):
            site.pages[f"/{number}.jpg"] = draw(300 + number, 200)
        yield site


def table(site, *lines, heading="board,title,url,image_url"):
    return "\n".join([heading, *lines]).replace("SITE", site.url)


def pictures(site, count):
    """A table of so many pictures, each at an address of its own."""
    lines = (f"Coats,Number {n},,SITE/{n}.jpg" for n in range(count))
    return table(site, *lines)


# What a file makes -----------------------------------------------------------------


def test_a_table_makes_secret_boards_with_pins_as_it_says(alice, site):
    source = imported(
        alice,
        table(
            site,
            'Coats,Red,A red one,SITE/coat,,"wool, winter",2020-05-01T10:00:00Z',
            "Hats,,,,SITE/1.jpg,,",
            heading="board,title,description,url,image_url,tags,date",
        ),
    )
    assert states(source) == ["pinned", "pinned"]
    coats, hats = Board.objects.order_by("title")
    assert (coats.title, coats.visibility, hats.title) == ("Coats", "secret", "Hats")
    pin = coats.pins.get()
    assert (pin.title, pin.source_url) == ("Red", f"{site.url}/coat")
    assert pin.description == "A red one"
    assert [tag.name for tag in pin.tags.all()] == ["wool", "winter"]
    assert pin.created_at == datetime(2020, 5, 1, 10, tzinfo=UTC)
    assert pin.pinner == alice
    assert pin.is_imported
    assert hats.pins.get().source_url == f"{site.url}/1.jpg"
    rendered()
    pin.refresh_from_db()
    assert pin.state == "ready"
    assert (pin.picture.width, pin.picture.height) == (640, 480)
    coats.refresh_from_db()
    assert coats.pin_count == 1


def test_a_page_gives_its_title_and_picture_where_the_file_has_none(alice, site):
    imported(alice, f"{site.url}/coat\n", new_board="Found")
    pin = Pin.objects.get()
    assert (pin.title, pin.alt, pin.board.title) == ("A coat", "A coat", "Found")


def test_a_board_that_one_has_is_filled_and_stays_as_it_is(alice, bob, site):
    mine = make_board(alice, "Coats", description="Mine")
    make_board(bob, "Coats")
    imported(alice, pictures(site, 1), visibility="link")
    mine.refresh_from_db()
    assert (mine.visibility, mine.description) == ("public", "Mine")
    assert mine.pins.count() == 1
    assert Board.objects.count() == 2


def test_a_board_of_which_no_pin_comes_is_not_made(alice, site):
    source = imported(alice, table(site, "Coats,A,,SITE/1.jpg", "Hats,B,SITE/gone,"))
    assert states(source) == ["pinned", "failed"]
    assert [board.title for board in Board.objects.all()] == ["Coats"]
    site.pages["/gone"] = PAGE
    retry_import(source=source, by=alice)
    worked(source)
    assert Board.objects.get(title="Hats").pins.count() == 1


def test_the_first_line_of_a_list_is_on_top(alice, site):
    imported(alice, pictures(site, 12))
    titles = list(Pin.objects.order_by("-pk").values_list("title", flat=True))
    assert titles == [f"Number {n}" for n in range(12)]


def test_what_cannot_be_had_says_why_and_can_be_tried_again(alice, site):
    text = table(
        site,
        "Coats,Gone,SITE/gone,",
        "Coats,Nothing at all,,",
        "Coats,Script,javascript:alert(1),",
        "Coats,Inside,http://127.0.0.1:1/,",
        "Coats,Text,SITE/text,",
        "Coats,Fine,SITE/coat,",
    )
    site.pages["/text"] = sends(b"hello", "text/plain")
    source = imported(alice, text)
    assert states(source) == ["failed"] * 5 + ["pinned"]
    codes = [row.error_code for row in source.rows.order_by("number")]
    assert codes == [
        "address_unreachable",
        "row_without_picture",
        "row_without_picture",
        "address_unreachable",
        "not_a_page",
        "",
    ]
    site.pages["/gone"] = PAGE.replace(b"/coat.jpg", b"/3.jpg")
    retry_import(source=source, by=alice, row=source.rows.get(title="Gone"))
    worked(source)
    assert states(source) == ["pinned", *["failed"] * 4, "pinned"]
    assert not Notification.objects.exists()


def test_the_page_is_asked_where_the_named_picture_is_gone(alice, site):
    imported(alice, table(site, "Coats,Red,SITE/coat,SITE/gone.jpg"))
    assert Pin.objects.get().picture.width == 640


def test_a_broken_picture_is_told_in_the_report_and_nowhere_else(alice, site):
    site.pages["/broken.jpg"] = draw(300, 200)[:900]
    source = imported(alice, table(site, "Coats,Broken,,SITE/broken.jpg"))
    rendered()
    row = ImportRow.objects.with_outcome().get()
    assert (row.state, row.outcome, row.why) == ("pinned", "failed", "picture_broken")
    assert Import.objects.with_counts().get().n_failed == 1
    assert not Notification.objects.exists()
    retry_import(source=source, by=alice, row=row)
    assert Pin.objects.get().state == "processing"


# On which boards -------------------------------------------------------------------

FOUR = ("Coats,A,,SITE/1.jpg", "Hats,B,,SITE/2.jpg", "Caps,C,,SITE/3.jpg")


def where(user):
    """The titles of somebody's boards, and of the pins on each."""
    return {
        board.title: sorted(board.pins.values_list("title", flat=True))
        for board in Board.objects.owned_by(user)
    }


def test_a_board_of_the_file_goes_where_one_says_or_nowhere(alice, site):
    make_board(alice, "Mine")
    source = imported(alice, table(site, *FOUR), targets={1: "Mine", 2: "", 3: "Caps"})
    assert where(alice) == {"Mine": ["A"], "Caps": ["C"]}
    assert states(source) == ["pinned", "skipped", "pinned"]
    assert source.rows.get(title="B").error_code == "row_left_out"
    retry_import(source=source, by=alice)
    assert states(source) == ["pinned", "skipped", "pinned"], "it stays left out"


def test_boards_that_get_one_name_become_one_and_names_can_be_exchanged(alice, site):
    imported(alice, table(site, *FOUR), targets={1: "Hats", 2: "Coats", 3: "Coats"})
    assert where(alice) == {"Hats": ["A"], "Coats": ["B", "C"]}


def test_pins_without_a_board_join_the_board_of_the_file_of_that_name(alice, site):
    mine = make_board(alice, "Hats")
    lines = (*FOUR, ",D,,SITE/4.jpg", ",E,,SITE/1.jpg")
    imported(alice, table(site, *lines), board=mine)
    assert where(alice) == {"Coats": ["A"], "Hats": ["B", "D", "E"], "Caps": ["C"]}


def test_the_same_line_for_two_boards_that_become_one_is_pinned_once(alice, site):
    lines = ("Coats,A,SITE/coat,", "Hats,A,SITE/coat,")
    source = imported(alice, table(site, *lines), targets={1: "All", 2: "All"})
    assert sorted(states(source)) == ["known", "pinned"]
    assert where(alice) == {"All": ["A"]}


# Nothing twice ---------------------------------------------------------------------


def test_the_same_file_twice_adds_nothing(alice, site):
    text = table(
        site,
        "Coats,Red,SITE/coat,SITE/1.jpg",
        "Coats,The same page,SITE/coat,SITE/2.jpg",
        "Hats,On another board,SITE/coat,SITE/1.jpg",
        "Hats,By itself,,SITE/3.jpg",
    )
    first = imported(alice, text)
    assert states(first) == ["pinned"] * 4
    again = imported(alice, text)
    assert states(again) == ["known"] * 4
    assert Pin.objects.count() == 4
    assert Board.objects.count() == 2


def test_one_page_is_known_by_whatever_address(alice, site):
    board = make_board(alice, "Mine")
    had = make_pin(
        board, source_url="https://shop.example/coat?utm_source=mail&b=2&a=1"
    )
    product = make_product(url="https://shop.example/hat")
    product.url_key = product.url
    product.save()
    other = make_pin(board, product=product)
    source = looked_at(
        alice,
        "http://shop.example/coat?a=1&b=2#top\n"
        "https://shop.example/hat?fbclid=1\n"
        "https://shop.example/new\nhttps://shop.example/new?gclid=1\n",
    )
    rows = source.rows.order_by("number")
    assert [row.state for row in rows] == ["known", "known", "known", "waiting"]
    assert [row.pin for row in rows] == [had, other, None, None]


def test_what_is_in_the_trash_or_somebody_elses_is_not_had(alice, bob, site):
    url = f"{site.url}/coat"
    thrown = make_pin(make_board(alice), source_url=url)
    delete_pin(pin=thrown, by=alice)
    make_pin(make_board(bob), source_url=url)
    gone = make_pin(make_board(alice, deleted_at=timezone.now()), source_url=url)
    source = looked_at(alice, url)
    assert states(source) == ["waiting"], gone


def test_the_same_bytes_at_another_address_are_known(alice, site):
    content = draw(640, 480)
    mine = pin_upload(by=alice, board=make_board(alice, "Mine"), content=content)
    site.pages["/copy.jpg"] = site.pages["/9.jpg"]
    source = imported(
        alice,
        table(
            site,
            "Coats,Had,,SITE/coat.jpg",
            "Coats,Once,,SITE/9.jpg",
            "Coats,Twice,,SITE/copy.jpg",
        ),
    )
    assert states(source) == ["known", "known", "pinned"]
    assert source.rows.get(title="Had").pin == mine
    assert source.rows.get(title="Once").pin == source.rows.get(title="Twice").pin


def test_what_was_pinned_between_the_look_and_the_word_is_known(alice, site):
    source = looked_at(alice, f"{site.url}/coat\n{site.url}/1.jpg\n")
    make_pin(make_board(alice), source_url=f"{site.url}/coat")
    confirm_import(source=source, by=alice, new_board="New")
    assert states(source) == ["known", "waiting"]


def test_a_board_whose_pins_one_has_elsewhere_is_not_made(alice, site):
    make_pin(make_board(alice, "Moved"), source_url=f"{site.url}/coat")
    imported(alice, table(site, "Coats,Red,SITE/coat,"))
    assert [board.title for board in Board.objects.all()] == ["Moved"]


# Our own export --------------------------------------------------------------------


def stored(board, number, **fields):
    """A pin as it is after all work, with an original of its own."""
    pin = make_pin(board, **fields)
    storage.put(original_of(pin.picture), draw(300 + number, 200, quality=95))
    return pin


def exported(user, *, at_most=150):
    job = start_export(by=user)
    while (taken := ExportJob.objects.take(job.pk)) and write_slice(
        taken, at_most=at_most
    ):
        pass
    job.refresh_from_db()
    return [storage.read(job.path_of(part.number)) for part in job.parts.all()]


def told_of(user):
    """Boards and pins of somebody, by all that an export tells but the numbers."""
    boards = []
    for board in Board.objects.owned_by(user).order_by("place"):
        pins = board.pins.filter(deleted_at=None).order_by("-place")
        by_age = list(board.pins.order_by("pk").values_list("title", flat=True))
        boards.append(
            {
                "title": board.title,
                "description": board.description,
                "visibility": board.visibility,
                "sort": board.sort,
                "made": board.created_at,
                "sections": [section.title for section in board.sections.all()],
                "by age": by_age,
                "pins": [
                    (
                        pin.title,
                        pin.description,
                        pin.alt,
                        [tag.name for tag in pin.tags.all()],
                        pin.source_url,
                        pin.section and pin.section.title,
                        pin.product,
                        pin.created_at,
                    )
                    for pin in pins.select_related("section", "product")
                ],
            }
        )
    return boards


@pytest.fixture
def collection(alice):
    """Boards of each kind, an order by hand, sections, dates, and one page twice."""
    coats = make_board(
        alice, "Coats", description="Warm", visibility="secret", sort="own"
    )
    make_board(alice, "Empty 大衣", visibility="link")
    other = make_board(alice, "Coats", description="The same title", sort="oldest")
    wool = add_section(board=coats, by=alice, title="Wool")
    add_section(board=coats, by=alice, title="Nothing in it")
    url = "https://shop.example/coat"
    product = make_product(url=url)
    product.url_key = url
    product.save()
    pins = [
        stored(coats, n, title=f"Coat {n}", alt=f"alt {n}", source_url=url)
        for n in range(5)
    ]
    pins.append(stored(other, 6, title="Elsewhere", description="Long\nwords"))
    pins.append(stored(other, 6, title="=1+1", source_url=url, product=product))
    make_tags(pins[0], "Wool", "mid century", "大衣")
    make_tags(pins[6], "wool")
    arrange_board(board=coats, by=alice, way="first")
    arrange(pin=pins[0], by=alice, way="first")
    arrange(pin=pins[3], by=alice, way="after", beside=pins[1])
    for days, pin in enumerate(pins):
        made = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=days, microseconds=7)
        Pin.objects.filter(pk=pin.pk).update(created_at=made)
    Pin.objects.filter(pk=pins[2].pk).update(section=wool)
    long_ago = datetime(2019, 1, 1, tzinfo=UTC)
    Board.objects.filter(pk=coats.pk).update(created_at=long_ago)
    return alice


@pytest.mark.parametrize("at_most", [150, 3])
def test_an_export_comes_back_on_an_empty_account_as_it_was(collection, bob, at_most):
    parts = exported(collection, at_most=at_most)
    before = told_of(collection)
    originals = {
        name: content
        for part in parts
        for name, content in opened(part).items()
        if name.startswith("originals/")
    }
    files = [chosen(part, f"pinboard-{n}.zip") for n, part in enumerate(parts, 1)]
    source = start_import(by=bob, files=files)
    assert (source.kind, len(states(source))) == ("pinboard", 7)
    confirm_import(source=source, by=bob, visibility="")
    worked(source)
    rendered()
    assert set(states(source)) == {"pinned"}
    assert told_of(bob) == before
    # Byte for byte: the row of a picture is known by what was taken in.
    taken_in = [row.pin.picture for row in source.rows.exclude(file="")]
    digests = {hash_of(content) for content in originals.values()}
    assert {picture.sha256 for picture in taken_in} == digests
    for row in source.rows.all():
        assert storage.read(original_of(row.pin.picture)) == originals[row.file]
    assert all(state == "ready" for state in bob.pins.values_list("state", flat=True))


def opened(part):
    with ZipFile(io.BytesIO(part)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def hash_of(content):
    return hashlib.sha256(content).hexdigest()


def test_ones_own_export_adds_nothing_to_what_one_has(collection, bob):
    (part,) = exported(collection)
    before = told_of(collection)
    source = imported(collection, part, visibility="")
    assert set(states(source)) == {"known"}
    assert told_of(collection) == before
    imported(bob, part, visibility="")
    before = told_of(bob)
    again = imported(bob, part, visibility="")
    assert set(states(again)) == {"known"}
    assert told_of(bob) == before


def test_what_was_deleted_since_the_export_comes_back_to_its_board(collection):
    (part,) = exported(collection)
    gone = Pin.objects.get(title="Coat 1")
    delete_pin(pin=gone, by=collection)
    source = imported(collection, part, visibility="")
    assert sorted(states(source)) == ["known"] * 6 + ["pinned"]
    back = Pin.objects.get(title="Coat 1", deleted_at=None)
    assert back.board == gone.board


def test_without_a_word_the_boards_are_secret_whatever_they_were(collection, bob):
    (part,) = exported(collection)
    imported(bob, part)
    assert set(bob.boards.values_list("visibility", flat=True)) == {"secret"}


def test_a_part_that_was_not_chosen_is_named_row_by_row(collection, bob):
    parts = exported(collection, at_most=3)
    source = imported(bob, parts[-1], visibility="")
    of_last = [name for name in opened(parts[-1]) if name.startswith("originals/")]
    codes = source.rows.filter(state="failed").values_list("error_code", flat=True)
    assert set(codes) == {"row_file_missing"}
    again = start_import(by=bob, files=[chosen(part, "pinboard.zip") for part in parts])
    confirm_import(source=again, by=bob, visibility="")
    worked(again)
    assert sorted(states(again)) == ["known"] * len(of_last) + ["pinned"] * (
        7 - len(of_last)
    )


def test_parts_that_do_not_belong_together_are_refused(collection, bob):
    parts = exported(collection, at_most=3)
    refused = [
        (ImportPartMissing, [parts[0]]),
        (ImportPartMissing, parts[:2]),
        (ImportFilesDiffer, [parts[-1], parts[-1]]),
        (ImportFilesDiffer, [parts[-1], b"https://a.example/"]),
        (ImportFilesDiffer, [b"https://a.example/", b"https://b.example/"]),
    ]
    for refusal, contents in refused:
        with pytest.raises(refusal):
            looked_at(bob, *contents)
    assert not Import.objects.exists()


def test_no_file_of_text_is_kept_and_parts_only_for_as_long_as_needed(collection, bob):
    assert not looked_at(bob, "https://a.example/coat\n").files.exists()
    (part,) = exported(collection)
    source = looked_at(bob, part)
    (file,) = source.files.all()
    assert default_storage.exists(file.path)
    confirm_import(source=source, by=bob)
    worked(source)
    assert not default_storage.exists(file.path)


def test_a_name_in_the_list_of_contents_reaches_no_other_file(alice):
    pins = [
        {"id": 1, "board_id": 1, "board": "A", "file": "../../secret.jpg"},
        {"id": 2, "board_id": 1, "board": "A", "file": "pinboard.json"},
        {"id": 3, "board_id": 1, "board": "A", "file": "originals/bad.jpg"},
    ]
    files = {"originals/bad.jpg": b"no picture"}
    source = imported(alice, own_export(pins, files=files))
    codes = [row.error_code for row in source.rows.order_by("number")]
    assert codes == ["row_file_missing", "row_file_missing", "not_a_picture"]


def test_a_link_in_a_zip_is_followed_nowhere(alice):
    """Its content, the path, is all that there is of it."""
    out = io.BytesIO(
        own_export([{"id": 1, "board_id": 1, "board": "A", "file": "originals/a.jpg"}])
    )
    link = ZipInfo("originals/a.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(out, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    source = imported(alice, out.getvalue())
    assert source.rows.get().error_code == "not_a_picture"
    assert not Pin.objects.exists()


# Whatever happens meanwhile --------------------------------------------------------


def test_a_slice_ends_in_time_and_the_next_goes_on(alice, site):
    source = looked_at(alice, pictures(site, 20))
    confirm_import(source=source, by=alice)
    assert import_slice(ImportJob.objects.take(source.job.pk), seconds=0)
    assert 0 < states(source).count("pinned") < 20
    worked(source)
    assert states(source) == ["pinned"] * 20


def test_imports_of_two_people_take_turns(alice, bob, site):
    first, second = (looked_at(by, pictures(site, 2)) for by in (alice, bob))
    for source, by in ((first, alice), (second, bob)):
        confirm_import(source=source, by=by)
    leased = ImportJob.objects.take(first.job.pk)
    run_import(second.job.pk)
    assert states(second) == ["waiting", "waiting"]
    import_slice(leased)
    run_import(second.job.pk)
    assert states(second) == ["pinned", "pinned"]


def test_a_late_worker_changes_nothing(alice, site):
    """Its lease ran out, and another one has done the rows."""
    source = looked_at(alice, pictures(site, 3))
    confirm_import(source=source, by=alice)
    late = ImportJob.objects.take(source.job.pk)
    ImportJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert ImportJob.objects.forgotten().get().source == source
    worked(source)
    assert import_slice(late) is False
    assert Pin.objects.count() == 3


def test_a_row_that_kills_its_worker_three_times_is_given_up_alone(alice, site):
    source = looked_at(alice, pictures(site, 4))
    confirm_import(source=source, by=alice)
    source.rows.filter(title="Number 2").update(tries=3)
    worked(source)
    assert states(source) == ["pinned", "pinned", "failed", "pinned"]
    assert source.rows.get(title="Number 2").error_code == "gave_up"


def test_after_five_attempts_the_sweeper_gives_up_and_one_may_try_again(alice, site):
    source = looked_at(alice, pictures(site, 2))
    confirm_import(source=source, by=alice)
    ImportJob.objects.update(attempts=MAX_ATTEMPTS)
    sweep_jobs()
    assert states(source) == ["failed", "failed"]
    source.refresh_from_db()
    assert source.job.state == "failed"
    retry_import(source=source, by=alice)
    worked(source)
    assert states(source) == ["pinned", "pinned"]


def test_stopping_leaves_what_is_pinned_and_it_can_go_on(alice, site):
    source = looked_at(alice, pictures(site, 20))
    confirm_import(source=source, by=alice)
    job = ImportJob.objects.take(source.job.pk)
    import_slice(job, seconds=0)
    done = Pin.objects.count()
    stop_import(source=source, by=alice)
    assert import_slice(job) is False
    assert Pin.objects.count() == done
    assert set(states(source)) == {"pinned", "skipped"}
    source.refresh_from_db()
    assert not source.is_running
    retry_import(source=source, by=alice)
    worked(source)
    assert states(source) == ["pinned"] * 20


def test_undoing_puts_into_the_trash_what_the_import_made_and_nothing_else(alice, site):
    mine = make_board(alice, "Hats")
    kept = make_pin(mine)
    lines = ("Coats,A,,SITE/1.jpg", "Hats,B,,SITE/2.jpg", "Caps,C,,SITE/3.jpg")
    source = imported(alice, table(site, *lines))
    rendered()
    own = make_pin(Board.objects.get(title="Caps"), title="Mine since")
    assert undo_import(source=source, by=alice) == 3
    live = Pin.objects.filter(deleted_at=None, board__deleted_at=None)
    assert set(live) == {kept, own}
    boards = dict(Board.objects.values_list("title", "deleted_at"))
    assert boards["Coats"]
    assert not boards["Hats"]
    assert not boards["Caps"]
    mine.refresh_from_db()
    assert mine.pin_count == 0, "the factory counts nothing, and B is taken off"
    assert Pin.objects.get(title="B") in Pin.objects.in_trash_of(alice)
    assert undo_import(source=source, by=alice) == 0
    with pytest.raises(ImportOver):
        retry_import(source=source, by=alice)
    again = imported(alice, table(site, *lines))
    assert states(again) == ["pinned"] * 3


def test_undoing_a_running_import_stops_it(alice, site):
    source = looked_at(alice, pictures(site, 20))
    confirm_import(source=source, by=alice)
    job = ImportJob.objects.take(source.job.pk)
    import_slice(job, seconds=0)
    undo_import(source=source, by=alice)
    assert import_slice(job) is False
    assert not Pin.objects.filter(deleted_at=None, board__deleted_at=None).exists()


def test_one_import_of_a_person_runs_at_a_time(alice, bob, site):
    first = looked_at(alice, pictures(site, 1))
    confirm_import(source=first, by=alice)
    second = looked_at(alice, f"{site.url}/2.jpg")
    with pytest.raises(ImportRunning):
        confirm_import(source=second, by=alice, new_board="B")
    others = looked_at(bob, f"{site.url}/2.jpg")
    confirm_import(source=others, by=bob, new_board="B")
    with pytest.raises(ImportOver):
        confirm_import(source=first, by=alice)


def test_a_person_has_so_many_addresses_opened_a_day(alice, site):
    done = imported(alice, pictures(site, 1))
    row = done.rows.get()
    ImportRow.objects.bulk_create(
        ImportRow(
            source=done, board=row.board, number=n, turn=n, state="failed", told={}
        )
        for n in range(3, ADDRESSES_A_DAY + 3)
    )
    with pytest.raises(ImportQuotaReached):
        imported(alice, f"{site.url}/2.jpg", new_board="B")


def test_one_host_is_asked_once_at_a_time(alice, site):
    at_once = []

    def slow(content):
        def answer(handler):
            at_once.append(1)
            most.append(len(at_once))
            time.sleep(0.05)
            at_once.pop()
            sends(content)(handler)

        return answer

    most = []
    for number in range(6):
        site.pages[f"/{number}.jpg"] = slow(draw(300 + number, 200))
    imported(alice, pictures(site, 6))
    assert Pin.objects.count() == 6
    assert max(most) == 1


def test_a_board_deleted_meanwhile_is_named(alice, site):
    source = looked_at(alice, pictures(site, 20))
    confirm_import(source=source, by=alice)
    import_slice(ImportJob.objects.take(source.job.pk), seconds=0)
    Board.objects.update(deleted_at=timezone.now())
    worked(source)
    assert "row_board_gone" in source.rows.values_list("error_code", flat=True)
    Board.objects.update(deleted_at=None)
    retry_import(source=source, by=alice)
    worked(source)
    assert Pin.objects.count() == 20


# Quiet -----------------------------------------------------------------------------


def test_followers_are_told_nothing_and_feeds_stay_as_they_were(
    client, alice, bob, site
):

    follow_person(person=alice, by=bob)
    Notification.objects.all().delete()
    imported(alice, pictures(site, 3), visibility="public")
    rendered()
    assert Pin.objects.public().count() == 3
    assert not Notification.objects.exists()
    assert not following(bob).exists()
    assert not explore(bob).exists()
    assert "Number" not in client.get("/people/alice/feed.atom").text
    assert "Number 1" in client.get("/people/alice/?tab=pins").text
    make_pin(make_board(alice, "New"), title="News")
    assert following(bob).count() == explore(bob).count() == 1


# What is left of it ----------------------------------------------------------------


def test_a_file_that_was_only_looked_at_is_gone_after_a_day(collection, bob):
    (part,) = exported(collection)
    source = looked_at(bob, part)
    path = source.files.get().path
    tidy_pictures()
    assert default_storage.exists(path)
    Import.objects.update(expires_at=timezone.now())
    tidy_pictures()
    assert not default_storage.exists(path)
    assert not ImportRow.objects.exists()


def test_another_file_takes_the_place_of_one_that_was_not_confirmed(collection, bob):
    (part,) = exported(collection)
    path = looked_at(bob, part).files.get().path
    second = looked_at(bob, "https://a.example/\n")
    assert Import.objects.get() == second
    assert not default_storage.exists(path)


def test_closing_the_account_ends_it_and_deletes_all_of_it(
    collection, bob, django_capture_on_commit_callbacks
):
    (part,) = exported(collection)
    source = looked_at(bob, part)
    confirm_import(source=source, by=bob)
    job = ImportJob.objects.take(source.job.pk)
    path = source.files.get().path
    with django_capture_on_commit_callbacks():
        close_account(user=bob)
    assert import_slice(job) is False
    assert not Pin.objects.filter(pinner=bob).exists()
    tidy_pictures()
    assert not default_storage.exists(path)
    assert not Import.objects.exists()
    assert not ImportRow.objects.exists()


def test_what_is_being_fetched_while_the_account_closes_is_not_pinned(alice, site):
    source = looked_at(alice, pictures(site, 1))
    confirm_import(source=source, by=alice)
    rows = import_rows._next(source)
    forget_imports_of(alice)
    import_rows._do(source, rows)
    assert not Pin.objects.exists()
    assert states(source) == ["waiting"]


def queries_of(source):
    job = ImportJob.objects.take(source.job.pk)
    with CaptureQueriesContext(connection) as counted:
        while import_slice(job):
            pass
    return len(counted)


def test_a_pin_costs_the_same_whatever_the_number_of_pins(alice, bob, site):
    first = looked_at(alice, pictures(site, 8))
    confirm_import(source=first, by=alice)
    one = queries_of(first) / 8
    second = looked_at(bob, pictures(site, 24))
    confirm_import(source=second, by=bob)
    assert queries_of(second) / 24 <= one


def test_looking_at_a_file_costs_the_same_for_twenty_lines_as_for_one(alice, site):
    counts = []
    for number in (1, 20):
        with CaptureQueriesContext(connection) as counted:
            looked_at(alice, pictures(site, number))
        counts.append(len(counted))
        Import.objects.all().delete()
    assert counts[0] == counts[1] <= 12


# A worker that is killed -----------------------------------------------------------


@pytest.fixture
def outside(settings, site):
    """What a worker in a process of its own is told."""
    broker = redis.from_url(settings.REDIS_URL)
    broker.flushall()
    url = os.environ["DATABASE_URL"].rpartition("/")[0]
    yield os.environ | {
        "DATABASE_URL": f"{url}/{connection.settings_dict['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "FETCH_ALLOWED_HOSTS": ",".join(settings.FETCH_ALLOWED_HOSTS),
    }
    broker.flushall()


PROGRAM = """
import sys, django
django.setup()
from pinboard.actions.import_rows import import_slice
from pinboard.models import ImportJob
job = ImportJob.objects.take(int(sys.argv[1]))
import_slice(job, seconds=60)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_half_way_leaves_no_row_twice_and_none_lost(
    transactional_db, site, outside
):
    alice = make_user("alice")
    for number in range(40):
        site.pages[f"/{number}.jpg"] = slowly(draw(300 + number, 200))
    source = looked_at(alice, pictures(site, 40))
    confirm_import(source=source, by=alice)
    for _ in range(2):
        ImportJob.objects.update(leased_until=None)
        before = Pin.objects.count()
        worker = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(source.job.pk)],
            cwd=settings.BASE_DIR,
            env=outside,
        )
        until(lambda before=before: Pin.objects.count() > before)
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
    done = states(source).count("pinned")
    assert 0 < done < 40, "it was killed with rows half done"
    assert Pin.objects.count() == done, "a pin stands in its row, or is not there"
    ImportJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert ImportJob.objects.forgotten().exists(), "the sweeper will send it again"
    worked(source)
    assert states(source) == ["pinned"] * 40
    assert Pin.objects.count() == 40
    assert Pin.objects.values("source_url").distinct().count() == 40


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def slowly(content):
    def answer(handler):
        time.sleep(0.1)
        sends(content)(handler)

    return answer
