"""Taking along all that is one's own: what is in it, who gets it, and for how long."""

import csv
import io
import json
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pinboard.actions import social
from pinboard.actions.baskets import fill_basket, set_budget
from pinboard.actions.exports import SLICE, start_export, write_slice
from pinboard.actions.sweeping import sweep_jobs, tidy_pictures
from pinboard.exports.packing import pack_originals
from pinboard.models import (
    AltProposal,
    BoardMember,
    BoardSection,
    ExportJob,
    ExportPart,
    Pin,
    Suggestion,
)
from pinboard.models.basket import Budget, Choice
from pinboard.models.job import MAX_ATTEMPTS
from pinboard.pictures import storage
from pinboard.pictures.names import original_of
from pinboard.tasks import write_export
from tests.factories import (
    make_board,
    make_pin,
    make_point,
    make_product,
    make_tags,
)
from users.actions import close_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

HOSTILE = [
    "../../etc/passwd",
    "a/b\\c",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "..",
    "CON\x7f: *?|",
    "大衣 / 外套",
    "' or 1=1 --",
]


@pytest.fixture
def board(alice):
    return make_board(alice, "Coats", visibility="secret")


def pin_with_file(board, **fields):
    pin = make_pin(board, **fields)
    storage.put(original_of(pin.picture), b"original %d" % pin.pk)
    return pin


def made(user, *, at_most=SLICE):
    """An export that is done, with as many tasks as it takes."""
    job = start_export(by=user)
    while (taken := ExportJob.objects.take(job.pk)) and write_slice(
        taken, at_most=at_most
    ):
        pass
    job.refresh_from_db()
    assert job.state == "done"
    return job


def opened(job):
    """What lies in the folder after all parts are unpacked into it."""
    folder = {}
    for part in job.parts.all():
        with ZipFile(default_storage.open(job.path_of(part.number))) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                assert name not in folder, "no part overwrites what another has"
                folder[name] = archive.read(name)
    return folder


def told(job):
    return json.loads(opened(job)["pinboard.json"])


