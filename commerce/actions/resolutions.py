"""What reviewers say of the lines in which a statement and our ledger differ.

Each says why, and each leaves what was before and what is after. Money is never edited:
the network's figure is taken over as a report, from which commission and ledger follow;
a difference that is given up is a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any  # what a line said before and after: of several types

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.holds import hold
from commerce.actions.orders import observe, was_booked
from commerce.actions.rights import why_not_decide
from commerce.actions.statements import locked
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import accounts, post
from commerce.models import (
    Account,
    Commission,
    HoldReason,
    Journal,
    JournalKind,
    LineResolution,
    Observation,
    OrderLine,
    ParkedObservation,
    Statement,
    StatementLine,
)
from commerce.money import money_shown
from commerce.networks.base import LineReport
from commerce.networks.statement_rows import payload_of
from commerce.reconciliation.matching import compare, recount
from commerce.reconciliation.reports import new_order, same_order
from users.models import User

LOSS = "site"  # the key of the one account of losses

Bucket = StatementLine.Bucket
Action = StatementLine.Resolution


@dataclass
class Deed:
    """One resolution on its way."""

    line: StatementLine
    commission: Commission | None
    by: User
    reason: str
    order_line_id: str = ""
    journal: Journal | None = None
    observation: Observation | None = None


def resolve_line(
    *,
    line: StatementLine,
    action: str,
    reason: str,
    by: User,
    version: int | None = None,
    order_line_id: str = "",
) -> StatementLine:
    """Raises ApprovalRefused with what stands against it, TransitionRefused where the
    line is not what was seen (`version`). Locks the statement, the line, its order."""
    with transaction.atomic():
        row = _resolve(
            line,
            action=action,
            reason=reason,
            by=by,
            version=version,
            order_line_id=order_line_id,
        )
        recount(row.statement)
    return row


def resolve_lines(
    *,
    statement: Statement,
    lines: Iterable[tuple[int, int | None]],
    action: str,
    reason: str,
    by: User,
) -> tuple[int, list[tuple[str, str]]]:
    """Lines by key and version, each by itself: one that is refused stops no other. How
    many were resolved, and of the others why not."""
    done, refused = 0, []
    for pk, version in lines:
        row = statement.lines.filter(pk=pk).first()
        if row is None:
            continue
        try:
            with transaction.atomic():
                _resolve(row, action=action, reason=reason, by=by, version=version)
            done += 1
        except (ApprovalRefused, TransitionRefused) as error:
            refused.append((row.line_id, str(error.for_user)))
    if done:  # once: it sums all lines; not where somebody has approved it since
        with suppress(TransitionRefused), transaction.atomic():
            recount(locked(statement, Statement.State.OPEN))
    return done, refused


def _resolve(
    line: StatementLine,
    *,
    action: str,
    reason: str,
    by: User,
    version: int | None,
    order_line_id: str = "",
) -> StatementLine:
    statement = locked(line.statement, Statement.State.OPEN)
    row = _locked_line(statement, line.pk)
    if not row.is_open or version not in (None, row.version):
        raise TransitionRefused
    deed = Deed(row, _commission_of(row), by, reason.strip()[:300], order_line_id)
    if refusal := _why_not_resolve(deed, action):
        raise ApprovalRefused(refusal)
    before = _said(row)
    _DEEDS[action](deed)
    row = _locked_line(statement, line.pk)
    _check(row, action)
    row.resolution = action
    row.version += 1
    row.save(update_fields=["resolution", "version"])
    LineResolution.objects.create(
        line=row,
        action=action,
        reason=deed.reason,
        before=before,
        after=_said(row),
        journal=deed.journal,
        observation=deed.observation,
        by=by,
    )
    return row


def _why_not_resolve(deed: Deed, action: str) -> str:
    if not deed.by.has_perm("commerce.change_statement"):
        return _("Only reviewers handle statements.")
    if action not in Action.values:
        return _("Choose what becomes of it.")
    if not deed.reason:
        return _("Give a reason. The other reviewer will read it.")
    if deed.commission:
        return why_not_decide(deed.commission, by=deed.by)
    return ""


# What each of them does ---------------------------------------------------------------


def _accept(deed: Deed) -> None:
    """The network's figure becomes a fact of the order, and the money follows."""
    line = deed.line
    if line.bucket in (Bucket.DUPLICATE, Bucket.CURRENCY):
        raise ApprovalRefused(_("There is no figure to take over: let ours stand."))
    if line.bucket == Bucket.REGRESSION:
        raise ApprovalRefused(_("A status never goes back: dispute it."))
    order = line.order_line
    total = line.delta_minor + _owed(deed.commission)
    if total < 0:
        raise ApprovalRefused(_("That would be less than nothing: dispute it."))
    if order is None:
        report = new_order(line, total_minor=total)
    else:
        report = same_order(line, order, total_minor=total, now=timezone.now())
    deed.observation = _observe(deed, report)
    if order is None:
        rows = OrderLine.objects.filter(network=line.statement.network_id)
        order = rows.get(line_id=line.line_id)
    _match(line, order)


def _observe(deed: Deed, report: LineReport) -> Observation:
    line = deed.line
    told = {
        "statement": line.statement_id,
        "row": line.line_no,
        "version": line.version,
        "by": deed.by.pk,
        "reason": deed.reason,
    }
    observation = observe(
        network=line.statement.network,
        source=Observation.Source.MANUAL,
        report=report,
        payload=payload_of(report, told=told),
        programme=line.order_line.programme if line.order_line else None,
    )
    if not was_booked(observation):
        raise ApprovalRefused(_("Our order does not take this figure: dispute it."))
    return observation


