"""All that is ours of order lines: read for many lines at once, worked on in memory,
and written in as many statements as there are tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import prefetch_related_objects

from commerce.actions.news import news_of_return
from commerce.ledger.booking import Booked, Booking, booked_in, post_bookings
from commerce.models import (
    Attribution,
    Click,
    Commission,
    CommissionEvent,
    CommissionShare,
    Discrepancy,
    OrderLine,
    OrderRefund,
)
from commerce.rows import M, from_json, insert, update
from pinboard.actions.notifications import notify_of_news


@dataclass
class Dossier:
    """Of one line, whose row is locked, and its commission's."""

    line: OrderLine
    attribution: Attribution | None = None
    commission: Commission | None = None
    shares: list[CommissionShare] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    refunds: dict[str, OrderRefund] = field(default_factory=dict)
    booked: Booked = field(default_factory=Booked)
    # What came of it since it was read.
    is_touched: bool = False
    events: list[CommissionEvent] = field(default_factory=list)
    changed_shares: dict[str, CommissionShare] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)  # each time, and why


def read_dossiers(network_id: int, line_ids: Iterable[str]) -> dict[str, Dossier]:
    """Of those that there are, by the network's name of the line. Locks the lines, then
    their commissions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT commerce_lock_lines(%s, %s)", [network_id, list(line_ids)]
        )
        (found,) = cursor.fetchone()
    dossiers = {
        line.pk: Dossier(line) for line in from_json(OrderLine, found.get("lines"))
    }
    clicks = {row.pk: row for row in from_json(Click, found.get("clicks"))}
    for attribution in from_json(Attribution, found.get("attributions")):
        dossier = dossiers[attribution.line_id]
        dossier.attribution, attribution.line = attribution, dossier.line
        attribution.click = clicks.get(attribution.click_id or "")
    owners = {}
    for commission in from_json(Commission, found.get("commissions")):
        dossier = owners[commission.pk] = dossiers[commission.line_id]
        dossier.commission, commission.line = commission, dossier.line
    for share in from_json(CommissionShare, found.get("shares")):
        owners[share.commission_id].shares.append(share)
    for key, booked in booked_in(
        tuple(row.values()) for row in found.get("booked") or ()
    ).items():
        owners[key].booked = booked
    for row in from_json(Discrepancy, found.get("discrepancies")):
        if row.line_id is not None:
            dossiers[row.line_id].discrepancies.append(row)
    for refund in from_json(OrderRefund, found.get("refunds")):
        dossiers[refund.line_id].refunds[refund.refund_id] = refund
    return {dossier.line.line_id: dossier for dossier in dossiers.values()}


def dossier_of(
    commission: Commission, attribution: Attribution | None = None
) -> Dossier:
    """Of these very objects, whose rows the caller has locked."""
    line = commission.line
    dossier = read_dossiers(line.network_id, [line.line_id])[line.line_id]
    dossier.line, dossier.commission = line, commission
    dossier.attribution = attribution
    return dossier


# What `bring` may change.
_CHANGING = (
    *("state", "base_minor", "rate_bp", "full_gross_minor", "full_fee_minor"),
    *("gross_minor", "fee_minor", "net_minor", "is_accrued", "hold_until"),
    *("hold_reasons", "return_reason", "rejected_at", "version", "updated_at"),
)


def write_dossiers(dossiers: Iterable[Dossier]) -> None:
    """Write what came of them, post their journals, tell people what was returned."""
    touched = [dossier for dossier in dossiers if dossier.is_touched]
    commissions = [d.commission for d in touched if d.commission]
    insert(_new(d.attribution for d in touched if d.attribution))
    old = [row for row in commissions if row.pk is not None]
    insert(_new(commissions))
    update(old, _CHANGING)
    insert([event for d in touched for event in d.events])
    changed = [share for d in touched for share in d.changed_shares.values()]
    old_shares = [share for share in changed if share.pk is not None]
    insert(_new(share for d in touched for share in d.shares))
    update(old_shares, ("amount_minor",))
    insert(_new(row for d in touched for row in d.discrepancies))
    post_bookings([booking for d in touched for booking in d.bookings])
    if returned := [dossier for dossier in touched if dossier.returned]:
        _tell(returned)


def _tell(returned: Sequence[Dossier]) -> None:
    """People of what came back, each time that it did."""
    prefetch_related_objects([dossier.line for dossier in returned], "product")
    notify_of_news(
        news=[
            news
            for dossier in returned
            if dossier.commission
            for reason in dossier.returned
            for news in news_of_return(dossier.commission, reason, dossier.shares)
        ]
    )


def _new(rows: Iterable[M]) -> list[M]:
    return [row for row in rows if row.pk is None]