def rows(job):
    text = opened(job)["pins.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def gallery(job):
    return Tags(opened(job)["index.html"].decode()).found


def address(job, number=1):
    return f"/settings/export/{job.pk}/pinboard-{number}.zip"


def test_its_owner_downloads_it_and_no_cache_keeps_it(client, alice, board):
    pin_with_file(board)
    job = made(alice)
    client.force_login(alice)
    assert address(job) in client.get("/settings/export/").text
    answer = client.get(address(job), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Type"] == "application/zip"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="pinboard-1.zip"'
    with ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert "index.html" in archive.namelist()


def test_strangers_and_the_signed_out_get_nothing(client, alice, charlie, board):
    pin_with_file(board)
    job = made(alice)
    assert client.get(address(job)).status_code == 302
    assert client.get("/settings/export/").status_code == 302
    assert client.post("/settings/export/").status_code == 302
    client.force_login(charlie)
    assert client.get(address(job)).status_code == 404
    assert address(job) not in client.get("/settings/export/").text
    for path in (job.path_of(1), f"private/{job.path_of(1)}"):
        assert client.get(f"/media/{path}").status_code == 404
    assert ExportJob.objects.count() == 1


def test_a_part_that_there_is_not_is_not_found(client, alice, board):
    job = made(alice)
    client.force_login(alice)
    assert client.get(address(job, 2)).status_code == 404
    storage.delete(job.path_of(1))
    assert client.get(address(job)).status_code == 404


def test_asking_again_while_one_is_made_starts_no_second_one(client, alice):
    client.force_login(alice)
    for _ in range(2):
        answer = client.post("/settings/export/")
        assert answer.headers["Location"] == "/settings/export/"
    assert ExportJob.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportJob.objects.create(owner=alice)


def test_the_page_tells_how_far_it_is_and_reloads_until_it_is_done(
    client, alice, board
):
    for _ in range(3):
        pin_with_file(board)
    client.force_login(alice)
    client.post("/settings/export/")
    job = ExportJob.objects.get()
    write_slice(ExportJob.objects.take(job.pk), at_most=2)
    page = client.get("/settings/export/").text
    assert "2 of 3 pins are packed." in page
    assert "data-reload-s" in page
    assert "pinboard-1.zip" not in page, "not before all of it is there"
    assert client.get(address(job)).status_code == 404
    write_slice(ExportJob.objects.take(job.pk), at_most=2)
    page = client.get("/settings/export/").text
    assert "data-reload-s" not in page
    assert "pinboard-1.zip" in page
    assert "pinboard-2.zip" in page


def test_everything_of_a_pin_is_told(alice, bob, board):
    section = BoardSection.objects.create(board=board, title="Wool")
    product = make_product(title="Wool coat", price_minor=19900, currency="CNY")
    pin = pin_with_file(
        board,
        title="Grey",
        description="Warm",
        alt="A coat",
        source_url="https://shop.example/coat",
        product=product,
        section=section,
        via_pinner=bob,
    )
    make_tags(pin, "Wool", "大衣")
    lamp = make_point(pin, make_product(title="Lamp"), x=2550, y=700).product
    make_point(pin, make_product(title="Rug, =red"))
    job = made(alice)
    (row,) = told(job)["pins"]
    first, second = row.pop("in_picture")
    assert first == {
        "product": "Lamp",
        "product_url": lamp.url,
        "left": 25.5,
        "top": 7.0,
    }
    assert second["product"] == "Rug, =red"
    assert row == {
        "id": pin.pk,
        "title": "Grey",
        "description": "Warm",
        "alt": "A coat",
        "tags": ["Wool", "大衣"],
        "source_url": "https://shop.example/coat",
        "board_id": board.pk,
        "board": "Coats",
        "section": "Wool",
        "place": pin.place,
        "product": "Wool coat",
        "product_url": product.url,
        "price": "199.00",
        "currency": "CNY",
        "via": "bob",
        "created_at": pin.created_at.isoformat(),
        "url": f"http://testserver/pins/{pin.pk}/",
        "file": f"originals/{pin.pk}-grey.jpg",
    }
    (line,) = rows(job)
    assert line.pop("in_picture") == "Lamp; Rug, =red"
    as_text = {name: str(value) for name, value in row.items()}
    assert line == as_text | {"tags": "Wool, 大衣"}
    assert opened(job)[row["file"]] == b"original %d" % pin.pk


def test_secret_boards_profile_words_and_likes_are_in_it(alice, bob, board):
    BoardSection.objects.create(board=board, title="Wool")
    other = make_pin(make_board(bob, "Bob's"), title="Of bob")
    social.comment(pin=other, by=alice, text="Lovely")
    social.like(pin=other, by=alice)
    all_of_it = told(made(alice))
    assert all_of_it["profile"]["email"] == "alice@example.org"
    (told_board,) = all_of_it["boards"]
    assert told_board["visibility"] == "secret"
    assert told_board["sections"] == ["Wool"]
    where = f"http://testserver/pins/{other.pk}/"
    assert [row["text"] for row in all_of_it["comments"]] == ["Lovely"]
    assert [row["pin"] for row in all_of_it["comments"]] == [where]
    assert [row["pin"] for row in all_of_it["likes"]] == [where]
    assert "Of bob" not in json.dumps(all_of_it)


def test_what_one_suggested_is_in_it_and_not_what_others_suggest(alice, bob, board):
    pin = make_pin(make_board(bob), title="Of bob")
    theirs = make_board(bob, "Bob's", suggestions="curated")
    own = make_board(alice, "Open", suggestions="open")
    mine = Suggestion.objects.create(pin=pin, board=theirs, by=alice)
    Suggestion.objects.create(pin=pin, board=own, by=bob)
    all_of_it = told(made(alice))
    assert all_of_it["suggestions"] == [
        {
            "pin": f"http://testserver/pins/{pin.pk}/",
            "board_id": theirs.pk,
            "state": "waiting",
            "created_at": mine.created_at.isoformat(),
        }
    ]
    AltProposal.objects.create(pin=pin, by=alice, text="A lamp")
    (words,) = told(made(alice))["descriptions"]
    assert (words["text"], words["state"]) == ("A lamp", "waiting")
    modes = {row["title"]: row["suggestions"] for row in all_of_it["boards"]}
    assert modes == {"Coats": "nobody", "Open": "open"}


def test_baskets_and_budgets_are_in_it_and_tell_of_no_board_of_others(alice, bob):
    hidden = make_board(bob, "Hidden since", visibility="secret")
    pin = make_pin(hidden, title="Of bob")
    fill_basket(choices={pin.pk: Choice(3, is_bought=True)}, by=alice)
    set_budget(board=hidden, budget=Budget(25050, "CNY"), by=alice)
    all_of_it = told(made(alice))
    where = f"http://testserver/pins/{pin.pk}/"
    assert all_of_it["basket"] == [{"pin": where, "quantity": 3, "is_bought": True}]
    budget = {"board_id": hidden.pk, "amount": "250.50", "currency": "CNY"}
    assert all_of_it["budgets"] == [budget]
    assert "Hidden since" not in json.dumps(all_of_it)
    assert told(made(bob))["basket"] == []


def test_nobody_elses_pins_are_in_it_nor_what_one_may_no_longer_see(alice, bob, board):
    make_pin(board, pinner=bob, title="Bob on my board")
    make_pin(make_board(bob), title="Bob on his")
    thrown = pin_with_file(board, title="Thrown away")
    Pin.objects.filter(pk=thrown.pk).update(deleted_at=timezone.now())
    left = make_board(bob, "Left", visibility="secret")
    pin_with_file(left, pinner=alice, title="Where I was removed")
    shared = make_board(bob, "Shared", visibility="secret")
    now = timezone.now()
    BoardMember.objects.create(board=shared, user=alice, role="editor", accepted_at=now)
    pin_with_file(shared, pinner=alice, title="Where I still am")
    job = made(alice)
    assert [pin["title"] for pin in told(job)["pins"]] == ["Where I still am"]
    assert len([name for name in opened(job) if name.startswith("originals/")]) == 1


def test_pins_without_a_file_are_told_but_not_shown(alice, board):
    make_pin(board, title="Its file is lost")
    make_pin(board, picture=None, state="processing", title="Not ready")
    job = made(alice)
    assert {pin["file"] for pin in told(job)["pins"]} == {None}
    assert [tag for tag, _ in gallery(job) if tag == "img"] == []


def test_an_account_without_pins_gets_its_documents(alice):
    job = made(alice)
    assert set(opened(job)) == {"pinboard.json", "pins.csv", "index.html"}
    assert told(job)["pins"] == []


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_makes_a_bad_path_or_markup(alice, board, title):
    board.title = title
    board.save()
    script = "javascript:alert(1)"
    pin = pin_with_file(
        board, title=title, description=title, alt=title, source_url=script
    )
    make_tags(pin, "<i onclick=a>")
    job = made(alice)
    (name,) = [name for name in opened(job) if name.startswith("originals/")]
    assert PurePosixPath(name).parts[0] == "originals"
    assert len(PurePosixPath(name).parts) == 2
    stem = name.removeprefix(f"originals/{pin.pk}-").removesuffix(".jpg")
    assert stem.replace("-", "").replace("_", "").isalnum()
    tags = gallery(job)
    assert {tag for tag, _ in tags} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "section", "h2"),
        *("div", "figure", "a", "img", "figcaption", "b", "p", "small"),
    }
    assert not any(name.startswith("on") for _, attrs in tags for name in attrs)
    (image,) = [attrs for tag, attrs in tags if tag == "img"]
    assert image["alt"] == title
    assert [attrs["href"] for tag, attrs in tags if tag == "a"] == [image["src"]]


