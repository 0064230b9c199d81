"""Why a click that was looked at did not win, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def refused(reason: str, age: str, days: int, *, pin: str) -> str:
    said = {"pin": pin, "age": age, "days": days}
    if reason == "expired":
        return (
            ngettext(
                "The buyer clicked %(pin)s %(age)s before the order, and the window is"
                " %(days)s day: the click was too old.",
                "The buyer clicked %(pin)s %(age)s before the order, and the window is"
                " %(days)s days: the click was too old.",
                days,
            )
            % said
        )
    told = {
        "unqualified": _(
            "The click on %(pin)s does not count: it was a machine's, a preview's, or"
            " came after the order."
        ),
        "link_disabled": _("The link of %(pin)s was switched off before the click."),
        "other_programme": _("The click on %(pin)s led to another shop's programme."),
    }
    return told.get(reason, _("The click on %(pin)s does not count.")) % said


def others_refused(reason: str, count: int) -> str:
    told = {
        "expired": ngettext(
            "%(n)s other click was older than the window.",
            "%(n)s other clicks were older than the window.",
            count,
        ),
        "unqualified": ngettext(
            "%(n)s other click did not count: it was a machine's or a preview's.",
            "%(n)s other clicks did not count: they were machines' or previews'.",
            count,
        ),
    }
    other = ngettext(
        "%(n)s other click did not count.", "%(n)s other clicks did not count.", count
    )
    return told.get(reason, other) % {"n": count}


def earlier_elsewhere(count: int) -> str:
    return ngettext(
        "%(n)s earlier click on another pin lost: the last click counts.",
        "%(n)s earlier clicks on other pins lost: the last click counts.",
        count,
    ) % {"n": count}


def earlier_there(count: int) -> str:
    return ngettext(
        "%(n)s earlier click on the same link changes nothing.",
        "%(n)s earlier clicks on the same link change nothing.",
        count,
    ) % {"n": count}


def later(count: int) -> str:
    return ngettext(
        "%(n)s later click lost: this one led to what was bought.",
        "%(n)s later clicks lost: this one led to what was bought.",
        count,
    ) % {"n": count}


def farther(count: int) -> str:
    return ngettext(
        "%(n)s other click is farther from that time.",
        "%(n)s other clicks are farther from that time.",
        count,
    ) % {"n": count}
