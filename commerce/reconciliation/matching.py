"""A statement's lines beside our ledger: which agree, and how the others differ.

A few statements of SQL, however many lines there are, and the same again at any time: a
line is compared with what is owed for its order now. That is its commission as booked,
less what other statements of the network paid or what was written off: those that are
approved, and of the others those that were uploaded before. So an order that is paid
twice differs, and one that is taken back a month later agrees. Where the same file
takes back some of what an earlier row pays, that row is compared together with it.

What a reviewer said of a difference holds as long as it is that difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # what a statement of SQL is given

from django.conf import settings
from django.db import connection
from django.utils import timezone

from commerce.models import OrderStatus, Statement, StatementLine
from commerce.reconciliation.months import bounds

PATIENCE_S = 40  # a task has no more


def match(statement: Statement) -> None:
    """Find our order of each line, and ours that no line is about; then compare.
    Expects the statement locked."""
    start, end = bounds(statement.month)
    named = _names(statement) | {"start": start, "end": end}
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'")
        cursor.execute(_FIND, named)
        cursor.execute(_CORRECT, named)
        cursor.execute(_MISSING, named)
    compare(statement)
    recount(statement)


def compare(statement: Statement, *, only: Sequence[int] | None = None) -> None:
    """What each line, or these lines, differ by now. Expects the statement locked, and
    a `recount` afterwards."""
    only_sql = "" if only is None else "AND s.id = ANY(%(only)s)"
    named = _names(statement) | {"only": list(only or ())}
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE.replace("/* only */", only_sql), named)


def recount(statement: Statement) -> None:
    """The figures that lists of statements show."""
    statement.open_count = statement.lines.open().count()
    with connection.cursor() as cursor:
        cursor.execute(_SUM, {"statement": statement.pk})
        (statement.lines_minor,) = cursor.fetchone()
    statement.matched_at = timezone.now()
    statement.version += 1
    statement.save(update_fields=["open_count", "lines_minor", "matched_at", "version"])


def _names(statement: Statement) -> dict[str, Any]:
    return {
        "statement": statement.pk,
        "network": statement.network_id,
        "currency": statement.currency,
        "tolerance": settings.STATEMENT_TOLERANCE_MINOR,
    }


# An approved one counts whenever it was uploaded: what is a preview still, or is told
# again in another file, must not be received twice.
_COUNTS_BEFORE = (
    "(bs.state = 'approved' AND bs.id <> {this}"
    " OR bs.id < {this} AND bs.state NOT IN ('draft', 'cancelled'))"
)

# The first row of a line's number is the line; those after it are told of as twice.
_FIND = """
WITH told AS (
    SELECT id, line_id, row_number() OVER (PARTITION BY line_id ORDER BY line_no) AS nth
    FROM commerce_statementline
    WHERE statement_id = %(statement)s AND line_no IS NOT NULL
), found AS (
    SELECT told.id, o.id AS order_line_id
    FROM told JOIN commerce_orderline o
        ON o.network_id = %(network)s AND o.line_id = told.line_id
    WHERE told.nth = 1
)
UPDATE commerce_statementline s SET order_line_id = found.order_line_id
FROM found
WHERE s.id = found.id AND NOT s.is_linked
  AND s.order_line_id IS DISTINCT FROM found.order_line_id
  AND NOT EXISTS (
      SELECT FROM commerce_statementline linked
      WHERE linked.statement_id = %(statement)s AND linked.is_linked
        AND linked.order_line_id = found.order_line_id AND NOT linked.is_correction)
