"""The screens of statements: who may, what is kept, what a wrong file is answered."""

from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from commerce.models import Commission, Statement, StatementLine
from tests.commerce.statements import (
    SETTLED,
    make_league,
    open_statement,
    poll_order,
    sheet_of,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/commerce/statement/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def league(alice):
    return make_league(alice)


@pytest.fixture
def order(league):
    return partial(poll_order, league)


@pytest.fixture
def opened(league, rosa):
    return partial(open_statement, league, rosa)


def at(name, statement):
    return reverse(f"admin:commerce_statement_{name}", args=[statement.pk])


def send(client, network, content, *, month="2026-10", name="october.csv"):
    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return client.post(ADD, {"network": network.pk, "month": month, "file": file})


def confirm(client, statement, **fields):
    said = {"line_id": "0", "status": "1", "paid": "2", "fee": "3", "tech_fee": "4"}
    return client.post(
        at("preview", statement), {"decision": "confirm", **said, **fields}
    )


def told(answer):
    return [str(message) for message in answer.context["messages"]]


def test_a_statement_goes_from_the_file_to_the_approval(
    client,
    league,
    order,
    rosa,
    ruth,
):
    order("9007199254740993001")
    client.force_login(rosa)
    assert client.get(ADD).status_code == 200
    content = sheet_of(("9007199254740993001", *SETTLED))
    answer = send(client, league, content)
    draft = Statement.objects.get()
    assert answer.url == at("change", draft)
    page = client.get(answer.url).content.decode()
    assert "Nothing is written yet but the file" in page
    assert "结算预估收入" in page
    assert "9007199254740993001" in page
    assert "¥0.13" in page
    assert not StatementLine.objects.exists()

    answer = confirm(client, draft, declared="0.13", receipt="0.13")
    assert answer.url == at("change", draft)
    page = client.get(answer.url).content.decode()
    assert "The bank received as much" in page
    assert "You imported it. Another reviewer must approve it." in page

    client.force_login(ruth)
    page = client.get(at("change", draft)).content.decode()
    assert "All agrees. It can be approved." in page
    draft.refresh_from_db()
    assert f'name="version" value="{draft.version}"' in page
    other = {"decision": "approve", "version": str(draft.version - 1)}
    client.post(at("decide", draft), other)
    draft.refresh_from_db()
    assert draft.state == "open"
    client.post(at("decide", draft), other | {"version": str(draft.version)})
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("approved", ruth)
    assert Commission.objects.get().state == "payable"
    page = client.get(at("change", draft)).content.decode()
    assert "received from the network" in page


def test_signed_out_people_are_sent_to_the_log_in(client, opened, order):
    statement = opened(("404", *SETTLED))
    for address in (LIST, ADD, at("change", statement), at("file", statement)):
        assert client.get(address).status_code == 302
    for name in ("decide", "resolve", "preview"):
        assert client.post(at(name, statement)).status_code == 302
    statement.refresh_from_db()
    assert statement.state == "open"


def test_strangers_and_staff_without_the_right_see_and_do_nothing(
    client,
    opened,
    charlie,
):
    statement = opened(("404", *SETTLED))
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    for address in (LIST, ADD, at("change", statement), at("file", statement)):
        assert client.get(address).status_code == 403
    for name in ("decide", "resolve"):
        assert client.post(at(name, statement), {"decision": "cancel"}).status_code == (
            403
        )
    assert client.post(at("preview", statement)).status_code == 403
    statement.refresh_from_db()
    assert statement.state == "open"


def test_nothing_is_decided_by_a_get(client, opened, rosa):
    statement = opened(("404", *SETTLED))
    client.force_login(rosa)
    for name in ("decide", "resolve", "preview"):
        assert client.get(at(name, statement)).status_code == 405


def test_the_same_file_again_is_refused_with_a_link_to_the_first(
    client,
    opened,
    league,
    rosa,
    ruth,
):
    first = opened(("404", *SETTLED))
    client.force_login(ruth)
    answer = send(client, league, sheet_of(("404", *SETTLED)), month="2026-11")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This file was uploaded before." in page
    assert at("change", first) in page
    assert Statement.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "Save it as CSV"),
        (b"id,fee\n\x00,1", "no text in"),
        (b",".join([b"x"] * 129) + b"\n1,2", "128 columns"),
        (b"id,fee\n1," + b"9" * 20_001, "20 kB"),
    ],
)
def test_a_hostile_file_is_answered_with_a_sentence_beside_it(
    client,
    league,
    rosa,
    content,
    sentence,
):
    client.force_login(rosa)
    answer = send(client, league, content)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Statement.objects.exists()


