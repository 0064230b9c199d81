"""What is wrong with a row of a report, in words for whoever brought the file."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

EVENT_REUSED = "event_reused"

# By what readers and actions call it; all else is the name of a field.
_WORDS: dict[str, Promise | str] = {
    "columns": _("It has more cells than headings: a comma is not quoted."),
    "row": _("It is too large, or holds signs that are no text."),
    "negative": _("A sale cannot be negative; what is taken back has original: false."),
    "type": _("Its type must be order or refund."),
    EVENT_REUSED: _("Its event_id came before with another content."),
    "ledger_refused": _("The ledger does not take it. Ask whoever keeps the books."),
}


def refusal_shown(reason: str) -> str:
    if word := _WORDS.get(reason):
        return str(word)
    return gettext("“%(field)s” is missing or not in its form.") % {"field": reason}