"""

# A second row of a number that goes the other way is no repetition. The same figure
# once more may be one.
_CORRECT = """
WITH told AS (
    SELECT id, pays_minor, currency, row_number() OVER alike AS nth,
        first_value(pays_minor) OVER named AS first_minor,
        first_value(currency) OVER named AS first_currency,
        first_value(order_line_id) OVER named AS order_line_id
    FROM commerce_statementline
    WHERE statement_id = %(statement)s AND line_no IS NOT NULL AND line_id IN (
        SELECT line_id FROM commerce_statementline
        WHERE statement_id = %(statement)s AND pays_minor < 0)
    WINDOW named AS (PARTITION BY line_id ORDER BY line_no),
        alike AS (PARTITION BY line_id, pays_minor ORDER BY line_no)
)
UPDATE commerce_statementline s
SET is_correction = true, order_line_id = told.order_line_id
FROM told
WHERE s.id = told.id AND NOT s.is_linked AND told.nth = 1
  AND told.currency = told.first_currency AND told.pays_minor <> 0
  AND (told.pays_minor < 0) <> (told.first_minor < 0)
  AND (s.is_correction, s.order_line_id)
      IS DISTINCT FROM (true, told.order_line_id)
"""

# What was received or settled in the month and is still owed; and of earlier months
# what approved statements paid otherwise than it is booked by now: an order that they
# did not have, one that was disputed, one that came back after it was paid.
_MISSING = f"""
WITH paid AS (
    SELECT b.order_line_id, bool_or(bs.state = 'approved') AS is_approved,
        sum(b.pays_minor * b.is_counted::int + b.written_off_minor) AS minor
    FROM commerce_statementline b JOIN commerce_statement bs ON bs.id = b.statement_id
    WHERE bs.network_id = %(network)s AND b.order_line_id IS NOT NULL
      AND {_COUNTS_BEFORE.format(this="%(statement)s")}
    GROUP BY b.order_line_id
)
INSERT INTO commerce_statementline (
    statement_id, line_id, order_id, status, currency, fee_minor, tech_fee_minor,
    pays_minor, raw, bucket, order_line_id, is_linked, is_counted, ours_minor,
    delta_minor, written_off_minor, resolution, outcome, outcome_note, version)
SELECT %(statement)s, o.line_id, o.order_id, o.status, o.currency, 0, 0, 0, '{{}}',
    'missing_theirs', o.id, false, false, c.net_minor - coalesce(paid.minor, 0),
    coalesce(paid.minor, 0) - c.net_minor, 0, '', '', '', 1
FROM commerce_orderline o
JOIN commerce_commission c ON c.line_id = o.id
LEFT JOIN paid ON paid.order_line_id = o.id
WHERE o.network_id = %(network)s AND c.is_accrued AND o.currency = %(currency)s
  AND abs(c.net_minor - coalesce(paid.minor, 0)) > %(tolerance)s
  AND (coalesce(o.settled_at, o.received_at) >= %(start)s
       AND coalesce(o.settled_at, o.received_at) < %(end)s
       OR coalesce(paid.is_approved, false))
  AND NOT EXISTS (
      SELECT FROM commerce_statementline s
      WHERE s.statement_id = %(statement)s AND s.order_line_id = o.id)
