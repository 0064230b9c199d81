"""The screens of reports by file: who may, what is shown, what a wrong file is told."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce.actions.report_imports import upload_report
from commerce.models import Network, Observation, OrderLine, ReportImport
from tests.commerce.report_files import as_json, cj_sale, notice, sheet
from tests.factories import make_programme

pytestmark = pytest.mark.django_db
LIST = "/admin/commerce/reportimport/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def shop():
    network = Network.objects.create(code="shop", name="Shop", adapter="direct")
    make_programme(network=network, currency="CNY")
    return network


@pytest.fixture
def desk(client, rosa):
    client.force_login(rosa)
    return client


def send(client, network, content, name="march.csv"):
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return client.post(ADD, {"network": network.pk, "file": file})


def page_of(report):
    return reverse("admin:commerce_reportimport_change", args=[report.pk])


def decide(client, report, decision):
    address = reverse("admin:commerce_reportimport_decide", args=[report.pk])
    return client.post(address, {"decision": decision}, follow=True)


def text(answer):
    return " ".join(answer.content.decode().split())


def test_a_report_is_looked_at_confirmed_and_imported(desk, shop):
    answer = send(desk, shop, sheet(notice(), notice(event_id="e-2", amount="1e3")))
    report = ReportImport.objects.get()
    assert answer.headers["Location"] == page_of(report)
    seen = text(desk.get(page_of(report)))
    assert "A-1-1" in seen
    assert "199.00 CNY" in seen
    assert "“amount” is missing or not in its form." in seen
    assert "Import 1 row<" in seen
    assert "http-equiv" not in seen
    assert not Observation.objects.exists()
    done = text(decide(desk, report, "confirm"))
    assert "wait for their order or click" in done
    assert "/admin/commerce/commission/?queue=all" in done
    assert Observation.objects.count() == 1
    assert report.name in text(desk.get(LIST))


def test_a_report_that_is_thrown_away_leaves_nothing(desk, shop):
    send(desk, shop, sheet(notice()))
    answer = decide(desk, ReportImport.objects.get(), "discard")
    assert answer.redirect_chain == [(LIST, 302)]
    assert not ReportImport.objects.exists()


def test_the_same_file_again_leads_to_the_first_one(desk, shop):
    send(desk, shop, sheet(notice()))
    answer = send(desk, shop, sheet(notice()), name="again.csv")
    assert answer.status_code == 422
    assert "This file was uploaded before." in text(answer)
    assert page_of(ReportImport.objects.get()) in text(answer)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04", "This is a workbook. Save it as CSV first."),
        (b"\0\0", "The file is no text in UTF-8, UTF-16 or GB18030."),
        (b"a,b\n1,2\n", "No row has the headings of this report"),
        (b"[" * 9, "This report is a CSV. Upload that."),
    ],
)
def test_a_wrong_file_is_told_beside_its_field(desk, shop, content, told):
    answer = send(desk, shop, content)
    assert answer.status_code == 422
    assert f'<span class="error">{told}' in text(answer)
    assert f'value="{shop.pk}" selected' in text(answer)
    assert not ReportImport.objects.exists()


def test_a_form_without_a_file_is_told_so(desk, shop):
    answer = desk.post(ADD, {"network": shop.pk})
    assert answer.status_code == 422
    assert 'class="error"' in text(answer)
    assert desk.post(ADD, {"network": "x\0"}).status_code == 422


def test_cells_of_a_file_are_shown_as_text(desk, shop):
    send(desk, shop, sheet(notice(order_id="<script>alert(1)</script>")))
    seen = text(desk.get(page_of(ReportImport.objects.get())))
    assert "<script>alert" not in seen
    assert "&lt;script&gt;alert" in seen


def test_a_page_at_work_follows_by_itself_without_scripts(desk, shop, rosa):
    report = upload_report(network=shop, name="x.csv", content=sheet(notice()), by=rosa)
    seen = text(desk.get(page_of(report)))
    assert '<meta http-equiv="refresh" content="3">' in seen
    assert "A worker has read 0 of 1 rows." in seen
    assert "Import 1 row<" not in seen


def test_a_report_that_stopped_can_be_tried_again(desk, shop, rosa):
    report = upload_report(network=shop, name="x.csv", content=sheet(notice()), by=rosa)
    ReportImport.objects.update(state="failed")
    assert "Try again" in text(desk.get(page_of(report)))
    decide(desk, report, "again")
    report.refresh_from_db()
    assert report.state == ReportImport.State.CHECKING


def test_a_decision_too_late_or_unknown_says_so(desk, shop):
    send(desk, shop, sheet(notice()))
    report = ReportImport.objects.get()
    assert "Choose what to decide." in text(decide(desk, report, "x"))
    decide(desk, report, "confirm")
    assert "Somebody else was faster" in text(decide(desk, report, "confirm"))
    assert Observation.objects.count() == 1


def test_only_reviewers_see_reports_and_bring_them(client, shop, alice, rita, rosa):
    report = upload_report(network=shop, name="x.csv", content=sheet(notice()), by=rosa)
    decide_at = reverse("admin:commerce_reportimport_decide", args=[report.pk])
    for person in (None, alice, rita):
        client.logout()
        if person:
            client.force_login(person)
        for address in (LIST, ADD, page_of(report)):
            assert client.get(address).status_code == 302
        assert send(client, shop, sheet(notice(event_id="e-9"))).status_code == 302
        assert client.post(decide_at, {"decision": "discard"}).status_code == 302
    assert ReportImport.objects.count() == 1


def test_staff_without_the_right_are_refused(client, shop, rosa, bob):
    report = upload_report(network=shop, name="x.csv", content=sheet(notice()), by=rosa)
    bob.is_staff = True
    bob.save()
    client.force_login(bob)
    decide_at = reverse("admin:commerce_reportimport_decide", args=[report.pk])
    answers = [
        client.get(LIST),
        client.get(ADD),
        client.get(page_of(report)),
        client.post(decide_at, {"decision": "confirm"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4


def test_nothing_is_decided_by_reading(desk, shop):
    send(desk, shop, sheet(notice()))
    report = ReportImport.objects.get()
    address = reverse("admin:commerce_reportimport_decide", args=[report.pk])
    assert desk.get(address).status_code == 405
    assert desk.get(f"{LIST}999/change/").status_code == 302
    assert desk.get(f"{LIST}{'9' * 40}/change/").status_code == 302
    assert desk.post(f"{LIST}999/decide/", {"decision": "x"}).status_code == 404


@pytest.mark.parametrize("address", ["list", "page"])
def test_pages_cost_the_same_queries_for_one_and_for_twenty(desk, rosa, address):
    network = Network.objects.create(code="cj", name="CJ", adapter="cj")
    make_programme(network=network, currency="USD")
    needed = []
    for count in (1, 20):
        for n in range(count if address == "list" else 1):
            rows = [
                cj_sale(originalActionId=f"{count}-{n}-{row}") for row in range(count)
            ]
            send(desk, network, as_json(*rows), name=f"{n}.json")
        here = LIST if address == "list" else page_of(ReportImport.objects.latest("pk"))
        desk.get(here)
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(here).status_code == 200
        needed.append(len(queries))
    assert needed[0] == needed[1]


def test_imported_lines_are_found_from_the_desk(desk):
    network = Network.objects.create(code="cj", name="CJ", adapter="cj")
    make_programme(network=network, currency="USD")
    send(desk, network, as_json(cj_sale()), name="cj.json")
    done = text(decide(desk, ReportImport.objects.get(), "confirm"))
    assert "written into their order lines" in done
    assert OrderLine.objects.get().line_id == "act-1"
