"""A network's statement from its file to the second pair of eyes.

Nothing but the file is kept until its uploader confirms how it is to be read. Then a
worker reads and compares its lines; reviewers say what becomes of the differences; and
once the lines, the network's total and the bank's receipt are one sum, another reviewer
than the importer approves.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import date

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.exceptions import ApprovalRefused, TransitionRefused
from commerce.ledger import accounts, post
from commerce.models import (
    Account,
    JournalKind,
    LineResolution,
    Network,
    Statement,
    StatementFile,
)
from commerce.networks.tables import Table, read_table
from commerce.reconciliation.columns import FIELDS, NEEDED, remembered
from commerce.reconciliation.exceptions import ColumnsUnfit, StatementKnown
from commerce.reconciliation.matching import match
from commerce.reconciliation.preview import is_readable
from commerce.reconciliation.summary import gates_of
from users.models import User

BANK = "bank"  # the key of the one cash account

State = Statement.State


@transaction.atomic
def upload_statement(
    *,
    network: Network,
    month: date,
    currency: str,
    name: str,
    content: bytes,
    by: User,
) -> Statement:
    """Keep the file for its preview. Raises FileUnreadable, StatementKnown."""
    _require(by, "commerce.add_statement")
    read_table(content)
    draft = Statement(
        network=network,
        month=month.replace(day=1),
        currency=currency,
        name=name.replace("\0", "")[-120:],
        sha256=hashlib.sha256(content).hexdigest(),
        imported_by=by,
    )
    try:
        with transaction.atomic():
            draft.save()
    except IntegrityError as error:
        known = network.statements.exclude(state=State.CANCELLED)
        raise StatementKnown(known.get(sha256=draft.sha256)) from error
    StatementFile.objects.create(statement=draft, content=zlib.compress(content, 6))
    return draft


def table_of(statement: Statement) -> Table:
    return read_table(zlib.decompress(statement.file.content))


@transaction.atomic
def confirm_statement(
    *,
    statement: Statement,
    columns: dict[str, int],
    declared_minor: int | None,
    receipt_minor: int | None,
    by: User,
) -> Statement:
    """By its uploader. From here on a worker reads it, by these columns, which are the
    network's until somebody chooses others. Raises ColumnsUnfit."""
    row = locked(statement, State.DRAFT)
    _require_importer(row, by)
    table = table_of(row)
    for name in NEEDED:
        if name not in columns:
            told = _("Choose the column for: %(field)s.") % {"field": FIELDS[name]}
            raise ColumnsUnfit(told)
    if not is_readable(row, table, columns):
        raise ColumnsUnfit(_("With these columns no row can be read."))
    row.columns, row.row_count = columns, table.row_count
    row.declared_minor, row.receipt_minor = declared_minor, receipt_minor
    row.state, row.imported_at = State.MATCHING, timezone.now()
    row.version += 1
    row.save()
    Network.objects.filter(pk=row.network_id).update(
        statement_columns=remembered(table.header, columns)
    )
    return row


@transaction.atomic
def discard_statement(*, statement: Statement, by: User) -> None:
    """Throw a preview away: nothing was written but the file."""
    row = locked(statement, State.DRAFT)
    _require_importer(row, by)
    row.file.delete()
    row.delete()


@transaction.atomic
def set_totals(
    *,
    statement: Statement,
    declared_minor: int | None,
    receipt_minor: int | None,
    by: User,
) -> Statement:
    """By the importer alone: who approves compares them, and did not type them."""
    row = locked(statement, State.MATCHING, State.OPEN)
    _require_importer(row, by)
    row.declared_minor, row.receipt_minor = declared_minor, receipt_minor
    row.version += 1
    row.save(update_fields=["declared_minor", "receipt_minor", "version"])
    return row


@transaction.atomic
def compare_again(*, statement: Statement, by: User) -> Statement:
    """With what our ledger says by now."""
    _require(by, "commerce.change_statement")
    row = locked(statement, State.OPEN)
    match(row)
    return row


