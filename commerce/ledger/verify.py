"""Proof of the ledger, from its rows alone: each question is one SQL statement whose
rows are what is off. No row, nothing off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

PATIENCE_S = 600


@dataclass(frozen=True)
class Finding:
    """A sum that should be something else."""

    check: str
    subject: str
    currency: str
    expected_minor: int
    found_minor: int

    @property
    def off_minor(self) -> int:
        return self.found_minor - self.expected_minor

    def __str__(self) -> str:
        return (
            f"{self.check}: {self.subject} {self.currency} is {self.found_minor}, "
            f"should be {self.expected_minor} (off by {self.off_minor})"
        )


@dataclass(frozen=True)
class Total:
    kind: str
    currency: str
    accounts: int
    balance_minor: int


@dataclass
class Verification:
    totals: list[Total] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    journals: int = 0
    commissions: int = 0

    @property
    def is_green(self) -> bool:
        return not self.findings


@contextmanager
def patient_snapshot() -> Iterator[None]:
    """One moment of a site that moves on, and more time than a page has.

    Inside somebody's transaction it is theirs that is looked at.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'")
        yield


def verify() -> Verification:
    """Ask all questions of one snapshot."""
    outcome = Verification()
    with patient_snapshot():
        outcome.totals = [Total(*row) for row in _rows(TOTALS)]
        (outcome.journals,) = next(_rows("SELECT count(*) FROM commerce_journal"))
        (outcome.commissions,) = next(_rows("SELECT count(*) FROM commerce_commission"))
        for check, sql in CHECKS.items():
            outcome.findings += [
                Finding(check, subject, currency, int(expected), int(found))
                for subject, currency, expected, found in _rows(sql)
            ]
    return outcome


def _rows(sql: str) -> Iterator[tuple]:  # type: ignore[type-arg]  # rows of any shape
    with connection.cursor() as cursor:
        cursor.execute(sql)
        yield from cursor.fetchall()


TOTALS = """
SELECT kind, currency, count(*), sum(balance_minor)
FROM commerce_account GROUP BY kind, currency ORDER BY currency, kind
"""

TRIAL_BALANCE = """
SELECT 'all entries', currency, 0, sum(amount_minor)
FROM commerce_entry GROUP BY currency HAVING sum(amount_minor) <> 0
"""

JOURNALS = """
SELECT 'journal ' || key, coalesce(e.currency, ''), 0, coalesce(sum(e.amount_minor), 0)
FROM commerce_journal j LEFT JOIN commerce_entry e ON e.journal_id = j.id
GROUP BY j.id, e.currency HAVING coalesce(sum(e.amount_minor), 0) <> 0
"""

SEALS = """
SELECT 'entries of journal ' || key, '', j.entry_count, count(e.id)
FROM commerce_journal j LEFT JOIN commerce_entry e ON e.journal_id = j.id
GROUP BY j.id HAVING count(e.id) <> j.entry_count OR count(e.id) < 2
"""

BALANCES = """
SELECT 'account ' || kind || ':' || key, a.currency,
       coalesce(sum(e.amount_minor), 0), a.balance_minor
FROM commerce_account a LEFT JOIN commerce_entry e ON e.account_id = a.id
GROUP BY a.id HAVING a.balance_minor <> coalesce(sum(e.amount_minor), 0)
"""

SHARES = """
SELECT 'shares of commission ' || c.id, c.currency, c.net_minor,
       coalesce(sum(s.amount_minor), 0)
FROM commerce_commission c
LEFT JOIN commerce_commissionshare s ON s.commission_id = c.id
GROUP BY c.id HAVING c.net_minor <> coalesce(sum(s.amount_minor), 0)
"""

RETURNED = """
SELECT 'net of returned commission ' || id, currency, 0, net_minor
FROM commerce_commission WHERE state IN ('void', 'clawed_back') AND net_minor <> 0
"""

# Money is booked from `maturing` on, and owed for good once somebody approved it.
STATES = """
SELECT 'net of commission ' || id || ', which is ' || state, currency, 0, net_minor
FROM commerce_commission
WHERE state IN ('maturing', 'payable', 'in_payout', 'paid', 'clawed_back')
      AND NOT is_accrued
   OR state IN ('estimated', 'void') AND is_accrued
   OR state IN ('payable', 'in_payout', 'paid') AND approved_at IS NULL
"""

