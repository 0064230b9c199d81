"""The role of the application: it does its work, and the ledger is out of its reach."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from commerce.ledger import account
from commerce.ledger.rights import give_rights
from commerce.tasks import purge_clicks
from tests.factories import make_click, make_line, make_link, make_programme, tell_line

pytestmark = pytest.mark.django_db

ROLE = "pinboard_app_of_a_test"
NOT_ALLOWED = "42501"


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture
def application(db):
    """A role as the one in a site's DATABASE_URL, which owns nothing."""
    sql(f"CREATE ROLE {ROLE}")
    give_rights(ROLE)


def refused(statement):
    with pytest.raises(ProgrammingError) as caught, transaction.atomic():
        sql(f"SET LOCAL ROLE {ROLE}; {statement}")
    return caught.value.__cause__.diag.sqlstate


@pytest.mark.parametrize(
    "table", ["journal", "entry", "observation", "commissionevent"]
)
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE {} SET id = id",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} DISABLE TRIGGER only_appended",
        "DROP TABLE {} CASCADE",
        "DROP TRIGGER only_appended ON {}",
        "CREATE TRIGGER mine BEFORE INSERT ON {}"
        " FOR EACH ROW EXECUTE FUNCTION commerce_append_only()",
        "COPY {} FROM PROGRAM 'true'",
    ],
)
def test_the_application_may_not_even_try_to_change_the_ledger(
    application, table, attack
):
    assert refused(attack.format(f"commerce_{table}")) == NOT_ALLOWED


@pytest.mark.parametrize(
    "attack",
    [
        "TRUNCATE commerce_account CASCADE",
        "DELETE FROM commerce_account",
        "UPDATE commerce_account SET user_id = NULL",
        "TRUNCATE commerce_period CASCADE",
        "DELETE FROM commerce_period",
        "DELETE FROM commerce_click",
        "UPDATE commerce_click SET rate_bp = 0",
        "DELETE FROM commerce_attribution",
        "UPDATE commerce_attribution SET beneficiary_id = NULL",
        "TRUNCATE commerce_commission CASCADE",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
        "SET session_replication_role = replica",
        "CREATE TABLE public.commerce_more (id int)",
        "CREATE OR REPLACE FUNCTION public.commerce_append_only() RETURNS trigger"
        " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION commerce_check_journal(bigint) RESET search_path",
    ],
)
def test_nor_what_stands_around_it(application, attack):
    assert refused(attack) == NOT_ALLOWED


IMITATED = """
CREATE TEMP TABLE bait (x int);
CREATE FUNCTION pg_temp.move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE commerce_account SET balance_minor = -99999;
    RETURN NULL;
END $$;
CREATE TRIGGER move AFTER INSERT ON bait FOR EACH ROW EXECUTE FUNCTION pg_temp.move();
INSERT INTO bait VALUES (1)
"""

# The entries' own trigger has the rights of the owner; its table is whose it hangs on.
BORROWED = """
CREATE TEMP TABLE bait (account_id bigint, amount_minor bigint);
CREATE TRIGGER move AFTER INSERT ON bait REFERENCING NEW TABLE AS posted
    FOR EACH STATEMENT EXECUTE FUNCTION commerce_keep_balance();
INSERT INTO bait SELECT id, -99999 FROM commerce_account
"""


@pytest.mark.parametrize(
    "attack",
    ["UPDATE commerce_account SET balance_minor = -99999", IMITATED, BORROWED],
    ids=["plainly", "by a trigger of its own", "by ours on a table of its own"],
)
def test_the_application_moves_no_balance_but_by_entries(application, attack):
    account("liab:payable", "7", "CNY")
    assert refused(attack) == NOT_ALLOWED


def test_the_application_posts_and_attributes_with_its_own_rights(application, alice):
    sql(f"SET LOCAL ROLE {ROLE}")
    link = make_link(programme=make_programme(), beneficiary=alice)
    line = make_line(link.programme, click=make_click(link))
    assert tell_line(line, status="received").state == "maturing"
    sql("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")


def test_the_application_blanks_old_clicks_and_erases_people(application, alice, bob):
    link = make_link(programme=make_programme(), beneficiary=alice)
    click = make_click(link, user=bob, visitor_key="v", ip_prefix="10.0.0.0/24")
    sql(f"SET LOCAL ROLE {ROLE}")
    sql(
        "UPDATE commerce_click SET user_id = NULL, visitor_key = '', ip_prefix = '',"
        " ip_hash = '', ua_family = '', referer_host = ''"
    )
    purge_clicks()
    sql("RESET ROLE")
    click.refresh_from_db()
    assert (click.user_id, click.visitor_key) == (None, "")


def test_tables_of_migrations_to_come_are_the_applications_to_use(application):
    sql("CREATE TABLE public.commerce_later (id serial PRIMARY KEY)")
    sql(f"SET LOCAL ROLE {ROLE}; INSERT INTO commerce_later DEFAULT VALUES")
    assert sql("SELECT count(*) FROM commerce_later") == [(1,)]
    sql("RESET ROLE")


def test_a_new_table_that_is_only_appended_to_needs_no_word(application):
    sql(
        "CREATE TABLE public.commerce_later (id int, seen bool);"
        "CREATE TRIGGER only_appended BEFORE UPDATE OR DELETE ON commerce_later"
        " FOR EACH ROW EXECUTE FUNCTION commerce_append_only('seen')"
    )
    give_rights(ROLE)
    assert refused("DELETE FROM commerce_later") == NOT_ALLOWED
    assert refused("UPDATE commerce_later SET id = 2") == NOT_ALLOWED
    sql(f"SET LOCAL ROLE {ROLE}; UPDATE commerce_later SET seen = false; RESET ROLE")


def test_rights_may_be_given_before_all_tables_are_there(application):
    sql("DROP TABLE commerce_account, commerce_period CASCADE")
    give_rights(ROLE)


def test_the_command_names_whom_it_restricted(application):
    said = StringIO()
    call_command("ledger_rights", ROLE, stdout=said)
    assert said.getvalue() == f"{ROLE} appends to the ledger and changes nothing.\n"


def test_the_owner_is_not_restricted(db):
    [(owner,)] = sql("SELECT current_user")
    with pytest.raises(CommandError, match="cannot give up"):
        call_command("ledger_rights", owner)
    with pytest.raises(CommandError, match="Set MIGRATE_DATABASE_URL"):
        call_command("ledger_rights")
