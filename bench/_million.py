"""A ledger of any length, by a few statements of SQL: rows like those that one order
leaves which really went through the actions, many times over with other figures.

The triggers are off meanwhile, which takes the database's superuser; the verifier and
the replay say afterwards whether the rows are what the triggers would have let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Model

if TYPE_CHECKING:
    from commerce.models import TrackingLink

FIRST = 1000  # keys below are those of the order that was copied
PEOPLE, PROGRAMMES = 200, 10
ENTRIES_A_JOURNAL = 3.2  # three of the accrual, two of every tenth one's approval

# One row an order. The oldest third is received; what may be approved lies deepest,
# below all that is not: the queue has to find it there.
PLAN = """
CREATE TEMP TABLE plan AS
SELECT s.*, 'M-' || i AS line_name, paid * 1000 / 10000 AS net,
       paid * 1000 / 10000 * 6000 / 10000 AS pinner,
       '00000000-0000-7000-8000-' || lpad(to_hex(c), 12, '0') AS click,
       p.user_id, p.link_id, p.programme_id, p.network_id, p.code,
       CASE WHEN nobodys THEN 'unattributed' WHEN NOT booked THEN 'estimated'
            WHEN signed THEN 'payable' ELSE 'maturing' END AS state
FROM (
    SELECT i, {first} + i AS id, i / 4 AS c, 10000 + i % 9000 AS paid,
           i <= {accrued} AS booked, i <= {accrued} AND i % 10 = 0 AS signed,
           i <= {accrued} / 20 AS ready, i <= {accrued} AND i % 50 = 7 AS held,
           i > {accrued} AND i / 4 % 100 = 3 AS nobodys
    FROM generate_series(1, {rows}) AS i
) s JOIN people p ON p.place = c % {people}
"""


@dataclass(frozen=True)
class Pattern:
    """One order that was told of, received and approved."""

    rows: dict[str, Model]  # by table

    def copy(self, table: str, source: str, **columns: str) -> str:
        """INSERT for `source` (a query of the plan): what is not named stays as it is
        in the pattern, so that a new column needs no line here."""
        model = self.rows[table]
        names = [field.column for field in model._meta.concrete_fields]
        values = [columns.pop(name, f't."{name}"') for name in names]
        if columns:
            raise ValueError(f"{table} has no {', '.join(columns)}")
        listed = ", ".join(f'"{name}"' for name in names)
        name = model._meta.db_table
        key = str(model.pk).replace("'", "")
        return (
            f"INSERT INTO {name} ({listed}) SELECT {', '.join(values)} "
            f"FROM {name} t, ({source}) AS p WHERE t.{model._meta.pk.column} = '{key}'"
        )


def fill(rows: int) -> None:
    """`rows` commissions, and as many entries."""
    accrued = int(rows / ENTRIES_A_JOURNAL)
    people = _people()
    pattern = _pattern(people[0])
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "CREATE TEMP TABLE people (place int, user_id bigint, link_id bigint,"
            " programme_id bigint, network_id bigint, code text)"
        )
        for place, link in enumerate(people):
            network = link.programme.network
            cursor.execute(
                "INSERT INTO people VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    *(place, link.beneficiary_id, link.pk, link.programme_id),
                    *(network.pk, network.code),
                ],
            )
        cursor.execute(
            PLAN.format(rows=rows, accrued=accrued, first=FIRST, people=PEOPLE)
        )
        cursor.execute("ANALYZE plan")
        for statement in [*_facts(pattern), *_money(pattern, rows)]:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("ANALYZE")


def _people() -> list[TrackingLink]:
    from tests.factories import make_link, make_product, make_programme, make_user

    programmes = [make_programme(rate_bp=1000) for _ in range(PROGRAMMES)]
    product = make_product()
    return [
        make_link(
            programme=programmes[place % PROGRAMMES],
            beneficiary=make_user(f"bench{place}"),
            product=product,
        )
        for place in range(PEOPLE)
    ]


def _pattern(link: TrackingLink) -> Pattern:
    from commerce.actions.commissions import approve
    from commerce.actions.orders import observe
    from commerce.click_refs import click_ref_of
    from commerce.models import Commission, Observation, OrderLine
    from commerce.networks.adapters import read_report
    from tests.factories import make_click, make_user

    network, ordered_at = link.programme.network, datetime.now(UTC) - timedelta(hours=1)
    clicked_at = ordered_at - timedelta(minutes=10)
    click = make_click(link, rate_bp=1000, occurred_at=clicked_at)
    for status in ("paid", "received"):
        payload = {
            "event_id": f"pattern-{status}",
            "type": "order",
            "order_id": "pattern",
            "line_id": "pattern",
            "click_id": click_ref_of(click.pk),
            "status": status,
            "amount": "100.00",
            "currency": "CNY",
            "occurred_at": f"{ordered_at:%FT%TZ}",
        }
        observe(
            network=network,
            source="postback",
            report=read_report(network, payload),
            payload=payload,
            event_id=payload["event_id"],
            programme=link.programme,
        )
    line = OrderLine.objects.get(line_id="pattern")
    commission = Commission.objects.get(line=line)
    waiting = Commission.objects.get(pk=commission.pk)
    approve(commission=waiting, by=make_user("bench", reviewer=True))
    journal = commission.journals.get(kind="ACCRUE")
    found = [
        click,
        line,
        line.attributions.get(),
        Observation.objects.filter(line_id="pattern").last(),
        commission,  # as it was before the approval
        commission.shares.get(role="pinner"),
        journal,
        journal.entries.first(),
        journal.entries.first().account,
    ]
    return Pattern({str(row._meta.model_name): row for row in found})


def _facts(pattern: Pattern) -> list[str]:
    """Clicks, order lines, their reports and whose they are."""
    everybody = "SELECT * FROM plan"
    status = "CASE WHEN booked THEN 'received' ELSE 'paid' END"
    told = (
        "SELECT plan.*, told.status, told.n FROM plan CROSS JOIN"
        " (VALUES ('paid', 0), ('received', 1)) AS told(status, n)"
        " WHERE told.n = 0 OR booked"
    )
    return [
        pattern.copy(
            "click",
            "SELECT DISTINCT ON (c) * FROM plan ORDER BY c",
            id="p.click",
            link_id="p.link_id",
            programme_id="p.programme_id",
            beneficiary_id="p.user_id",
        ),
        pattern.copy(
            "orderline",
            everybody,
            id="p.id",
            network_id="p.network_id",
            programme_id="p.programme_id",
            line_id="p.line_name",
            order_id="p.line_name",
            click_ref="CASE WHEN nobodys THEN '' ELSE click || '.bench' END",
            status=status,
            paid_minor="p.paid",
            received_at="CASE WHEN booked THEN t.received_at END",
        ),
        pattern.copy(
            "observation",
            told,
            id="p.id * 2 + p.n",
            network_id="p.network_id",
            line_id="p.line_name",
            event_id="'E-' || p.i || '-' || p.n",
            sha256="md5(p.line_name || p.n) || md5(p.status || p.i)",
            payload="t.payload || jsonb_build_object('event_id', 'E-' || p.i || '-'"
            " || p.n, 'order_id', p.line_name, 'line_id', p.line_name, 'status',"
            " p.status, 'amount', (p.paid / 100.0)::numeric(12, 2)::text,"
            " 'click_id', CASE WHEN nobodys THEN 'none' ELSE click || '.bench' END)",
        ),
        pattern.copy(
            "attribution",
            everybody,
            id="p.id",
            line_id="p.id",
            basis="CASE WHEN nobodys THEN 'none' ELSE t.basis END",
            click_id="CASE WHEN NOT nobodys THEN click END",
            beneficiary_id="CASE WHEN NOT nobodys THEN user_id END",
            candidates="'[]'",
        ),
    ]


def _money(pattern: Pattern, rows: int) -> list[str]:
    """Commissions, their shares, and what of it is booked."""
    accruals = "SELECT * FROM plan WHERE booked"
    approvals = "SELECT * FROM plan WHERE signed"
    shares = (
        "SELECT plan.*, s.* FROM plan CROSS JOIN"
        " (VALUES ('pinner', 0), ('platform', 1)) AS s(role, n)"
        " WHERE s.n = 0 OR NOT nobodys"
    )
    accounts = (
        "SELECT 'liab:pending' AS kind, user_id::text AS key, user_id FROM people UNION"
        " SELECT 'liab:payable', user_id::text, user_id FROM people UNION"
        " SELECT 'asset:receivable', code, NULL FROM people UNION"
        " SELECT 'rev:platform', 'site', NULL"
    )
    entries = (
        "SELECT id AS journal, 'asset:receivable' AS kind, code AS key, net AS minor"
        " FROM plan WHERE booked UNION ALL"
        " SELECT id, 'liab:pending', user_id::text, -pinner FROM plan"
        " WHERE booked UNION ALL"
        " SELECT id, 'rev:platform', 'site', pinner - net FROM plan"
        " WHERE booked UNION ALL"
        f" SELECT id + {rows}, 'liab:pending', user_id::text, pinner FROM plan"
        " WHERE signed UNION ALL"
        f" SELECT id + {rows}, 'liab:payable', user_id::text, -pinner FROM plan"
        " WHERE signed"
    )
    numbered = (
        f"SELECT row_number() OVER () + {FIRST} AS id, e.journal, a.id AS account,"
        f" e.minor FROM ({entries}) e JOIN commerce_account a"
        " ON a.kind = e.kind AND a.key = e.key AND a.currency = 'CNY'"
    )
    return [
        pattern.copy(
            "commission",
            "SELECT * FROM plan",
            id="p.id",
            public_id="gen_random_uuid()",
            line_id="p.id",
            state="p.state",
            base_minor="p.paid",
            full_gross_minor="p.net",
            gross_minor="p.net",
            net_minor="p.net",
            is_accrued="p.booked",
            approved_at="CASE WHEN signed THEN now() END",
            hold_until="CASE WHEN ready THEN now() - interval '1 day'"
            " WHEN booked THEN now() + interval '7 days' END",
            hold_reasons="CASE WHEN held THEN ARRAY['fraud'] ELSE '{}' END",
        ),
        pattern.copy(
            "commissionshare",
            shares,
            id="p.id * 2 + p.n",
            commission_id="p.id",
            role="p.role",
            party_id="CASE WHEN n = 0 AND NOT nobodys THEN user_id END",
            bp="CASE WHEN nobodys THEN 10000 WHEN n = 0 THEN 6000 ELSE 4000 END",
            amount_minor="CASE WHEN nobodys THEN net WHEN n = 0 THEN pinner"
            " ELSE net - pinner END",
        ),
        pattern.copy(
            "account",
            accounts,
            id=f"row_number() OVER () + {FIRST}",
            kind="p.kind",
            key="p.key",
            user_id="p.user_id",
            balance_minor="0",
        )
        + " ON CONFLICT DO NOTHING",
        pattern.copy(
            "journal",
            accruals,
            id="p.id",
            key="'ACCRUE:' || p.id || ':1'",
            commission_id="p.id",
        ),
        pattern.copy(
            "journal",
            approvals,
            id=f"p.id + {rows}",
            key="'MATURE:' || p.id || ':2'",
            kind="'MATURE'",
            entry_count="2",
            commission_id="p.id",
        ),
        pattern.copy(
            "entry",
            numbered,
            id="p.id",
            journal_id="p.journal",
            account_id="p.account",
            amount_minor="p.minor",
        ),
        "UPDATE commerce_account a SET balance_minor = e.total FROM (SELECT account_id,"
        " sum(amount_minor) AS total FROM commerce_entry GROUP BY account_id) e"
        " WHERE e.account_id = a.id",
    ]