def test_the_gallery_names_the_tags(alice, board):
    make_tags(pin_with_file(board), "Wool", "大衣")
    assert "<p>#Wool #大衣" in opened(made(alice))["index.html"].decode()


def test_the_gallery_leads_to_its_own_files_and_to_where_a_pin_was_found(alice, board):
    pin = pin_with_file(board, title="大衣", source_url="https://shop.example/?a=1&b=2")
    links = [attrs["href"] for tag, attrs in gallery(made(alice)) if tag == "a"]
    name = f"originals/{pin.pk}-%E5%A4%A7%E8%A1%A3.jpg"
    assert links == [name, "https://shop.example/?a=1&b=2"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_no_cell_of_the_table_is_a_formula(alice, board, start):
    pin_with_file(board, title=f"{start}HYPERLINK(1)")
    (row,) = rows(made(alice))
    assert row["title"] == f"'{start}HYPERLINK(1)"


def test_a_killed_slice_is_done_again_and_those_before_it_stay(alice, board):
    """A worker that died after its file was stored, before the row knew of it."""
    pins = [pin_with_file(board) for _ in range(5)]
    job = start_export(by=alice)
    assert write_slice(ExportJob.objects.take(job.pk), at_most=2)
    taken = ExportJob.objects.take(job.pk)
    storage.put(job.path_of(2), b"half of something")
    assert ExportJob.objects.take(job.pk) is None, "still leased"
    ExportJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert ExportJob.objects.forgotten().get() == job
    assert made(alice, at_most=2) == job
    assert write_slice(taken) is False, "it comes too late and changes nothing"
    assert [part.number for part in job.parts.all()] == [1, 2, 3]
    assert len(told(job)["pins"]) == 5
    originals = {name for name in opened(job) if name.startswith("originals/")}
    assert originals == {pin["file"] for pin in told(job)["pins"]}
    assert len(originals) == len(pins)


def test_a_title_changed_half_way_leads_to_the_file_that_was_written(alice, board):
    pins = [pin_with_file(board, title="Before") for _ in range(2)]
    job = start_export(by=alice)
    write_slice(ExportJob.objects.take(job.pk), at_most=1)
    Pin.objects.update(title="After")
    job = made(alice)
    files = {pin["id"]: pin["file"] for pin in told(job)["pins"]}
    assert files[pins[0].pk] == f"originals/{pins[0].pk}-before.jpg"
    assert set(files.values()) <= set(opened(job))


def test_a_slice_ends_early_where_its_pictures_are_large(alice, board):
    pins = [pin_with_file(board) for _ in range(3)]
    for room, most in ((5, 1), (15, 2), (1000, 3)):
        with ZipFile(io.BytesIO(), "w") as archive:
            packed = pack_originals(archive, pins, room=room)
            assert packed.pins == pins[:most]
            assert len(archive.namelist()) == most


def test_the_task_goes_on_by_itself_to_the_end(alice, board):
    for _ in range(3):
        pin_with_file(board)
    job = start_export(by=alice)
    write_export(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done_count, job.pin_count) == ("done", 3, 3)


def test_after_five_attempts_the_page_says_so_and_offers_another(client, alice, board):
    job = start_export(by=alice)
    ExportJob.objects.update(attempts=MAX_ATTEMPTS)
    sweep_jobs()
    client.force_login(alice)
    assert "We could not finish your export." in client.get("/settings/export/").text
    assert client.post("/settings/export/").status_code == 302
    assert start_export(by=alice) != job


def test_after_seven_days_it_is_gone_and_so_are_its_files(client, alice, board):
    pin_with_file(board)
    job = made(alice)
    week = timedelta(days=7)
    assert abs(job.expires_at - timezone.now() - week) < timedelta(minutes=1)
    tidy_pictures()
    assert default_storage.exists(job.path_of(1))
    ExportJob.objects.update(expires_at=timezone.now())
    client.force_login(alice)
    assert client.get(address(job)).status_code == 404
    assert "pinboard-1.zip" not in client.get("/settings/export/").text
    tidy_pictures()
    assert not default_storage.exists(job.path_of(1))
    assert not ExportPart.objects.exists()


def test_a_new_one_takes_the_place_of_the_last(client, alice, board):
    first = made(alice)
    second = made(alice)
    tidy_pictures()
    assert ExportJob.objects.get() == second
    assert not default_storage.exists(first.path_of(1))
    assert default_storage.exists(second.path_of(1))


def test_closing_the_account_deletes_it(
    alice, board, django_capture_on_commit_callbacks
):
    pin_with_file(board)
    job = made(alice)
    assert default_storage.exists(job.path_of(1))
    with django_capture_on_commit_callbacks():
        close_account(user=alice)
    assert not ExportJob.objects.downloadable().exists()
    tidy_pictures()
    assert not default_storage.exists(job.path_of(1))
    assert not ExportJob.objects.exists()


def test_an_account_closed_while_a_slice_is_written_leaves_no_file(
    alice, board, django_capture_on_commit_callbacks
):
    pin_with_file(board)
    job = start_export(by=alice)
    taken = ExportJob.objects.take(job.pk)
    with django_capture_on_commit_callbacks():
        close_account(user=alice)
    tidy_pictures()
    assert write_slice(taken) is False
    assert default_storage.exists(job.path_of(1)), "the worker was too late to know"
    ExportJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tidy_pictures()
    assert not default_storage.exists(job.path_of(1))


def queries_of_a_slice(user):
    job = start_export(by=user)
    taken = ExportJob.objects.take(job.pk)
    with CaptureQueriesContext(connection) as counted:
        write_slice(taken)
    return len(counted)


def test_a_slice_asks_as_much_for_twenty_pins_as_for_one(alice, bob, board):
    def add():
        section = BoardSection.objects.create(
            board=make_board(alice), title="Of its own"
        )
        pin = pin_with_file(section.board, section=section, product=make_product())
        Pin.objects.filter(pk=pin.pk).update(via_pinner=bob)
        make_point(pin)
        social.comment(pin=pin, by=alice, text="Mine")
        social.like(pin=pin, by=alice)

    add()
    one = queries_of_a_slice(alice)
    for _ in range(19):
        add()
    assert queries_of_a_slice(alice) == one
    assert one <= 28
