"""What is counted of everybody's clicks and orders, a statement for each question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection

from commerce.risk_rules import QUICK_S, Facts, Refunds

Rows = Iterator[tuple[Any, ...]]  # as many shapes as questions

CLICKS = """
SELECT beneficiary_id,
       count(*) FILTER (WHERE is_qualified),
       count(*) FILTER (WHERE is_qualified AND referer_host = ''),
       count(*) FILTER (WHERE reason = 'embed')
FROM commerce_click
WHERE occurred_at >= %s AND beneficiary_id IS NOT NULL
GROUP BY beneficiary_id
"""

A_MINUTE = """
SELECT beneficiary_id, max(clicks) FROM (
    SELECT beneficiary_id, count(*) AS clicks FROM commerce_click
    WHERE occurred_at >= %s AND beneficiary_id IS NOT NULL
      AND is_qualified AND ip_prefix <> ''
    GROUP BY beneficiary_id, link_id, ip_prefix, date_trunc('minute', occurred_at)
) AS minutes GROUP BY beneficiary_id
"""

# Browsers that clicked for three people or more, and did so again and again: a shopper
# who looks around clicks each of many once.
SHARED = """
WITH pairs AS (
    SELECT visitor_key, beneficiary_id, count(*) AS clicks FROM commerce_click
    WHERE occurred_at >= %s AND beneficiary_id IS NOT NULL AND visitor_key <> ''
    GROUP BY visitor_key, beneficiary_id HAVING count(*) >= 5
), shared AS (
    SELECT visitor_key FROM pairs GROUP BY visitor_key HAVING count(*) >= 3
)
SELECT beneficiary_id, count(*) FROM pairs JOIN shared USING (visitor_key)
GROUP BY beneficiary_id
"""

ORDERS = """
SELECT a.beneficiary_id,
       count(*),
       count(*) FILTER (WHERE l.created_at - c.occurred_at < %s * interval '1 second'
                          AND l.created_at >= c.occurred_at),
       count(*) FILTER (WHERE a.is_self_purchase)
FROM commerce_attribution a
JOIN commerce_orderline l ON l.id = a.line_id
LEFT JOIN commerce_click c ON c.id = a.click_id
WHERE a.is_current AND a.beneficiary_id IS NOT NULL AND l.created_at >= %s
GROUP BY a.beneficiary_id
"""

SAME_DELAY = """
SELECT beneficiary_id, max(orders) FROM (
    SELECT a.beneficiary_id, count(*) AS orders
    FROM commerce_attribution a
    JOIN commerce_orderline l ON l.id = a.line_id
    JOIN commerce_click c ON c.id = a.click_id
    WHERE a.is_current AND a.beneficiary_id IS NOT NULL AND l.created_at >= %s
    GROUP BY a.beneficiary_id,
             round(extract(epoch FROM l.created_at - c.occurred_at))
) AS delays GROUP BY beneficiary_id
"""

REFUNDS = """
SELECT a.beneficiary_id, l.programme_id, count(*),
       count(*) FILTER (WHERE l.refunded_minor > 0 OR l.status = 'invalid')
FROM commerce_attribution a JOIN commerce_orderline l ON l.id = a.line_id
WHERE a.is_current AND a.beneficiary_id IS NOT NULL AND l.created_at >= %s
GROUP BY a.beneficiary_id, l.programme_id
"""

PAID_ALIKE = """
SELECT one.user_id, count(*) FROM commerce_payoutaccount one
JOIN commerce_payoutaccount other
  ON other.number = one.number AND other.user_id <> one.user_id
GROUP BY one.user_id
"""

FORGED = """
SELECT n.code, count(*) FROM commerce_observation o
JOIN commerce_network n ON n.id = o.network_id
WHERE o.code = 'bad_ref' AND o.received_at >= %s GROUP BY n.code
"""


def facts_since(clicks: datetime, orders: datetime) -> dict[int, Facts]:
    """By person. Expects a snapshot: the questions are asked one after the other."""
    found: defaultdict[int, Facts] = defaultdict(Facts)

    def add(person: int, **counted: Any) -> None:  # fields of Facts
        found[person] = replace(found[person], **counted)

    for person, counted, bare, embedded in _rows(CLICKS, clicks):
        add(person, clicks=counted, without_referer=bare, embedded=embedded)
    for person, most in _rows(A_MINUTE, clicks):
        add(person, most_a_minute=most)
    for person, browsers in _rows(SHARED, clicks):
        add(person, shared_visitors=browsers)
    for person, counted, quick, own in _rows(ORDERS, QUICK_S, orders):
        add(person, orders=counted, quick_orders=quick, self_orders=own)
    for person, same in _rows(SAME_DELAY, orders):
        add(person, same_delay_orders=same)
    for person, programme, counted, refunded in _rows(REFUNDS, orders):
        rows = (*found[person].refunds, Refunds(programme, counted, refunded))
        add(person, refunds=rows)
    for person, others in _rows(PAID_ALIKE):
        add(person, paid_like=others)
    return dict(found)


def forged_since(moment: datetime) -> dict[str, int]:
    """How many orders named made-up clicks, by network."""
    return dict(_rows(FORGED, moment))


def _rows(sql: str, *values: datetime | int) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
