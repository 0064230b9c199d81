"""What PostgreSQL itself refuses about statements, whoever holds the connection."""

from datetime import date

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from commerce.ledger.rights import give_rights
from commerce.models import LineResolution, Statement, StatementFile, StatementLine
from tests.factories import make_line, make_programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def statement(rosa):
    return Statement.objects.create(
        network=make_programme().network,
        month=date(2026, 10, 1),
        currency="CNY",
        name="october.csv",
        sha256="a" * 64,
        state="open",
        imported_by=rosa,
        declared_minor=0,
        receipt_minor=0,
    )


@pytest.fixture
def line(statement):
    return StatementLine.objects.create(
        statement=statement,
        line_no=1,
        line_id="9007199254740993",
        currency="CNY",
        fee_minor=14,
        tech_fee_minor=1,
        pays_minor=13,
        delta_minor=13,
        bucket="missing_ours",
    )


def run(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_importer_cannot_be_the_approver(statement, rosa):
    with pytest.raises(IntegrityError, match="statement_is_approved_by_another"):
        run("UPDATE commerce_statement SET approved_by_id = %s", rosa.pk)


def test_nothing_is_approved_by_nobody(statement):
    with pytest.raises(IntegrityError, match="approved_statement_has_an_approver"):
        run("UPDATE commerce_statement SET state = 'approved'")


@pytest.mark.parametrize(
    "off",
    [
        "declared_minor = 1",
        "receipt_minor = 1",
        "lines_minor = 1",
        "open_count = 1",
        "declared_minor = NULL",
        "receipt_minor = NULL",
    ],
)
def test_nothing_is_approved_whose_totals_differ(statement, ruth, off):
    approve = "UPDATE commerce_statement SET state = 'approved', approved_by_id = %s"
    with pytest.raises(IntegrityError, match="approved_statement_adds_up"):
        run(f"{approve}, {off}", ruth.pk)
    run(approve, ruth.pk)


def test_an_approved_statement_stays_as_it_is(statement, ruth):
    run("UPDATE commerce_statement SET state='approved', approved_by_id=%s", ruth.pk)
    for attack in (
        "UPDATE commerce_statement SET state = 'open'",
        "UPDATE commerce_statement SET receipt_minor = 5, declared_minor = 5",
        "DELETE FROM commerce_statement",
    ):
        with pytest.raises(IntegrityError, match="is refused"):
            run(attack)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE commerce_statement SET sha256 = 'b'",
        "UPDATE commerce_statement SET month = '2026-11-01'",
        "UPDATE commerce_statement SET imported_by_id = %(other)s",
        "UPDATE commerce_statement SET state = 'draft'",
        "DELETE FROM commerce_statement",
    ],
)
def test_what_was_confirmed_stays_what_it_was(statement, ruth, attack):
    with (
        pytest.raises(IntegrityError, match="is refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attack, {"other": ruth.pk})


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE commerce_statementline SET pays_minor = 14, delta_minor = 14",
        "UPDATE commerce_statementline SET line_id = '1'",
        "UPDATE commerce_statementline SET status = 'settled'",
        "UPDATE commerce_statementline SET raw = '{\"a\": 1}'",
        "DELETE FROM commerce_statementline",
    ],
)
def test_what_the_network_said_of_a_line_stays(line, attack):
    with pytest.raises(IntegrityError, match="its facts stay"):
        run(attack)


def test_what_we_make_of_a_line_may_change_but_must_add_up(line):
    run(
        "UPDATE commerce_statementline"
        " SET bucket = 'exact', ours_minor = 13, delta_minor = 0"
    )
    with pytest.raises(IntegrityError, match="delta_is_theirs_less_ours"):
        run("UPDATE commerce_statementline SET delta_minor = 5")


def test_a_resolution_stays(line, rosa):
    LineResolution.objects.create(
        line=line, action="ours", reason="x", before={}, after={}, by=rosa
    )
    for attack in (
        "UPDATE commerce_lineresolution SET reason = 'y'",
        "DELETE FROM commerce_lineresolution",
    ):
        with pytest.raises(IntegrityError, match="only appended"):
            run(attack)


def test_the_file_stays_once_it_is_confirmed(statement, rosa):
    StatementFile.objects.create(statement=statement, content=b"x")
    for attack in (
        "UPDATE commerce_statementfile SET content = ''",
        "DELETE FROM commerce_statementfile",
    ):
        with pytest.raises(IntegrityError, match="is refused"):
            run(attack)


def test_a_preview_can_be_thrown_away(statement, rosa):
    draft = Statement.objects.create(
        network=statement.network,
        month=statement.month,
        currency="CNY",
        name="other.csv",
        sha256="c" * 64,
        imported_by=rosa,
    )
    StatementFile.objects.create(statement=draft, content=b"x")
    draft.file.delete()
    draft.delete()
    assert Statement.objects.get() == statement


def test_the_same_file_is_one_statement_of_a_network(statement, rosa):
    again = {
        "network": statement.network,
        "month": statement.month,
        "currency": "CNY",
        "name": "again.csv",
        "sha256": statement.sha256,
        "imported_by": rosa,
    }
    with (
        pytest.raises(IntegrityError, match="one_statement_per_file"),
        transaction.atomic(),
    ):
        Statement.objects.create(**again)
    Statement.objects.create(**again | {"network": make_programme().network})


def test_a_row_of_the_file_is_one_line(statement, line):
    again = {"statement": statement, "line_id": "2", "currency": "CNY"}
    with (
        pytest.raises(IntegrityError, match="one_line_per_number"),
        transaction.atomic(),
    ):
        StatementLine.objects.create(**again, line_no=line.line_no)
    StatementLine.objects.create(**again, line_no=2)


def test_an_order_line_is_matched_once_a_statement(statement, line):
    order_line = make_line(make_programme())
    StatementLine.objects.filter(pk=line.pk).update(order_line=order_line)
    with pytest.raises(IntegrityError, match="one_match_per"), transaction.atomic():
        StatementLine.objects.create(
            statement=statement,
            line_no=2,
            line_id="2",
            currency="CNY",
            order_line=order_line,
        )


def test_the_applications_role_may_judge_lines_and_change_no_fact_of_them(line):
    run("CREATE ROLE statements_of_a_test")
    give_rights("statements_of_a_test")
    become = "SET LOCAL ROLE statements_of_a_test; "
    run(f"{become} SELECT FROM commerce_statementline FOR UPDATE")
    run(f"{become} UPDATE commerce_statementline SET bucket = 'exact', version = 2")
    for attack in (
        "UPDATE commerce_statementline SET pays_minor = 1",
        "UPDATE commerce_statementline SET raw = '{}'",
        "DELETE FROM commerce_statementline",
        "UPDATE commerce_lineresolution SET reason = ''",
        "TRUNCATE commerce_statement CASCADE",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(become + attack)
