"""A report by file: looked at, confirmed, imported by pages; once, whatever happens."""

import random
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce import tasks
from commerce.actions import report_imports
from commerce.actions.orders import observe
from commerce.actions.report_imports import (
    ReportKnown,
    advance,
    confirm_report,
    discard_report,
    try_report_again,
    upload_report,
)
from commerce.exceptions import ApprovalRefused, FileUnreadable, TransitionRefused
from commerce.ledger import verify
from commerce.models import (
    Commission,
    Discrepancy,
    Network,
    Observation,
    OrderLine,
    ParkedObservation,
    ReportImport,
    ReportImportFile,
)
from commerce.networks.adapters import read_report
from tests.commerce.report_files import (
    amazon_return,
    amazon_row,
    as_json,
    awin_sale,
    cj_correction,
    cj_sale,
    notice,
    sheet,
    taobao_row,
)
from tests.factories import make_link, make_programme

pytestmark = pytest.mark.django_db
SAMPLES = settings.BASE_DIR.parent / "shared" / "data" / "orders"


def make_network(adapter, currency="USD", **fields):
    network = Network.objects.create(
        code=f"{adapter}-{Network.objects.count()}",
        name=adapter.title(),
        adapter=adapter,
        **fields,
    )
    make_programme(network=network, currency=currency)
    return network


def look_at(network, content, by, name="report.csv"):
    report = upload_report(network=network, name=name, content=content, by=by)
    assert advance(report=report)
    report.refresh_from_db()
    return report


def bring(network, content, by=None):
    report = look_at(network, content, by)
    confirm_report(report=report, by=by)
    assert advance(report=report)
    report.refresh_from_db()
    return report


def facts(network):
    """All lines and what they earn, without keys and times of our own."""
    lines = OrderLine.objects.filter(network=network).order_by("line_id")
    columns = ("line_id", "status", "paid_minor", "refunded_minor", "gross_fee_minor")
    earned = Commission.objects.filter(line__network=network).order_by("line__line_id")
    return [
        list(lines.values_list(*columns)),
        list(earned.values_list("line__line_id", "state", "net_minor")),
    ]


def counts(report):
    return (
        report.new_count,
        report.changed_count,
        report.known_count,
        report.refused_count,
    )


# The look -----------------------------------------------------------------------------


def test_a_look_says_what_would_happen_and_writes_nothing(rosa):
    network = make_network("direct", "CNY")
    good, bad = notice(), notice(event_id="e-2", line_id="A-1-2", amount="1e3")
    report = look_at(network, sheet(good, good, bad), rosa)
    assert report.state == ReportImport.State.CHECKED
    assert counts(report) == (1, 0, 1, 1)
    assert report.refused == [[4, "amount"]]
    assert report.sums == {"CNY": [39800, 3184]}
    assert report.first_rows[0] == [
        *(2, "A-1-1", "A-1", "paid", "199.00 CNY", "15.92", "none.of-ours", ""),
    ]
    assert not Observation.objects.exists()
    assert not OrderLine.objects.exists()


def test_a_look_tells_what_is_known_from_what_changed(rosa):
    network = make_network("direct", "CNY")
    bring(network, sheet(notice()))
    later = notice(
        event_id="e-2", status="received", occurred_at="2026-03-09T00:00:00Z"
    )
    other = notice(event_id="e-3", line_id="A-1-2")
    report = look_at(network, sheet(notice(), later, other), rosa)
    assert counts(report) == (1, 1, 1, 0)


def test_the_first_twenty_rows_are_shown(rosa):
    network = make_network("cj")
    rows = [cj_sale(originalActionId=f"a{n}") for n in range(30)]
    report = look_at(network, as_json(*rows), rosa)
    assert [row[0] for row in report.first_rows] == list(range(1, 21))
    assert report.new_count == 30


def test_refused_rows_are_all_counted_and_the_first_ones_kept(rosa):
    network = make_network("direct", "CNY")
    rows = [notice(event_id=f"e-{n}", amount="NaN") for n in range(250)]
    report = look_at(network, sheet(*rows), rosa)
    assert report.refused_count == 250
    assert len(report.refused) == report_imports.MOST_TOLD


