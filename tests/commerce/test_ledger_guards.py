"""Raw SQL against the ledger, as somebody would write it who has the connection."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from commerce.ledger import account, post, reverse
from commerce.ledger.posting import period_of
from commerce.models import Account, Entry, Journal, Period
from tests.factories import make_click, make_line, make_link, make_programme, tell_line

pytestmark = pytest.mark.django_db


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else None


def refused(text, *values, name):
    """Refused by the constraint of this name, at once or when it would be committed."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        sql(f"{text};SET CONSTRAINTS ALL IMMEDIATE", *values)
    assert caught.value.__cause__.diag.constraint_name == name
    return caught.value.__cause__.diag.sqlstate


@pytest.fixture
def cash(db):
    return account("asset:cash", "bank", "CNY")


@pytest.fixture
def site(db):
    return account("rev:platform", "site", "CNY")


@pytest.fixture
def journal(cash, site):
    return post(
        kind="RECEIPT",
        key="RECEIPT:1:1",
        entries=[(cash, 500), (site, -500)],
        event_at=timezone.now(),
    )


NEW_JOURNAL = """
INSERT INTO commerce_journal (key, kind, period_id, entry_count, event_at, posted_at,
    note, reverses_id)
VALUES (%s, %s, (SELECT id FROM commerce_period LIMIT 1), %s, now(), now(), '', %s);
"""
NEW_ENTRY = """
INSERT INTO commerce_entry (journal_id, account_id, currency, amount_minor)
VALUES ((SELECT id FROM commerce_journal WHERE key = %s), %s, %s, %s);
"""


def test_a_journal_without_entries_is_refused(journal):
    assert (
        refused(NEW_JOURNAL, "x", "ADJUST", 2, None, name="journal_has_two_entries")
        == "23514"
    )


def test_a_journal_of_one_entry_is_refused(journal, cash):
    refused(
        NEW_JOURNAL + NEW_ENTRY,
        *("x", "ADJUST", 1, None),
        *("x", cash.pk, "CNY", 5),
        name="journal_has_two_entries",
    )


def test_a_journal_that_is_off_by_one_cent_is_refused(journal, cash, site):
    refused(
        NEW_JOURNAL + NEW_ENTRY * 2,
        *("x", "ADJUST", 2, None),
        *("x", cash.pk, "CNY", 5),
        *("x", site.pk, "CNY", -4),
        name="journal_balances",
    )


def test_a_single_entry_to_an_old_journal_is_refused(journal, cash):
    refused(NEW_ENTRY, journal.key, cash.pk, "CNY", 5, name="journal_is_sealed")


def test_a_balanced_pair_to_an_old_journal_is_refused(journal, cash, site):
    refused(
        NEW_ENTRY * 2,
        *(journal.key, cash.pk, "CNY", 5),
        *(journal.key, site.pk, "CNY", -5),
        name="journal_is_sealed",
    )


def test_a_second_journal_of_the_same_key_is_refused(journal):
    """However old the first one is: a key of money never ends."""
    attack = NEW_JOURNAL, journal.key, "RECEIPT", 2, None
    assert refused(*attack, name="commerce_journal_key_key") == "23505"


def test_an_entry_of_zero_is_refused(journal, cash):
    refused(NEW_ENTRY, journal.key, cash.pk, "CNY", 0, name="entry_is_not_zero")


def test_an_entry_in_another_currency_than_its_account_is_refused(journal, cash):
    code = refused(
        NEW_ENTRY,
        *(journal.key, cash.pk, "USD", 5),
        name="entry_has_the_currency_of_its_account",
    )
    assert code == "23503"


def test_a_journal_of_two_currencies_is_refused_though_each_sums_to_zero(cash, site):
    period_of(timezone.localdate())
    dollars = [
        account("asset:cash", "bank", "USD"),
        account("rev:platform", "s", "USD"),
    ]
    refused(
        NEW_JOURNAL + NEW_ENTRY * 4,
        *("x", "ADJUST", 4, None),
        *("x", cash.pk, "CNY", 5),
        *("x", site.pk, "CNY", -5),
        *("x", dollars[0].pk, "USD", 7),
        *("x", dollars[1].pk, "USD", -7),
        name="journal_has_one_currency",
    )


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE commerce_journal SET note = 'another'",
        "DELETE FROM commerce_journal",
        "UPDATE commerce_entry SET amount_minor = amount_minor * 2",
        "DELETE FROM commerce_entry",
    ],
)
def test_journals_and_entries_are_only_appended(journal, attack):
    assert refused(attack, name="rows_are_only_appended") == "23001"


def test_a_reversal_that_is_not_the_exact_negation_is_refused(journal, cash, site):
    refused(
        NEW_JOURNAL + NEW_ENTRY * 2,
        *("x", "REVERSE", 2, journal.pk),
        *("x", cash.pk, "CNY", -499),
        *("x", site.pk, "CNY", 499),
        name="reversal_is_exact",
    )