# Whose a share is follows from the decision in force, which is only appended. An
# erased account leaves its share to nobody; what is paid stays with who was paid.
OWNERS = """
SELECT 'share of the ' || s.role || ' in commission ' || c.id, c.currency, 0,
       s.amount_minor
FROM commerce_commissionshare s
JOIN commerce_commission c ON c.id = s.commission_id
LEFT JOIN commerce_attribution a ON a.line_id = c.line_id AND a.is_current
WHERE s.party_id IS NOT NULL AND s.party_id IS DISTINCT FROM
      CASE s.role WHEN 'pinner' THEN a.beneficiary_id
                  WHEN 'originator' THEN a.originator_id END
UNION ALL
SELECT 'share in commission ' || s.commission_id || ' of another than payout ' || p.id,
       p.currency, 0, l.amount_minor
FROM commerce_payoutline l
JOIN commerce_payout p ON p.id = l.payout_id
JOIN commerce_commissionshare s ON s.id = l.share_id
WHERE l.is_live AND s.party_id IS DISTINCT FROM p.user_id
"""

# What each commission should have put into each account, against what it has. Money
# that is approved owes from `payable`, before that from `pending`; a share of nobody
# lies in suspense, the site's in its revenue. Receipts concern networks, not shares.
PROJECTIONS = """
WITH expected AS (
    SELECT c.id, 'asset:receivable' AS kind, n.code::text AS key, c.currency,
           c.net_minor::numeric AS minor
    FROM commerce_commission c
    JOIN commerce_orderline l ON l.id = c.line_id
    JOIN commerce_network n ON n.id = l.network_id
    WHERE c.is_accrued
    UNION ALL
    SELECT c.id,
           CASE WHEN s.party_id IS NOT NULL AND c.approved_at IS NOT NULL
                    THEN 'liab:payable'
                WHEN s.party_id IS NOT NULL THEN 'liab:pending'
                WHEN s.role = 'platform' THEN 'rev:platform'
                ELSE 'liab:suspense' END,
           CASE WHEN s.party_id IS NOT NULL THEN s.party_id::text
                WHEN s.role = 'platform' THEN 'site'
                ELSE 'unattributed' END,
           c.currency, -s.amount_minor
    FROM commerce_commission c
    JOIN commerce_commissionshare s ON s.commission_id = c.id
    WHERE c.is_accrued
), posted AS (
    SELECT j.commission_id AS id, a.kind, a.key, a.currency, e.amount_minor AS minor
    FROM commerce_entry e
    JOIN commerce_journal j ON j.id = e.journal_id
    JOIN commerce_account a ON a.id = e.account_id
    WHERE j.commission_id IS NOT NULL AND j.kind <> 'RECEIPT'
), told AS (
    SELECT id, kind, key, currency, minor AS expected, 0 AS found FROM expected
    UNION ALL
    SELECT id, kind, key, currency, 0, minor FROM posted
)
SELECT 'commission ' || id || ' in ' || kind || ':' || key, currency,
       sum(expected), sum(found)
FROM told GROUP BY id, kind, key, currency HAVING sum(expected) <> sum(found)
"""

# A payout that is out has left `payable`; one that came back has left no trace.
PAYOUTS = """
WITH posted AS (
    SELECT j.payout_id, a.kind, sum(e.amount_minor) AS minor
    FROM commerce_entry e
    JOIN commerce_journal j ON j.id = e.journal_id
    JOIN commerce_account a ON a.id = e.account_id
    WHERE j.payout_id IS NOT NULL GROUP BY j.payout_id, a.kind
), expected AS (
    SELECT p.id, p.currency, k.kind,
           CASE WHEN k.kind = 'liab:payable' AND p.state IN ('submitted', 'paid')
                    THEN p.amount_minor
                WHEN k.kind = 'liab:payout_clearing' AND p.state = 'submitted'
                    THEN -p.amount_minor
                WHEN k.kind = 'asset:cash' AND p.state = 'paid' THEN -p.amount_minor
                ELSE 0 END AS minor
    FROM commerce_payout p
    CROSS JOIN (VALUES ('liab:payable'), ('liab:payout_clearing'), ('asset:cash'))
        AS k(kind)
)
SELECT 'payout ' || x.id || ' in ' || x.kind, x.currency, x.minor,
       coalesce(p.minor, 0)
FROM expected x LEFT JOIN posted p ON p.payout_id = x.id AND p.kind = x.kind
WHERE x.minor <> coalesce(p.minor, 0)
"""