def test_rows_in_another_currency_are_told_before(rosa):
    network = make_network("cj", "EUR")
    report = look_at(network, as_json(cj_sale()), rosa)
    assert report.foreign_count == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04zip",
        b"\0\0\0\0",
        b"a,b\n1,2\n",
        sheet(notice())[:-30] + b',"x',
        as_json(notice()),
        b"event_id,event_id\n1,2\n",
    ],
)
def test_a_hostile_file_is_refused_in_one_sentence_and_nothing_is_written(
    content, rosa
):
    network = make_network("direct", "CNY")
    with pytest.raises(FileUnreadable) as caught:
        upload_report(network=network, name="x", content=content, by=rosa)
    told = str(caught.value.for_user)
    assert told.endswith(".")
    assert len(told) < 160
    assert not ReportImport.objects.exists()


def test_a_network_without_a_programme_has_no_currency(rosa):
    network = Network.objects.create(code="bare", name="Bare", adapter="cj")
    with pytest.raises(FileUnreadable, match="no programme"):
        upload_report(network=network, name="x", content=as_json(cj_sale()), by=rosa)


# Who, and once ------------------------------------------------------------------------


def test_only_reviewers_bring_reports(alice, rita, rosa):
    network = make_network("cj")
    content = as_json(cj_sale())
    for person in (alice, rita):
        with pytest.raises(ApprovalRefused):
            upload_report(network=network, name="x", content=content, by=person)
    report = look_at(network, content, rosa)
    for deed in (confirm_report, discard_report):
        with pytest.raises(ApprovalRefused):
            deed(report=report, by=alice)
    assert not Observation.objects.exists()


def test_the_same_file_twice_is_one_import(rosa, ruth):
    network = make_network("cj")
    first = bring(network, as_json(cj_sale()), rosa)
    with pytest.raises(ReportKnown) as caught:
        upload_report(network=network, name="y", content=as_json(cj_sale()), by=ruth)
    assert caught.value.report == first
    assert ReportImport.objects.count() == 1
    assert Observation.objects.count() == 1


def test_the_same_file_of_another_network_is_another_report(rosa):
    content = as_json(cj_sale())
    for network in (make_network("cj"), make_network("cj")):
        bring(network, content, rosa)
    assert OrderLine.objects.count() == 2


def test_what_was_thrown_away_can_be_brought_again(rosa):
    network = make_network("cj")
    report = look_at(network, as_json(cj_sale()), rosa)
    discard_report(report=report, by=rosa)
    assert not ReportImportFile.objects.exists()
    assert bring(network, as_json(cj_sale()), rosa).state == "done"


def test_what_is_confirmed_is_confirmed_once_and_not_thrown_away(rosa):
    report = look_at(make_network("cj"), as_json(cj_sale()), rosa)
    confirm_report(report=report, by=rosa)
    for deed in (confirm_report, discard_report):
        with pytest.raises(TransitionRefused):
            deed(report=report, by=rosa)


# What becomes of the rows -------------------------------------------------------------


def test_rows_become_lines_and_earn(alice, rosa):
    network = make_network("cj")
    programme = network.programmes.get()
    make_link(programme=programme, beneficiary=alice, network_sub_id="spring")
    report = bring(network, as_json(cj_sale(), cj_sale(originalActionId="a2")), rosa)
    assert report.outcomes == {"applied": 2}
    assert report.finished_at
    assert facts(network)[1] == [
        ("a2", "estimated", 640),
        ("act-1", "estimated", 640),
    ]
    assert set(Observation.objects.values_list("source", flat=True)) == {"csv"}


def test_rows_that_came_before_change_nothing(rosa):
    network = make_network("cj")
    bring(network, as_json(cj_sale(), cj_correction()), rosa)
    before = facts(network)
    again = bring(network, as_json(cj_correction(), cj_sale(), cj_sale()), rosa)
    assert again.outcomes == {"duplicate": 3}
    assert facts(network) == before
    assert Observation.objects.count() == 2


def test_cjs_corrections_before_their_originals_end_in_the_same_cents(rosa):
    rows = [
        *(cj_sale(originalActionId=f"a{n}", actionStatus="closed") for n in range(6)),
        *(
            cj_correction(
                originalActionId=f"a{n}",
                commissionId=f"{n}-{part}",
                saleAmountUsd=-20,
                pubCommissionAmountUsd="-1.60",
            )
            for n in range(6)
            for part in range(n % 4)
        ),
    ]
    twice, ended = [*rows, *rows[::2]], []
    for seed in range(4):
        network = make_network("cj")
        shuffled = random.Random(seed).sample(twice, k=len(twice))
        half = len(shuffled) // 2
        bring(network, as_json(*shuffled[:half]), rosa)
        bring(network, as_json(*shuffled[half:]), rosa)
        ended.append(facts(network))
    assert ended.count(ended[0]) == 4
    assert [net for *_rest, net in ended[0][1]][:4] == [640, 480, 320, 160]
    assert not verify().findings


