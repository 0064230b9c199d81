"""What is counted of everybody's clicks and orders, a statement for each question.

What a reviewer has decided about is not counted again: of whom there was a case, only
what came since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection

from commerce.risk_rules import QUICK_S, SHARED_CLICKS, SHARED_PEOPLE, Facts, Refunds

Rows = Iterator[tuple[Any, ...]]  # as many shapes as questions

# Before each question; PostgreSQL leaves out what it does not ask for.
PRELUDE = """
WITH looked AS (
    SELECT person_id, max(decided_at) AS at FROM commerce_riskcase
    WHERE decided_at IS NOT NULL GROUP BY person_id
), clicks AS NOT MATERIALIZED (
    SELECT c.* FROM commerce_click c
    LEFT JOIN looked ON looked.person_id = c.beneficiary_id
    WHERE c.occurred_at >= %(clicks)s AND c.beneficiary_id IS NOT NULL
      AND c.occurred_at > coalesce(looked.at, '-infinity')
), orders AS NOT MATERIALIZED (
    SELECT a.beneficiary_id, a.is_self_purchase, l.id, l.programme_id,
           l.refunded_minor > 0 OR l.status = 'invalid' AS is_refunded,
           extract(epoch FROM l.created_at - c.occurred_at) AS delay_s
    FROM commerce_attribution a
    JOIN commerce_orderline l ON l.id = a.line_id
    LEFT JOIN commerce_click c ON c.id = a.click_id
    LEFT JOIN looked ON looked.person_id = a.beneficiary_id
    WHERE a.is_current AND a.beneficiary_id IS NOT NULL
      AND l.created_at >= %(orders)s
      AND l.created_at > coalesce(looked.at, '-infinity')
)"""

CLICKS = """
SELECT beneficiary_id,
       count(*) FILTER (WHERE is_qualified),
       count(*) FILTER (WHERE is_qualified AND referer_host = ''),
       count(*) FILTER (WHERE reason = 'embed')
FROM clicks GROUP BY beneficiary_id
"""

A_MINUTE = """
SELECT DISTINCT ON (beneficiary_id) beneficiary_id, count(*) AS clicks, link_id
FROM clicks WHERE is_qualified AND ip_prefix <> ''
GROUP BY beneficiary_id, link_id, ip_prefix, date_trunc('minute', occurred_at)
ORDER BY beneficiary_id, clicks DESC, link_id
"""

# That one of the people was looked at makes the browser no less shared for the others.
SHARED = """
, pairs AS (
    SELECT visitor_key, beneficiary_id, max(occurred_at) AS last FROM commerce_click
    WHERE occurred_at >= %(clicks)s AND beneficiary_id IS NOT NULL
      AND visitor_key <> ''
    GROUP BY visitor_key, beneficiary_id HAVING count(*) >= %(shared_clicks)s
), shared AS (
    SELECT visitor_key FROM pairs
    GROUP BY visitor_key HAVING count(*) >= %(shared_people)s
)
SELECT beneficiary_id, count(*) FROM pairs JOIN shared USING (visitor_key)
LEFT JOIN looked ON looked.person_id = beneficiary_id
WHERE last > coalesce(looked.at, '-infinity') GROUP BY beneficiary_id
"""

ORDERS = """
, told AS (
    SELECT *, delay_s >= 0 AND delay_s < %(quick_s)s AS is_quick FROM orders
)
SELECT beneficiary_id, count(*),
       count(*) FILTER (WHERE is_quick),
       (array_agg(id ORDER BY id DESC) FILTER (WHERE is_quick))[:5],
       count(*) FILTER (WHERE is_self_purchase),
       (array_agg(id ORDER BY id DESC) FILTER (WHERE is_self_purchase))[:5]
FROM told GROUP BY beneficiary_id
"""

SAME_DELAY = """
SELECT DISTINCT ON (beneficiary_id) beneficiary_id, count(*) AS alike,
       round(delay_s)::int, (array_agg(id ORDER BY id DESC))[:5]
FROM orders WHERE delay_s IS NOT NULL GROUP BY beneficiary_id, round(delay_s)
ORDER BY beneficiary_id, alike DESC, round(delay_s)
"""

REFUNDS = """
SELECT beneficiary_id, programme_id, count(*), count(*) FILTER (WHERE is_refunded),
       (array_agg(id ORDER BY id DESC) FILTER (WHERE is_refunded))[:5]
FROM orders GROUP BY beneficiary_id, programme_id
"""

PAID_ALIKE = """
SELECT one.user_id, count(*) FROM commerce_payoutaccount one
JOIN commerce_payoutaccount other
  ON other.number = one.number AND other.user_id <> one.user_id
LEFT JOIN looked ON looked.person_id = one.user_id
WHERE greatest(one.updated_at, other.updated_at) > coalesce(looked.at, '-infinity')
GROUP BY one.user_id
"""

FORGED = """
SELECT n.code, count(*) FROM commerce_observation o
JOIN commerce_network n ON n.id = o.network_id
WHERE o.code = 'bad_ref' AND o.received_at >= %(since)s GROUP BY n.code
"""


def facts_since(clicks: datetime, orders: datetime) -> dict[int, Facts]:
    """By person. Expects a snapshot: the questions are asked one after the other."""
    found: defaultdict[int, Facts] = defaultdict(Facts)
    values = {
        "clicks": clicks,
        "orders": orders,
        "quick_s": QUICK_S,
        "shared_clicks": SHARED_CLICKS,
        "shared_people": SHARED_PEOPLE,
    }

    def ask(question: str) -> Rows:
        return _rows(PRELUDE + question, values)

    def add(person: int, **counted: Any) -> None:  # fields of Facts
        found[person] = replace(found[person], **counted)

    for person, counted, bare, embedded in ask(CLICKS):
        add(person, clicks=counted, without_referer=bare, embedded=embedded)
    for person, most, link in ask(A_MINUTE):
        add(person, most_a_minute=most, busiest_link=link)
    for person, browsers in ask(SHARED):
        add(person, shared_visitors=browsers)
    for person, counted, quick, quick_lines, own, own_lines in ask(ORDERS):
        add(person, orders=counted)
        add(person, quick_orders=quick, quick_lines=tuple(quick_lines or ()))
        add(person, self_orders=own, self_lines=tuple(own_lines or ()))
    for person, alike, seconds, lines in ask(SAME_DELAY):
        add(person, same_delay_orders=alike, same_delay_s=seconds)
        add(person, same_delay_lines=tuple(lines))
    for person, programme, counted, refunded, lines in ask(REFUNDS):
        row = Refunds(programme, counted, refunded, tuple(lines or ()))
        add(person, refunds=(*found[person].refunds, row))
    for person, others in ask(PAID_ALIKE):
        add(person, paid_like=others)
    return dict(found)


def forged_since(moment: datetime) -> dict[str, int]:
    """How many orders named made-up clicks, by network."""
    return dict(_rows(FORGED, {"since": moment}))


def _rows(sql: str, values: dict[str, Any]) -> Rows:  # Any: moments and thresholds
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