@transaction.atomic
def cancel_statement(*, statement: Statement, by: User) -> Statement:
    """As long as nobody has said anything about its lines. The file may come again."""
    _require(by, "commerce.change_statement")
    row = locked(statement, State.MATCHING, State.OPEN)
    if LineResolution.objects.filter(line__statement=row).exists():
        raise ApprovalRefused(
            _("Differences of it were resolved: it is to be approved now.")
        )
    row.state = State.CANCELLED
    row.version += 1
    row.save(update_fields=["state", "version"])
    return row


def approve_statement(
    *, statement: Statement, by: User, version: int | None = None
) -> Statement:
    """The second pair of eyes: the network's money is in the bank. Its commissions are
    approved after that (commerce.actions.statement_approvals). Locks the network's
    statements, this one, then accounts.

    The lines are compared once more before, for what refunds and others changed since.
    Raises TransitionRefused where it is not what was seen (`version`): four eyes see
    the same totals and resolutions.
    """
    row, refusal = _compare_and_approve(statement, by, version)
    if refusal:  # the comparison stays: it shows that there is more to be resolved
        raise ApprovalRefused(refusal)
    return row


@transaction.atomic
def _compare_and_approve(
    statement: Statement, by: User, version: int | None
) -> tuple[Statement, str]:
    """The statement as it is now, and why it is not approved. In one transaction: what
    is compared here is compared with what other files of the network are paid for."""
    _claim_turn(statement.network_id)
    row = locked(statement, State.OPEN)
    if version not in (None, row.version):
        raise TransitionRefused
    if refusal := why_not_sign(row, by=by):
        raise ApprovalRefused(refusal)
    match(row)
    refusal = why_not_approve_statement(row, by=by)
    if not refusal:
        _approve(row, by)
    return row, refusal


def _claim_turn(network_pk: int) -> None:
    """Two files may be about the same orders, and be approved at the same moment. The
    second one is refused rather than kept waiting for the comparison of the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"statements:{network_pk}"],
        )
        (is_ours,) = cursor.fetchone()
    if not is_ours:
        raise ApprovalRefused(
            _("Another statement of this network is just being approved. Try again.")
        )


def _approve(row: Statement, by: User) -> None:
    row.state, row.approved_by = State.APPROVED, by
    row.approved_at = timezone.now()
    row.version += 1
    row.save(update_fields=["state", "approved_by", "approved_at", "version"])
    if row.receipt_minor:
        cash, receivable = accounts(
            [
                (Account.Kind.CASH, BANK, None),
                (Account.Kind.RECEIVABLE, row.network.code, None),
            ],
            row.currency,
        )
        post(
            kind=JournalKind.RECEIPT,
            key=f"{JournalKind.RECEIPT}:{row.pk}:1",
            entries=[(cash, row.receipt_minor), (receivable, -row.receipt_minor)],
            event_at=row.approved_at,
            statement=row,
            by=by,
            note=f"{row.network.name} {row.month:%Y-%m}",
        )


def why_not_sign(statement: Statement, *, by: User) -> str:
    """What stands against this person, whatever the lines say; else empty."""
    if not by.has_perm("commerce.approve_statement"):
        return _("Only reviewers approve statements.")
    if statement.imported_by_id == by.pk:
        return _("You imported it. Another reviewer must approve it.")
    return ""


def why_not_approve_statement(statement: Statement, *, by: User) -> str:
    """The first condition that does not hold; empty if it may be approved."""
    if refusal := why_not_sign(statement, by=by):
        return refusal
    failed = (gate.told for gate in gates_of(statement) if not gate.is_met)
    return next(failed, "")


def locked(statement: Statement, *states: str) -> Statement:
    """The row as it is now. Everybody locks it before its lines."""
    rows = Statement.objects.select_for_update(of=("self",)).select_related("network")
    row = rows.filter(pk=statement.pk).first()
    if row is None or row.state not in states:
        raise TransitionRefused
    return row


def _require(by: User, permission: str) -> None:
    if not by.has_perm(permission):
        raise ApprovalRefused(_("Only reviewers handle statements."))


def _require_importer(statement: Statement, by: User) -> None:
    _require(by, "commerce.add_statement")
    if statement.imported_by_id != by.pk:
        raise ApprovalRefused(_("Only who uploaded it does this."))