def test_usd_in_a_programme_of_euros_is_a_discrepancy_and_no_exchange(rosa):
    network = make_network("cj", "EUR")
    report = bring(network, as_json(cj_sale()), rosa)
    assert report.outcomes == {"rejected": 1}
    assert Discrepancy.objects.get().kind == Discrepancy.Kind.CURRENCY
    assert not OrderLine.objects.exists()


def test_a_state_that_nobody_knows_waits(rosa):
    network = make_network("awin", "EUR")
    report = bring(network, as_json(awin_sale(commissionStatus="queried")), rosa)
    assert report.outcomes == {"parked": 1}
    assert not OrderLine.objects.exists()


def test_a_shops_notice_by_file_is_the_one_that_came_by_postback(rosa):
    network = make_network("direct", "CNY")
    told = notice()
    observe(
        network=network,
        source=Observation.Source.POSTBACK,
        report=read_report(network, told),
        payload=told,
        event_id=told["event_id"],
        programme=network.programmes.get(),
    )
    report = bring(network, sheet(told), rosa)
    assert counts(report) == (0, 0, 1, 0)
    assert report.outcomes == {"duplicate": 1}


def test_an_event_with_another_content_books_nothing_and_holds_nothing_up(rosa):
    network = make_network("direct", "CNY")
    bring(network, sheet(notice()), rosa)
    more = notice(amount="299.00"), notice(event_id="e-2", line_id="A-1-2")
    report = look_at(network, sheet(*more), rosa)
    assert report.refused == [[2, "event_reused"]]
    confirm_report(report=report, by=rosa)
    advance(report=report)
    report.refresh_from_db()
    assert report.refused == [[2, "event_reused"]]
    assert report.refused_count == 1
    assert dict(OrderLine.objects.values_list("line_id", "paid_minor")) == {}
    assert Observation.objects.filter(line_id="A-1-2").exists()
    assert not Observation.objects.filter(payload__amount="299.00").exists()


def test_one_event_with_two_contents_in_one_file_is_taken_once(rosa):
    network = make_network("direct", "CNY")
    report = bring(network, sheet(notice(), notice(amount="1.00")), rosa)
    assert report.refused == [[3, "event_reused"]]
    assert Observation.objects.get().payload["amount"] == "199.00"


def test_ids_beyond_2_to_the_53_stay_what_they_are(rosa):
    network = make_network("taobao", "CNY")
    ids = ["9007199254740993", "9007199254740992"]
    rows = [taobao_row(淘宝子订单号=f"\t{line_id}") for line_id in ids]
    bring(network, sheet(*rows, encoding="gb18030"), rosa)
    assert sorted(OrderLine.objects.values_list("line_id", flat=True)) == sorted(ids)


# Amazon -------------------------------------------------------------------------------


def test_an_amazon_return_takes_back_a_sale_of_the_same_item_and_tag(alice, rosa):
    network = make_network("amazon")
    programme = network.programmes.get()
    make_link(programme=programme, beneficiary=alice, network_sub_id="ours-20")
    bring(network, sheet(amazon_return(), amazon_row(), amazon_row()), rosa)
    lines, earned = facts(network)
    assert [line[3] for line in lines] == [0, 2500]
    assert sorted(net for *_line, net in earned) == [0, 125]
    assert not verify().findings


def test_the_same_amazon_return_takes_back_once(rosa):
    network = make_network("amazon")
    bring(network, sheet(amazon_row(), amazon_row()), rosa)
    bring(network, sheet(amazon_return()), rosa)
    before = facts(network)
    report = bring(network, sheet(amazon_return(), amazon_row()), rosa)
    assert counts(report) == (0, 0, 2, 0)
    assert report.outcomes == {"duplicate": 2}
    assert facts(network) == before


def test_two_alike_amazon_returns_take_back_two_sales(rosa):
    network = make_network("amazon")
    rows = [amazon_row(), amazon_row(), amazon_return(), amazon_return()]
    bring(network, sheet(*rows), rosa)
    assert [line[3] for line in facts(network)[0]] == [2500, 2500]


