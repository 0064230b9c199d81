"""Bring our money to what an order line says, and what reviewers decide about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any  # rows of one value

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.actions.attributions import attribute, current_attribution, record
from commerce.actions.consequences import RETURNED, commission_in, follow, sync
from commerce.actions.dossiers import dossier_of, read_dossiers, write_dossiers
from commerce.actions.news import tell_approved
from commerce.actions.rights import why_not_decide, without_reason
from commerce.attribution import Decision, Owner
from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.figures import RECEIVED, SELF_PURCHASE, TermsAtOrder
from commerce.ledger.booking import book
from commerce.models import (
    Attribution,
    Commission,
    CommissionState,
    JournalKind,
    OrderLine,
    RiskCase,
    Role,
    StatementLine,
)
from users.models import User

S = CommissionState


@transaction.atomic
def sync_commission(
    *, line: OrderLine, event_at: datetime | None = None, by: User | None = None
) -> Commission:
    """Attribute the line if nobody has, then make commission, shares and ledger what
    the line says. Idempotent. Locks the line, then its commission."""
    line = _locked_line(line.pk)
    dossier = read_dossiers(line.network_id, [line.line_id])[line.line_id]
    dossier.line = line
    if dossier.commission:
        dossier.commission.line = line
    sync(dossier, terms=TermsAtOrder([line]), event_at=event_at, by=by)
    write_dossiers([dossier])
    return commission_in(dossier)


@transaction.atomic
def approve(*, commission: Commission, by: User) -> Commission:
    """Owe the shares for good: from `pending` to `payable`. Raises ApprovalRefused with
    the condition that does not hold, TransitionRefused if somebody was faster."""
    row, _attribution = locked(commission)
    if row.state != S.MATURING:
        raise TransitionRefused
    if reason := why_not_approve(row, by=by):
        raise ApprovalRefused(reason)
    row.approved_at = timezone.now()
    row.save(update_fields=["approved_at", "updated_at"])
    book(row, kind=JournalKind.MATURE, event_at=row.approved_at, by=by)
    row.move_to(S.PAYABLE, by=by)
    tell_approved(row)
    return row


@transaction.atomic
def reject(*, commission: Commission, by: User, reason: str) -> Commission:
    """Take it back, with a reason that the pinner reads. What was paid stays paid."""
    row, attribution = locked(commission)
    if refusal := _why_not_reject(row, by=by, reason=reason):
        raise ApprovalRefused(refusal)
    row.rejected_at = timezone.now()
    row.return_reason = reason.strip()[:300]
    bring(row, attribution, event_at=row.rejected_at, by=by, note=row.return_reason)
    return row


@transaction.atomic
def restore(*, commission: Commission, by: User, reason: str) -> Commission:
    """Undo a rejection, or the programme's own-purchase rule. What the network took
    back is not ours to give."""
    row, attribution = locked(commission)
    if row.state not in RETURNED:
        raise TransitionRefused
    if refusal := why_not_decide(row, by=by) or without_reason(reason):
        raise ApprovalRefused(refusal)
    row.rejected_at, row.return_reason = None, ""
    if attribution.reason == SELF_PURCHASE:
        attribution = record(
            row.line,
            Decision(
                attribution.basis,
                click_id=attribution.click_id,
                owner=owner_of(attribution),
                candidates=attribution.candidates,
            ),
            is_self=True,
            by=by,
        )
    bring(row, attribution, event_at=timezone.now(), by=by, note=reason.strip()[:300])
    if row.state in RETURNED:
        raise ApprovalRefused(_("The network took this back: nothing is left of it."))
    return row


def why_not_approve(commission: Commission, *, by: User) -> str:
    """The first condition that does not hold; empty if it may be approved."""
    if refusal := why_not_decide(commission, by=by):
        return refusal
    if commission.state != S.MATURING or commission.line.status not in RECEIVED:
        return _("It is not received, or was decided before.")
    if commission.hold_until and commission.hold_until > timezone.now():
        day = timezone.localtime(commission.hold_until)
        return _("Returns are possible until %(day)s.") % {"day": f"{day:%Y-%m-%d}"}
    if commission.hold_reasons:
        return _("It is on hold. Release it first.")
    if _is_looked_into(commission):
        return _("A case about its pinner is open. Decide that first.")
    if commission.line.network.sends_statements and not is_paid_for(commission):
        return _("No approved statement of its network pays for it yet.")
    return ""


def is_paid_for(commission: Commission) -> bool:
    return StatementLine.objects.paying_for(commission.line).exists()


def _is_looked_into(commission: Commission) -> bool:
    """It came after the case that holds the pinner's others. What a case held and a
    reviewer let go of may be approved."""
    cases = RiskCase.objects.filter(
        state=RiskCase.State.OPEN,
        person__shares__commission=commission,
        person__shares__role=Role.PINNER,
    )
    return cases.exclude(held__commission=commission).exists()


def locked(commission: Commission) -> tuple[Commission, Attribution]:
    """The row as it is now, and its attribution. Everybody locks the line first."""
    line = _locked_line(commission.line_id)
    row = Commission.objects.select_for_update().get(pk=commission.pk)
    row.line = line
    attribution = current_attribution(line) or attribute(line)
    return row, attribution


def lock_all(pks: Iterable[int] | QuerySet[Any, Any]) -> list[Commission]:
    """As `locked`, of many: all lines, then all commissions, each in the order of keys
    and before the first account. Who locks one after the other holds accounts that a
    page waits for, while it waits for a line of the page."""
    lines = OrderLine.objects.filter(commission__in=pks).order_by("pk")
    list(lines.select_for_update(of=("self",)).values_list("pk"))
    rows = Commission.objects.filter(pk__in=pks).order_by("pk")
    rows = rows.select_for_update(of=("self",)).select_related("line__network")
    return list(rows)


def owner_of(attribution: Attribution) -> Owner:
    return Owner(
        attribution.beneficiary_id,
        attribution.originator_id,
        attribution.beneficiary_is_originator,
    )


def bring(
    commission: Commission,
    attribution: Attribution,
    *,
    event_at: datetime | None = None,
    by: User | None = None,
    note: str = "",
) -> None:
    """Figures, shares, ledger, state. Expects line and commission locked."""
    dossier = dossier_of(commission, attribution)
    terms = TermsAtOrder([commission.line])
    follow(dossier, terms, event_at=event_at, by=by, note=note)
    write_dossiers([dossier])


def _locked_line(pk: int) -> OrderLine:
    return (
        OrderLine.objects.select_for_update(of=("self",))
        .select_related("programme__shop", "network", "product")
        .get(pk=pk)
    )


def _why_not_reject(commission: Commission, *, by: User, reason: str) -> str:
    if refusal := why_not_decide(commission, by=by) or without_reason(reason):
        return refusal
    if commission.state in RETURNED:
        return _("It is returned already.")
    if commission.state == S.PAID:
        return _("It is paid. Only the network can take it back now.")
    return ""
