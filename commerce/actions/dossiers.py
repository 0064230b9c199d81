"""All that is ours of order lines: read for many lines at once, worked on in memory,
and written in as many statements as there are tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from commerce.actions.news import tell_returned
from commerce.ledger.booking import Booked, Booking, booked_of, post_bookings
from commerce.models import (
    Attribution,
    Click,
    Commission,
    CommissionEvent,
    CommissionShare,
    Discrepancy,
    OrderLine,
)
from commerce.rows import M, Part, insert, select, select_one, update


@dataclass
class Dossier:
    """Of one line, whose row is locked, and its commission's."""

    line: OrderLine
    attribution: Attribution | None = None
    commission: Commission | None = None
    shares: list[CommissionShare] = field(default_factory=list)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    booked: Booked = field(default_factory=Booked)
    # What came of it since it was read.
    is_touched: bool = False
    events: list[CommissionEvent] = field(default_factory=list)
    changed_shares: dict[str, CommissionShare] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)  # each time, and why


def read_dossiers(lines: Iterable[OrderLine]) -> dict[int, Dossier]:
    """By line. Expects the lines locked; locks their commissions."""
    dossiers = {line.pk: Dossier(line) for line in lines}
    if not dossiers:
        return {}
    for commission, attribution, click in select(_PARTS, _COMMISSIONS, [[*dossiers]]):
        dossier = dossiers[commission.line_id]
        commission.line = dossier.line
        dossier.commission, dossier.attribution = commission, attribution
        if attribution:
            attribution.line, attribution.click = dossier.line, click
    read_beside(dossiers.values())
    return dossiers


def read_beside(dossiers: Iterable[Dossier]) -> None:
    """What stands beside commissions that are known and locked."""
    by_line = {dossier.line.pk: dossier for dossier in dossiers}
    rows = [dossier.commission for dossier in by_line.values() if dossier.commission]
    by_commission = {row.pk: by_line[row.line_id] for row in rows}
    if by_commission:
        tail = "FROM commerce_commissionshare x WHERE x.commission_id = ANY(%s)"
        for share in select_one(CommissionShare, tail, [[*by_commission]]):
            by_commission[share.commission_id].shares.append(share)
        for key, booked in booked_of(rows).items():
            by_commission[key].booked = booked
    tail = "FROM commerce_discrepancy x WHERE x.line_id = ANY(%s) ORDER BY x.id"
    for row in select_one(Discrepancy, tail, [[*by_line]]):
        if row.line_id is not None:
            by_line[row.line_id].discrepancies.append(row)


_PARTS = [Part("c", Commission), Part("a", Attribution), Part("click", Click)]
_COMMISSIONS = """
FROM commerce_commission c
LEFT JOIN commerce_attribution a ON a.line_id = c.line_id AND a.is_current
LEFT JOIN commerce_click click ON click.id = a.click_id
WHERE c.line_id = ANY(%s) ORDER BY c.id FOR UPDATE OF c
"""

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
    for dossier in touched:
        for reason in dossier.returned:
            if dossier.commission:
                tell_returned(dossier.commission, reason)


def _new(rows: Iterable[M]) -> list[M]:
    return [row for row in rows if row.pk is None]