def _dispute(deed: Deed) -> None:
    """The network is asked. What it concerns is not approved meanwhile."""
    if deed.commission is not None:
        hold(
            commission=deed.commission,
            reason=HoldReason.DISPUTE,
            by=deed.by,
            note=deed.reason,
        )


def _write_off(deed: Deed) -> None:
    """Small differences, either way: what the network still owes is given up, or what
    it pays too much is kept."""
    line = deed.line
    if line.bucket == Bucket.CURRENCY:
        raise ApprovalRefused(_("Another currency is not written off: let ours stand."))
    limit = settings.STATEMENT_WRITE_OFF_MINOR
    if abs(line.delta_minor) > limit:
        most = money_shown(limit, line.currency, exact=True)
        raise ApprovalRefused(
            _("More than %(most)s is not written off for a line.") % {"most": most}
        )
    statement, number = line.statement, line.resolutions.count() + 1
    if line.delta_minor:
        network = statement.network.code
        loss, receivable = accounts(
            [
                (Account.Kind.CLAWBACK_LOSS, LOSS, None),
                (Account.Kind.RECEIVABLE, network, None),
            ],
            line.currency,
        )
        deed.journal = post(
            kind=JournalKind.WRITE_OFF,
            key=f"{JournalKind.WRITE_OFF}:statement-line-{line.pk}:{number}",
            entries=[(loss, -line.delta_minor), (receivable, line.delta_minor)],
            event_at=timezone.now(),
            statement=statement,
            by=deed.by,
            note=deed.reason,
        )
    line.written_off_minor -= line.delta_minor
    line.save(update_fields=["written_off_minor"])
    compare(statement, only=[line.pk])


def _link(deed: Deed) -> None:
    """The network names our order by another number."""
    line = deed.line
    if line.bucket != Bucket.MISSING_OURS:
        raise ApprovalRefused(_("It has an order already."))
    orders = OrderLine.objects.filter(network=line.statement.network_id)
    order = orders.filter(line_id=deed.order_line_id.strip()).first()
    if order is None:
        raise ApprovalRefused(_("This network has no order line of this number."))
    others = line.statement.lines.filter(order_line=order, line_no__isnull=False)
    if any(not _takes_back(line, other) for other in others):
        raise ApprovalRefused(_("Another line of this statement is about that order."))
    commission = Commission.objects.filter(line=order).first()
    if commission and (refusal := why_not_decide(commission, by=deed.by)):
        raise ApprovalRefused(refusal)
    line.is_linked, line.is_correction = True, bool(others)
    line.save(update_fields=["is_linked", "is_correction"])
    if line.observation_id:  # waits for an order of this number no longer
        waiting = ParkedObservation.objects.filter(observation=line.observation_id)
        waiting.update(resolved_at=timezone.now())
    _match(line, order)


def _takes_back(line: StatementLine, other: StatementLine) -> bool:
    """The network corrects a row by another one that goes the other way."""
    return line.pays_minor * other.pays_minor < 0


def _let_ours_stand(deed: Deed) -> None:
    """Where nothing is to be booked: the file's row is not counted, the status is no
    news, or the network is expected to pay with a later statement."""
    line = deed.line
    if line.bucket in (Bucket.DUPLICATE, Bucket.CURRENCY):
        line.is_counted = False
        line.save(update_fields=["is_counted"])
    elif line.delta_minor and line.bucket != Bucket.MISSING_THEIRS:
        raise ApprovalRefused(
            _("The amounts differ: accept the network's, dispute it or write it off.")
        )


_DEEDS: dict[str, Callable[[Deed], None]] = {
    Action.ACCEPT: _accept,
    Action.DISPUTE: _dispute,
    Action.WRITE_OFF: _write_off,
    Action.LINK: _link,
    Action.OURS: _let_ours_stand,
}


def _match(line: StatementLine, order: OrderLine) -> None:
    """The line is about this order, which then misses no line any more."""
    line.order_line = order
    line.save(update_fields=["order_line"])
    corrections = line.statement.lines.filter(is_correction=True, is_linked=False)
    corrections.filter(line_id=line.line_id).update(order_line=order)
    about = line.statement.lines.filter(order_line=order)
    compare(line.statement, only=list(about.values_list("pk", flat=True)))


def _check(line: StatementLine, action: str) -> None:
    """A figure that was taken over or given up leaves no difference."""
    if action in (Action.ACCEPT, Action.WRITE_OFF) and line.is_open:
        ours = money_shown(line.ours_minor, line.currency, exact=True)
        raise ApprovalRefused(
            _("It would still be %(ours)s with us, %(bucket)s: dispute it.")
            % {"ours": ours, "bucket": line.get_bucket_display()}
        )


# Rows ---------------------------------------------------------------------------------


def _locked_line(statement: Statement, pk: int) -> StatementLine:
    rows = StatementLine.objects.select_for_update(of=("self",))
    row = rows.select_related("order_line__programme").get(pk=pk, statement=statement)
    row.statement = statement
    return row


def _commission_of(line: StatementLine) -> Commission | None:
    if line.order_line_id is None:
        return None
    rows = Commission.objects.select_related("line__programme__shop")
    return rows.filter(line=line.order_line_id).first()


def _owed(commission: Commission | None) -> int:
    return commission.net_minor if commission and commission.is_accrued else 0


def _said(line: StatementLine) -> dict[str, Any]:
    return {
        "bucket": line.bucket,
        "ours_minor": line.ours_minor,
        "delta_minor": line.delta_minor,
        "written_off_minor": line.written_off_minor,
        "order_line": line.order_line_id,
        "resolution": line.resolution,
    }