PAYOUT_LINES = """
SELECT 'lines of payout ' || p.id, p.currency, p.amount_minor,
       coalesce(sum(l.amount_minor), 0)
FROM commerce_payout p LEFT JOIN commerce_payoutline l ON l.payout_id = p.id
GROUP BY p.id HAVING p.amount_minor <> coalesce(sum(l.amount_minor), 0)
"""

# Lines of what is being paid or was paid keep their shares out of other payouts.
LIVE_LINES = """
SELECT 'live lines of payout ' || p.id, p.currency,
       CASE WHEN p.state = 'failed' THEN 0 ELSE p.amount_minor END,
       coalesce(sum(l.amount_minor) FILTER (WHERE l.is_live), 0)
FROM commerce_payout p LEFT JOIN commerce_payoutline l ON l.payout_id = p.id
GROUP BY p.id HAVING coalesce(sum(l.amount_minor) FILTER (WHERE l.is_live), 0)
    <> CASE WHEN p.state = 'failed' THEN 0 ELSE p.amount_minor END
"""

# A debt ends by a write-off that two people signed, and by no journal without one.
WRITE_OFFS = """
WITH told AS (
    SELECT 'WRITE_OFF:' || w.id || ':1' AS key, k.kind, w.currency,
           CASE k.kind WHEN 'liab:payable' THEN w.user_id END AS user_id,
           CASE k.kind WHEN 'liab:payable' THEN -w.amount_minor ELSE w.amount_minor END
               AS expected, 0 AS found
    FROM commerce_writeoff w
    CROSS JOIN (VALUES ('liab:payable'), ('exp:clawback_loss')) AS k(kind)
    WHERE w.state = 'booked'
    UNION ALL
    SELECT j.key, a.kind, a.currency, a.user_id, 0, e.amount_minor
    FROM commerce_journal j
    JOIN commerce_entry e ON e.journal_id = j.id
    JOIN commerce_account a ON a.id = e.account_id
    WHERE j.kind = 'WRITE_OFF' AND j.statement_id IS NULL
)
SELECT key || ' in ' || kind, currency, sum(expected), sum(found)
FROM told GROUP BY key, kind, currency, user_id HAVING sum(expected) <> sum(found)
"""

# What came in is what an approved statement says, in cash and from the network; what a
# difference cost is what its lines say was written off.
STATEMENTS = """
WITH told AS (
    SELECT s.id, 'RECEIPT' AS kind, k.kind AS account, s.currency, k.sign * (
               SELECT coalesce(sum(l.pays_minor), 0) FROM commerce_statementline l
               WHERE l.statement_id = s.id AND l.is_counted)::bigint AS expected,
           0 AS found
    FROM commerce_statement s
    CROSS JOIN (VALUES ('asset:cash', 1), ('asset:receivable', -1)) AS k(kind, sign)
    WHERE s.state = 'approved'
    UNION ALL
    SELECT s.id, 'WRITE_OFF', k.kind, s.currency, k.sign * l.written_off_minor, 0
    FROM commerce_statementline l
    JOIN commerce_statement s ON s.id = l.statement_id
    CROSS JOIN (VALUES ('exp:clawback_loss', 1), ('asset:receivable', -1))
        AS k(kind, sign)
    WHERE l.written_off_minor <> 0
    UNION ALL
    SELECT j.statement_id, j.kind, a.kind, a.currency, 0, e.amount_minor
    FROM commerce_journal j
    JOIN commerce_entry e ON e.journal_id = j.id
    JOIN commerce_account a ON a.id = e.account_id
    WHERE j.statement_id IS NOT NULL OR j.kind = 'RECEIPT'
)
SELECT coalesce('statement ' || id, 'no statement') || ': ' || kind || ' in '
       || account, currency, sum(expected), sum(found)
FROM told GROUP BY id, kind, account, currency HAVING sum(expected) <> sum(found)
UNION ALL
SELECT 'receipt of statement ' || id, currency, lines_minor, receipt_minor
FROM commerce_statement WHERE state = 'approved' AND lines_minor <> receipt_minor
"""

CHECKS = {
    "trial balance": TRIAL_BALANCE,
    "journal sum": JOURNALS,
    "journal seal": SEALS,
    "account balance": BALANCES,
    "share sum": SHARES,
    "returned net": RETURNED,
    "state": STATES,
    "owner": OWNERS,
    "projection": PROJECTIONS,
    "payout": PAYOUTS,
    "payout lines": PAYOUT_LINES,
    "live lines": LIVE_LINES,
    "write-off": WRITE_OFFS,
    "statement": STATEMENTS,
}