def test_an_amazon_return_without_a_sale_waits_and_is_no_guess(rosa):
    network = make_network("amazon")
    sold_later = amazon_row(day="03/25/2026")
    bring(network, sheet(sold_later, amazon_return(), amazon_row(price="26.00")), rosa)
    assert ParkedObservation.objects.get().observation.code == "unknown_order"
    assert {line[3] for line in facts(network)[0]} == {0}


# Pages, workers, crashes --------------------------------------------------------------


def cj_rows(count):
    return as_json(*(cj_sale(originalActionId=f"a{n}") for n in range(count)))


def test_a_budget_ends_after_a_page_and_the_next_run_goes_on(rosa):
    report = upload_report(
        network=make_network("cj"), name="x", content=cj_rows(5), by=rosa
    )
    assert not advance(report=report, budget_s=0, at_once=2)
    report.refresh_from_db()
    assert (report.state, report.read_count) == ("checking", 2)
    while not advance(report=report, budget_s=0, at_once=2):
        pass
    report.refresh_from_db()
    assert counts(report) == (5, 0, 0, 0)
    confirm_report(report=report, by=rosa)
    assert not advance(report=report, budget_s=0, at_once=2)
    assert OrderLine.objects.count() == 2
    while not advance(report=report, budget_s=0, at_once=2):
        pass
    report.refresh_from_db()
    assert (report.state, report.outcomes) == ("done", {"applied": 5})


def test_what_stood_on_earlier_pages_is_known_after_a_new_start(rosa):
    rows = [cj_sale(), cj_sale(actionStatus="locked"), cj_sale()]
    report = upload_report(
        network=make_network("cj"), name="x", content=as_json(*rows), by=rosa
    )
    while not advance(report=report, budget_s=0, at_once=1):
        pass
    report.refresh_from_db()
    assert counts(report) == (1, 1, 1, 0)


def test_a_file_that_kills_its_workers_is_given_up_and_can_be_tried_again(rosa):
    report = look_at(make_network("cj"), cj_rows(1), rosa)
    confirm_report(report=report, by=rosa)
    # Five workers took it up, and none came to the end of a page.
    ReportImport.objects.update(attempts=report_imports.MOST_ATTEMPTS)
    assert advance(report=report)
    report.refresh_from_db()
    assert report.state == ReportImport.State.FAILED
    assert report.pk not in report_imports.unfinished()
    try_report_again(report=report, by=rosa)
    assert advance(report=report)
    report.refresh_from_db()
    assert report.state == ReportImport.State.DONE


def test_the_task_reads_to_the_end_and_the_sweep_knows_what_is_left(rosa):
    report = upload_report(
        network=make_network("cj"), name="x", content=cj_rows(3), by=rosa
    )
    assert report_imports.unfinished() == [report.pk]
    tasks.read_report(report.pk)
    report.refresh_from_db()
    assert report.state == ReportImport.State.CHECKED
    assert report_imports.unfinished() == []
    tasks.read_report(report.pk)  # a message too many
    tasks.read_report(0)
    confirm_report(report=report, by=rosa)
    assert report_imports.unfinished() == [report.pk]
    tasks.read_report(report.pk)
    assert OrderLine.objects.count() == 3


@pytest.mark.parametrize("adapter", ["cj", "amazon"])
def test_a_page_of_many_rows_costs_no_more_queries_than_one_of_few(adapter, rosa):
    def content(start, count):
        if adapter == "cj":
            rows = [cj_sale(originalActionId=f"a{start + n}") for n in range(count)]
            return as_json(*rows)
        rows = [amazon_row(asin=f"B{start + n:09}") for n in range(count)]
        return sheet(*rows, *(amazon_return(asin=row["ASIN"]) for row in rows))

    needed = []
    for start, count in ((0, 1), (100, 1), (200, 20)):
        report = upload_report(
            network=Network.objects.filter(adapter=adapter).first()
            or make_network(adapter),
            name="x",
            content=content(start, count),
            by=rosa,
        )
        with CaptureQueriesContext(
            connection,
        ) as looked:
            advance(report=report)
        confirm_report(report=report, by=rosa)
        with CaptureQueriesContext(connection) as booked:
            advance(report=report)
        needed.append((len(looked), len(booked)))
    assert needed[2] <= needed[1]


# The command --------------------------------------------------------------------------


def run(network, path, *more):
    out = StringIO()
    call_command(
        "import_orders", "--network", network.code, "--file", path, *more, stdout=out
    )
    return out.getvalue()