"""  # noqa: S608  our own words

_RANK = " ".join(f"WHEN '{s.value}' THEN {s.rank}" for s in OrderStatus)
_B = StatementLine.Bucket

# Of our side `owed` is what the ledger has as receivable for the order line; nothing is
# owed for what the file has twice, nor in another currency than ours.
_COMPARE = f"""
WITH corrected AS (
    SELECT coalesce('order ' || order_line_id, line_id) AS whose,
        sum(pays_minor) AS minor,
        (array_agg(status ORDER BY line_no DESC) FILTER (WHERE status <> ''))[1]
            AS status
    FROM commerce_statementline
    WHERE statement_id = %(statement)s AND is_correction
    GROUP BY whose
), told AS (
    SELECT s.*, o.currency AS our_currency, o.status AS our_status,
        CASE WHEN s.line_no IS NULL THEN 0 ELSE coalesce(corrected.minor, 0) END
            AS corrected_minor,
        coalesce(corrected.status, s.status) AS last_status,
        s.line_no IS NOT NULL AND NOT s.is_correction AND EXISTS (
            SELECT FROM commerce_statementline f
            WHERE f.statement_id = s.statement_id AND f.line_id = s.line_id
              AND f.line_no < s.line_no) AS is_second,
        s.line_no IS NULL AND EXISTS (
            SELECT FROM commerce_statementline f
            WHERE f.statement_id = s.statement_id AND f.order_line_id = s.order_line_id
              AND f.line_no IS NOT NULL) AS is_there,
        CASE WHEN c.is_accrued THEN c.net_minor ELSE 0 END - coalesce((
            SELECT sum(b.pays_minor * b.is_counted::int + b.written_off_minor)
            FROM commerce_statementline b
            JOIN commerce_statement bs ON bs.id = b.statement_id
            WHERE b.order_line_id = s.order_line_id
              AND {_COUNTS_BEFORE.format(this="s.statement_id")}), 0) AS owed
    FROM commerce_statementline s
    LEFT JOIN commerce_orderline o ON o.id = s.order_line_id
    LEFT JOIN commerce_commission c ON c.line_id = o.id
    LEFT JOIN corrected
        ON corrected.whose = coalesce('order ' || s.order_line_id, s.line_id)
    WHERE s.statement_id = %(statement)s /* only */
), reckoned AS (
    SELECT *,
        currency <> %(currency)s OR currency <> our_currency AS is_foreign,
        CASE WHEN is_correction THEN pays_minor
             WHEN is_second OR is_there THEN 0
             WHEN order_line_id IS NULL OR currency <> our_currency
                 THEN -corrected_minor
             ELSE owed - corrected_minor END - written_off_minor AS ours,
        CASE last_status {_RANK} END AS rank, CASE our_status {_RANK} END AS our_rank
    FROM told
), judged AS (
    SELECT id, ours, CASE
        WHEN is_second AND pays_minor <> ours THEN '{_B.DUPLICATE}'
        WHEN is_foreign THEN '{_B.CURRENCY}'
        WHEN is_correction THEN '{_B.EXACT}'
        WHEN line_no IS NULL AND abs(ours) > %(tolerance)s THEN '{_B.MISSING_THEIRS}'
        WHEN line_no IS NULL THEN '{_B.EXACT}'
        WHEN is_second OR order_line_id IS NULL THEN
            CASE WHEN pays_minor = ours THEN '{_B.EXACT}' ELSE '{_B.MISSING_OURS}' END
        WHEN rank < our_rank AND (pays_minor, ours) <> (0, 0) THEN '{_B.REGRESSION}'
        WHEN rank > our_rank THEN '{_B.STATUS}'
        WHEN abs(pays_minor - ours) > %(tolerance)s THEN '{_B.AMOUNT}'
        ELSE '{_B.EXACT}' END AS bucket
    FROM reckoned
)
UPDATE commerce_statementline s SET
    bucket = judged.bucket, ours_minor = judged.ours,
    delta_minor = s.pays_minor - judged.ours, version = s.version + 1,
    is_counted = s.line_no IS NOT NULL AND s.currency = %(currency)s
        AND NOT (judged.bucket = '{_B.DUPLICATE}' AND s.resolution = 'ours'),
    resolution = CASE
        WHEN s.resolution IN ('dispute', 'ours') AND s.bucket <> ''
             AND (s.bucket, s.ours_minor) IS DISTINCT FROM (judged.bucket, judged.ours)
        THEN '' ELSE s.resolution END
FROM judged
WHERE s.id = judged.id
  AND (s.bucket, s.ours_minor) IS DISTINCT FROM (judged.bucket, judged.ours)
"""  # noqa: S608  our own words

_SUM = """
SELECT coalesce(sum(pays_minor) FILTER (WHERE is_counted), 0)::bigint
FROM commerce_statementline WHERE statement_id = %(statement)s
"""