@pytest.mark.parametrize("month", ["", "2026-13", "October", "2026-1", "1926-10", "\0"])
def test_a_wrong_month_is_told_and_the_network_kept(
    client,
    league,
    rosa,
    month,
):
    client.force_login(rosa)
    answer = send(client, league, sheet_of(("1", *SETTLED)), month=month)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'class="error"' in page
    assert f'<option value="{league.pk}" selected>' in page


def test_no_file_and_no_network_are_told(client, league, rosa):
    client.force_login(rosa)
    answer = client.post(ADD, {"month": "2026-10"})
    assert answer.status_code == 422
    assert answer.content.decode().count('class="error"') == 2


def test_a_preview_says_which_rows_cannot_be_read_and_why(
    client,
    league,
    rosa,
):
    client.force_login(rosa)
    rows = [("1", *SETTLED), ("9.0071E+18", *SETTLED), ("3", "???", "1", "1", "0")]
    page = client.get(send(client, league, sheet_of(*rows)).url).content.decode()
    assert "Row 3" in page
    assert "A spreadsheet has rounded 9.0071E+18" in page
    assert "The status “???” is not known." in page
    assert "Confirm 1 line" in page


def test_other_columns_are_looked_at_without_losing_the_file(
    client,
    league,
    rosa,
):
    client.force_login(rosa)
    send(client, league, sheet_of(("1", *SETTLED)))
    draft = Statement.objects.get()
    look = {"decision": "look", "line_id": "0", "fee": "2", "declared": "12.00"}
    page = client.post(at("preview", draft), look)
    assert page.status_code == 200
    assert "¥2.80" in page.content.decode()
    assert 'value="12.00"' in page.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"line_id": ""}, "Choose the column that says it."),
        ({"fee": "99"}, "Select a valid choice"),
        ({"fee": "1"}, "With these columns no row can be read."),
        ({"declared": "1,000"}, "Write the amount like 1234.50."),
        ({"receipt": "1e3"}, "Write the amount like 1234.50."),
        ({"receipt": "\0"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_confirmation_is_told_and_nothing_lost(
    client,
    league,
    rosa,
    fields,
    sentence,
):
    client.force_login(rosa)
    send(client, league, sheet_of(("1", *SETTLED)))
    draft = Statement.objects.get()
    answer = confirm(client, draft, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert confirm(client, draft).status_code == 302


def test_another_reviewer_sees_the_preview_but_does_not_confirm_it(
    client,
    league,
    rosa,
    ruth,
):
    client.force_login(rosa)
    send(client, league, sheet_of(("1", *SETTLED)))
    draft = Statement.objects.get()
    client.force_login(ruth)
    page = client.get(at("change", draft)).content.decode()
    assert "rosa uploaded it" in page
    assert confirm(client, draft).status_code == 422
    client.post(at("preview", draft), {"decision": "discard"})
    assert Statement.objects.get().state == "draft"
    client.force_login(rosa)
    client.post(at("preview", draft), {"decision": "discard"})
    assert not Statement.objects.exists()


def test_a_second_click_on_confirm_changes_nothing(client, league, rosa):
    client.force_login(rosa)
    send(client, league, sheet_of(("1", *SETTLED)))
    draft = Statement.objects.get()
    confirm(client, draft)
    answer = client.post(at("preview", draft), {"decision": "confirm"}, follow=True)
    assert told(answer) == [
        "Confirmed. Its lines are compared with ours.",
        "It was confirmed before.",
    ]
    assert StatementLine.objects.count() == 1


def test_the_file_comes_back_as_it_was_and_is_never_a_page(
    client,
    opened,
    rosa,
):
    statement = opened(("404", *SETTLED))
    client.force_login(rosa)
    answer = client.get(at("file", statement))
    assert answer.content == sheet_of(("404", *SETTLED))
    assert answer["Content-Type"] == "text/csv"
    assert answer["Content-Disposition"].startswith("attachment")


def test_the_panel_counts_and_sums_each_bucket(client, opened, order, rosa):
    for number in "123":
        order(number)
    statement = opened(
        ("1", *SETTLED), ("2", "已结算", "2.80", "0.12", "0.01"), ("404", *SETTLED)
    )
    client.force_login(rosa)
    answer = client.get(at("change", statement))
    rows = {row.bucket: row for row in answer.context["buckets"]}
    assert [(k, r.count, r.open_count, r.delta_minor) for k, r in rows.items()] == [
        ("exact", 1, 0, 0),
        ("amount_diff", 1, 1, -2),
        ("missing_ours", 1, 1, 13),
        ("missing_theirs", 1, 1, -13),
    ]
    page = answer.content.decode()
    assert "3 differences are open" in page
    assert "disabled" in page


def test_the_lines_are_filtered_and_found(client, opened, order, rosa):
    order("1")
    statement = opened(("1", *SETTLED), ("404", *SETTLED))
    client.force_login(rosa)

    def shown(**query):
        answer = client.get(at("change", statement), query)
        assert answer.status_code == 200
        return [line.line_id for line in answer.context["lines"]]

    assert shown() == ["404"]
    assert shown(show="all") == ["1", "404"]
    assert shown(show="exact") == ["1"]
    assert shown(show="missing_ours") == ["404"]
    assert shown(show="all", line="1") == ["1"]
    assert shown(show="nonsense", page="-7") == ["1", "404"]


def test_ticked_lines_are_resolved_and_refusals_explained(
    client,
    opened,
    order,
    rosa,
    settings,
):
    settings.STATEMENT_WRITE_OFF_MINOR = 2
    for number in "12":
        order(number)
    statement = opened(
        ("1", "已结算", "2.80", "0.12", "0.01"), ("2", "已结算", "2.80", "0.02", "0.01")
    )
    client.force_login(rosa)
    ticked = [f"{line.pk}-{line.version}" for line in statement.lines.all()]
    said = {"line": ticked, "action": "write_off", "reason": "Rounding."}
    answer = client.post(at("resolve", statement), said, follow=True)
    assert told(answer) == [
        "2: More than ¥0.02 is not written off for a line.",
        "1 line resolved.",
    ]
    again = client.post(at("resolve", statement), said, follow=True)
    assert "1: Somebody else was faster" in told(again)[0]
    assert StatementLine.objects.get(line_id="1").resolutions.count() == 1


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("line", "Tick the lines that you mean."),
        ("action", "Choose what becomes of them."),
        ("reason", "Give a reason."),
    ],
)
def test_what_is_missing_of_a_resolution_is_told(
    client,
    opened,
    order,
    rosa,
    missing,
    sentence,
):
    order("1")
    statement = opened(("1", "已结算", "2.80", "0.12", "0.01"))
    line = statement.lines.get()
    said = {"line": f"{line.pk}-{line.version}", "action": "dispute", "reason": "x"}
    client.force_login(rosa)
    answer = client.post(at("resolve", statement), {**said, missing: ""})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not line.resolutions.exists()


def test_all_lines_of_a_filter_are_resolved_at_once(
    client,
    opened,
    order,
    rosa,
):
    for number in range(60):
        order(str(number))
    rows = [(str(n), "已结算", "2.80", "0.12", "0.01") for n in range(60)]
    statement = opened(*rows, ("404", *SETTLED))
    client.force_login(rosa)
    answer = client.post(
        at("resolve", statement) + "?show=amount_diff",
        {"all": "on", "action": "accept", "reason": "Theirs is right."},
        follow=True,
    )
    assert told(answer) == ["60 lines resolved."]
    statement.refresh_from_db()
    assert statement.open_count == 1


def test_a_line_is_given_to_an_order_from_its_own_row(
    client,
    opened,
    order,
    rosa,
):
    order("1")
    statement = opened(("one", *SETTLED))
    line = statement.lines.get(line_id="one")
    client.force_login(rosa)
    said = {"line": f"{line.pk}-{line.version}", "action": "link", "reason": "Same."}
    wrong = client.post(
        at("resolve", statement), said | {"order_line": "nobody"}, follow=True
    )
    assert told(wrong) == ["This network has no order line of this number."]
    client.post(at("resolve", statement), said | {"order_line": "1"})
    line.refresh_from_db()
    assert (line.bucket, line.order_line.line_id) == ("exact", "1")


def test_totals_are_typed_by_the_importer_and_kept(
    client,
    opened,
    order,
    rosa,
    ruth,
):
    order("1")
    statement = opened(("1", *SETTLED))
    said = {"decision": "totals", "declared": "0.13", "receipt": "0.13"}
    client.force_login(ruth)
    answer = client.post(at("decide", statement), said, follow=True)
    assert told(answer) == ["Only who uploaded it does this."]
    client.force_login(rosa)
    answer = client.post(at("decide", statement), said | {"receipt": "13 yuan"})
    assert answer.status_code == 422
    assert "13 yuan" in answer.content.decode()
    client.post(at("decide", statement), said)
    statement.refresh_from_db()
    assert (statement.declared_minor, statement.receipt_minor) == (13, 13)


@pytest.mark.parametrize("decision", ["cancel", "compare", "again", "", "approve"])
def test_each_decision_answers_whatever_the_state(
    client,
    opened,
    order,
    rosa,
    decision,
):
    order("1")
    statement = opened(("1", *SETTLED))
    Statement.objects.filter(pk=statement.pk).update(state="cancelled")
    client.force_login(rosa)
    answer = client.post(at("decide", statement), {"decision": decision}, follow=True)
    assert answer.status_code == 200
    assert len(told(answer)) == 1
    statement.refresh_from_db()
    assert statement.state == "cancelled"


def test_what_rolls_over_is_listed_with_its_reason(
    client,
    opened,
    order,
    ruth,
    league,
):
    order("1")
    Commission.objects.update(hold_reasons=["fraud"])
    statement = opened(("1", *SETTLED), declared=13, receipt=13)
    client.force_login(ruth)
    client.post(at("decide", statement), {"decision": "approve"})
    page = client.get(at("change", statement), {"show": "waits"}).content.decode()
    assert "It is on hold. Release it first." in page
    Commission.objects.update(hold_reasons=[])
    client.post(at("decide", statement), {"decision": "again"})
    assert Commission.objects.get().state == "payable"


def test_an_unknown_statement_is_said_to_be_unknown(client, rosa):
    client.force_login(rosa)
    for key in ("999999", "nonsense", "9" * 30):
        answer = client.get(f"{LIST}{key}/change/", follow=True)
        assert "There is no statement" in told(answer)[0]


@pytest.mark.parametrize("count", [1, 20])
def test_the_page_takes_as_many_queries_for_a_line_as_for_twenty(
    client,
    opened,
    order,
    rosa,
    count,
    django_assert_max_num_queries,
):
    for number in range(count):
        order(str(number))
    rows = [(str(n), "已结算", "2.80", "0.12", "0.01") for n in range(count)]
    statement = opened(*rows)
    client.force_login(rosa)
    client.get(at("change", statement))
    with django_assert_max_num_queries(14):
        client.get(at("change", statement), {"show": "all"})


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_takes_as_many_queries_for_a_statement_as_for_twenty(
    client,
    opened,
    rosa,
    count,
    django_assert_max_num_queries,
):
    for number in range(count):
        opened((str(number), *SETTLED))
    client.force_login(rosa)
    client.get(LIST)
    with django_assert_max_num_queries(9):
        page = client.get(LIST).content.decode()
    assert page.count("october.csv") == count


def test_an_empty_list_offers_to_add_one(client, rosa):
    client.force_login(rosa)
    page = client.get(LIST).content.decode()
    assert ADD in page
    assert "Add one, and see where it differs" in page


def test_the_reviewers_may_all_that_statements_need(db):
    group = Group.objects.get(name="Reviewers")
    names = set(group.permissions.values_list("codename", flat=True))
    assert {
        "view_statement",
        "add_statement",
        "change_statement",
        "approve_statement",
    } <= names
