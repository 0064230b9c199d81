"""What can be wrong with a network's file."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from commerce.exceptions import CommerceError
from commerce.models import Statement


class FileUnfit(CommerceError):
    """`for_user` says what of it cannot be used."""

    code = "file_unfit"

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.for_user = reason


class RowUnreadable(FileUnfit):
    code = "row_unreadable"


class ColumnsUnfit(FileUnfit):
    """With these columns nothing can be read."""

    code = "columns_unfit"


class StatementKnown(CommerceError):
    """The same file of the same network is a statement already."""

    code = "statement_known"
    for_user = gettext_lazy("This file was uploaded before.")
    status = 409

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.sha256)
        self.statement = statement