@pytest.fixture
def file_of(tmp_path):
    def write(content, name="report.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def test_the_command_looks_at_a_file_and_leaves_no_trace(file_of):
    network = make_network("cj")
    told = run(network, file_of(as_json(cj_sale(), cj_correction())), "--dry-run")
    assert "2 rows: 1 new, 1 changed, 0 known, 0 in another currency, 0 refused" in told
    assert "USD: sales 0.00, commissions 0.00" in told
    assert not ReportImport.objects.exists()
    assert not Observation.objects.exists()


def test_the_command_imports_a_file_once(file_of):
    network = make_network("cj")
    path = file_of(as_json(cj_sale()))
    assert "done: applied 1" in run(network, path)
    assert "imported before" in run(network, path)
    assert Observation.objects.count() == 1


def test_the_command_says_who_confirmed_a_file(file_of, rosa):
    network = make_network("cj")
    run(network, file_of(as_json(cj_sale())), "--by", rosa.username)
    report = ReportImport.objects.get()
    assert report.uploaded_by == report.confirmed_by == rosa


def test_a_file_that_nobody_is_named_for_is_by_the_command(
    file_of, client, rosa, settings
):
    settings.STAFF_SECOND_FACTOR = False
    run(make_network("cj"), file_of(as_json(cj_sale())))
    report = ReportImport.objects.get()
    assert report.confirmed_by is None
    client.force_login(rosa)
    page = client.get(f"/admin/commerce/reportimport/{report.pk}/change/").content
    assert page.decode().count("the command") == 2  # uploaded by, confirmed by


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_only_a_reviewer_is_named_for_a_file(file_of, alice, name):
    with pytest.raises(CommandError, match=f"{name} is no reviewer"):
        run(make_network("cj"), file_of(as_json(cj_sale())), "--by", name)
    assert not ReportImport.objects.exists()


def test_the_command_tells_refused_rows_and_fails(file_of, capsys):
    network = make_network("direct", "CNY")
    path = file_of(sheet(notice(), notice(event_id="e-2", amount="１２")))
    with pytest.raises(CommandError, match="1 rows were refused"):
        call_command("import_orders", "--network", network.code, "--file", path)
    assert "row 3: “amount” is missing" in capsys.readouterr().err
    assert Observation.objects.count() == 1


def test_the_command_says_what_a_file_is_not(file_of, tmp_path):
    network = make_network("direct", "CNY")
    for path in (file_of(b"x"), str(tmp_path / "none.csv")):
        with pytest.raises(CommandError):
            run(network, path)
    with pytest.raises(CommandError, match="No network"):
        call_command("import_orders", "--network", "nobody", "--file", file_of(b"x"))
    with pytest.raises(CommandError, match="one --network"):
        call_command("import_orders", "--file", file_of(b"x"))
    with pytest.raises(CommandError, match="Only a --file"):
        call_command("import_orders", "--dry-run")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
def test_the_samples_are_imported_to_the_cent():
    amazon = make_network("amazon")
    content = (SAMPLES / "amazon_associates_earnings_en.csv").read_bytes()
    report = bring(amazon, content)
    assert report.sums["USD"][1] == 13984
    assert report.outcomes == {"applied": 3, "parked": 1}
    cj = make_network("cj")
    bring(cj, (SAMPLES / "cj_publisher_commissions.json").read_bytes())
    assert facts(cj)[0] == [("action-1", "settled", 10000, 10000, 2000)]
    assert [net for *_rest, net in facts(cj)[1]] == [0]
    taobao = make_network("taobao", "CNY")
    report = bring(taobao, (SAMPLES / "taobao_tbk_order_details.json").read_bytes())
    assert report.sums == {"CNY": [480, 115]}
    awin = make_network("awin")
    report = bring(awin, (SAMPLES / "awin_transactions.json").read_bytes())
    assert report.sums == {"USD": [5596, 559]}


@pytest.mark.parametrize("state", ["importing", "failed"])
def test_a_dry_run_books_nothing_of_what_was_confirmed_before(rosa, file_of, state):
    network, content = make_network("cj"), as_json(cj_sale())
    report = look_at(network, content, rosa)
    confirm_report(report=report, by=rosa)
    ReportImport.objects.update(state=state)
    assert "nothing is done" in run(network, file_of(content), "--dry-run")
    report.refresh_from_db()
    assert report.state == state
    assert not Observation.objects.exists()