def test_a_reversal_that_names_nothing_is_refused(journal, cash, site):
    refused(
        NEW_JOURNAL,
        *("x", "REVERSE", 2, None),
        name="reversal_names_what_it_reverses",
    )


def test_a_second_reversal_is_refused_by_the_database(journal, cash, site):
    reverse(journal, event_at=timezone.now())
    code = refused(
        NEW_JOURNAL + NEW_ENTRY * 2,
        *("x", "REVERSE", 2, journal.pk),
        *("x", cash.pk, "CNY", -500),
        *("x", site.pk, "CNY", 500),
        name="commerce_journal_reverses_id_key",
    )
    assert code == "23505"


def test_posting_into_a_closed_period_is_refused(journal, cash, site):
    Period.objects.update(closed_at=timezone.now())
    refused(NEW_JOURNAL, "x", "ADJUST", 2, None, name="period_is_open")


def test_a_closed_period_is_neither_opened_nor_deleted(db):
    period = period_of(date(2026, 3, 9))
    Period.objects.update(closed_at=timezone.now())
    refused(
        "UPDATE commerce_period SET closed_at = NULL WHERE id = %s",
        period.pk,
        name="closed_period_stays",
    )
    refused("DELETE FROM commerce_period", name="closed_period_stays")


def test_balances_follow_the_entries_and_nobody_elses_hand(journal, cash):
    cash.refresh_from_db()
    assert cash.balance_minor == 500
    refused(
        "UPDATE commerce_account SET balance_minor = 0", name="balance_is_of_entries"
    )
    refused(
        "INSERT INTO commerce_account (kind, key, currency, balance_minor)"
        " VALUES ('asset:cash', 'mine', 'CNY', 100)",
        name="balance_is_of_entries",
    )


def test_an_account_keeps_its_name_and_currency(journal):
    refused("UPDATE commerce_account SET key = 'mine'", name="balance_is_of_entries")
    refused(
        "UPDATE commerce_account SET currency = 'USD'", name="balance_is_of_entries"
    )


@pytest.fixture
def commission(alice):
    link = make_link(programme=make_programme(), beneficiary=alice)
    return tell_line(make_line(link.programme, click=make_click(link)))


def test_shares_that_do_not_sum_to_the_net_are_refused(commission):
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for attack in [
        "UPDATE commerce_commissionshare SET amount_minor = amount_minor + 1",
        "DELETE FROM commerce_commissionshare WHERE role = 'platform'",
        "UPDATE commerce_commission SET gross_minor = 1, fee_minor = 0, net_minor = 1",
    ]:
        assert refused(attack, name="shares_sum_to_net") == "23514"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE commerce_commissionevent SET note = 'nothing happened'",
        "DELETE FROM commerce_commissionevent",
        "UPDATE commerce_attribution SET beneficiary_id = NULL",
        "DELETE FROM commerce_attribution",
        "UPDATE commerce_click SET rate_bp = 5000",
        "UPDATE commerce_click SET beneficiary_id = NULL",
        "UPDATE commerce_click SET visitor_key = 'somebody'",
        "DELETE FROM commerce_click",
    ],
)
def test_events_attributions_and_clicks_are_only_appended(commission, attack):
    assert refused(attack, name="rows_are_only_appended") == "23001"


def test_observations_are_only_appended(commission):
    sql(
        "INSERT INTO commerce_observation (network_id, source, line_id, event_id,"
        " payload, sha256, received_at, outcome, code)"
        " VALUES (%s, 'postback', 'A', 'e', '{}', 'f', now(), 'applied', '')",
        commission.line.network_id,
    )
    for attack in [
        "UPDATE commerce_observation SET outcome = 'rejected'",
        "DELETE FROM commerce_observation",
    ]:
        refused(attack, name="rows_are_only_appended")


def test_an_attribution_stops_being_current_and_never_becomes_it_again(commission):
    sql("UPDATE commerce_attribution SET is_current = false")
    refused(
        "UPDATE commerce_attribution SET is_current = true",
        name="rows_are_only_appended",
    )


def test_the_purge_blanks_a_click_and_an_erased_user_leaves_it(commission):
    sql(
        "UPDATE commerce_click SET visitor_key = '', ip_prefix = '', ip_hash = '',"
        " ua_family = '', referer_host = '', user_id = NULL"
    )
    assert sql("SELECT count(*) FROM commerce_click WHERE visitor_key = ''") == [(1,)]


