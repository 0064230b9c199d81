"""What can go wrong with money and networks, by whose turn it is."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class CommerceError(Exception):
    code = "refused"
    for_user: str | Promise = _("That is not possible.")
    status = 422


class MalformedAmount(CommerceError):
    code = "malformed_amount"
    for_user = _("Write the amount like 199.00.")
    status = 400


class TransitionRefused(CommerceError):
    """The row is no longer in a state from which this move is allowed."""

    code = "transition_refused"
    for_user = _("Somebody else was faster, or this is not possible any more.")
    status = 409


class ApprovalRefused(CommerceError):
    """`for_user` says which condition of an approval does not hold yet."""

    code = "approval_refused"

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.for_user = reason


class ClaimRefused(CommerceError):
    """An order that this person cannot claim, or not again; `for_user` says why."""

    code = "claim_refused"

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.for_user = reason


class FileUnreadable(CommerceError):
    """A file of which nothing can be used; `for_user` says what to do about it."""

    code = "file_unreadable"

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.for_user = reason


class NetworkError(CommerceError):
    """A network answered wrongly or not at all; `retry` says whether to ask again.

    `retry_after_s` is the ban it named, in seconds, or None.
    """

    code = "network_error"

    def __init__(
        self,
        text: str,
        *,
        retry: bool,
        code: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(text)
        self.retry, self.retry_after_s = retry, retry_after_s
        self.network_code = code


class NoticeRefused(CommerceError):
    """A postback that books nothing. `status` is what its sender is answered."""

    code = "malformed"
    status = 400


class MalformedNotice(NoticeRefused):
    """The field that the contract does not allow is named: shops debug with it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class NoticeTooLarge(NoticeRefused):
    code = "too_large"
    status = 413


class NoticeNotJson(NoticeRefused):
    code = "unsupported_media_type"
    status = 415


class SignatureRefused(NoticeRefused):
    """Not signed by a live key of this programme, or not within the last minutes."""

    code = "signature"
    status = 401


class EventReused(NoticeRefused):
    """The id of an earlier notice with another content: one of them is wrong."""

    code = "event_reused"
    status = 409


class LedgerRefused(CommerceError):
    """A journal that would not balance or that stands in a closed period."""

    code = "ledger_refused"
    status = 409