def test_every_guard_is_in_the_database():
    found = sql(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
        " WHERE NOT tgisinternal AND tgenabled = 'O'"
        " AND tgrelid::regclass::text LIKE 'commerce_%%'"
    )
    assert set(found) >= {
        ("commerce_journal", "journal_balances"),
        ("commerce_journal", "only_appended"),
        ("commerce_journal", "period_is_open"),
        ("commerce_entry", "entry_balances"),
        ("commerce_entry", "only_appended"),
        ("commerce_entry", "keep_balance"),
        ("commerce_account", "guard_account"),
        ("commerce_period", "closed_is_closed"),
        ("commerce_observation", "only_appended"),
        ("commerce_attribution", "only_appended"),
        ("commerce_commissionevent", "only_appended"),
        ("commerce_click", "only_appended"),
        ("commerce_commission", "shares_sum_to_net"),
        ("commerce_commissionshare", "shares_sum_to_net"),
    }


@pytest.mark.django_db(transaction=True)
def test_closing_a_period_waits_for_the_posting_in_flight():
    cash, site = account("asset:cash", "b", "CNY"), account("rev:platform", "s", "CNY")
    period = period_of(timezone.localdate())
    moments = {}

    def close():
        Period.objects.filter(pk=period.pk).update(closed_at=timezone.now())
        moments["closed"] = time.monotonic()
        connection.close()

    closing = threading.Thread(target=close)
    with transaction.atomic():
        post(
            kind="RECEIPT",
            key="k",
            entries=[(cash, 1), (site, -1)],
            event_at=timezone.now(),
        )
        closing.start()
        closing.join(timeout=0.3)
        assert closing.is_alive()
        moments["posted"] = time.monotonic()
    closing.join(timeout=10)
    assert moments["closed"] > moments["posted"]
    assert Journal.objects.count() == 1
    assert Entry.objects.count() == 2
    assert Account.objects.get(pk=cash.pk).balance_minor == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_refunds_of_three_at_once_an_order_of_ten_takes_three():
    line = make_line(make_programme(), paid_minor=1000)

    def refund(_):
        try:
            return sql(
                "UPDATE commerce_orderline SET refunded_minor = refunded_minor + 300"
                " WHERE id = %s RETURNING refunded_minor",
                line.pk,
            )
        except IntegrityError as error:
            return error.__cause__.diag.constraint_name
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(refund, range(8)))
    refusals = [name for name in outcomes if name == "refunded_is_at_most_paid"]
    done = sorted(name[0] for name in outcomes if name not in refusals)
    assert (len(refusals), done) == (5, [(300,), (600,), (900,)])


SHADOWS = """
CREATE TEMP TABLE commerce_{0} (LIKE public.commerce_{0});
INSERT INTO commerce_{0} SELECT * FROM public.commerce_{0};
"""


def test_a_temporary_table_of_the_same_name_fools_no_guard(journal, cash):
    """In it a journal of two entries that balance, beside one of ours that does not."""
    sql(SHADOWS.format("journal") + SHADOWS.format("entry"))
    sql("ALTER TABLE pg_temp.commerce_entry ALTER journal_id SET DEFAULT 0")
    forged = (
        NEW_JOURNAL.replace("commerce_journal", "public.commerce_journal")
        + NEW_ENTRY.replace(
            "INTO commerce_entry", "INTO public.commerce_entry"
        ).replace("FROM commerce_journal", "FROM public.commerce_journal")
        + "INSERT INTO pg_temp.commerce_journal"
        " SELECT * FROM public.commerce_journal WHERE key = 'x';"
        "INSERT INTO pg_temp.commerce_entry (id, account_id, currency, amount_minor,"
        " journal_id) SELECT -n, account_id, currency, 5 - 10 * n, journal_id FROM"
        " public.commerce_entry, generate_series(0, 1) n WHERE amount_minor = 5;"
    )
    refused(
        forged,
        *("x", "ADJUST", 2, None),
        *("x", cash.pk, "CNY", 5),
        name="journal_has_two_entries",
    )


def test_a_temporary_period_does_not_open_a_closed_one(journal):
    Period.objects.update(closed_at=timezone.now())
    sql(
        SHADOWS.format("period") + "UPDATE pg_temp.commerce_period SET closed_at = NULL"
    )
    attempt = NEW_JOURNAL.replace("FROM commerce_period", "FROM public.commerce_period")
    refused(attempt, "x", "ADJUST", 2, None, name="period_is_open")


def test_every_guard_says_where_it_looks():
    """`CREATE OR REPLACE` forgets it, so a later version of a guard must repeat it."""
    unsaid = sql(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND proname LIKE 'commerce%%' AND prosrc ~ '(FROM|UPDATE|INTO) commerce_'"
        " AND provolatile = 'v' AND NOT coalesce(array_to_string(proconfig, ','), '')"
        " LIKE 'search_path=public, pg_temp%%'"
    )
    assert unsaid == []
