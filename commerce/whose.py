"""Whose an order is and why, in sentences, from what its decision looked at. Pure.

A pinner is told of pins as theirs or another's and of nobody by name; a shop is told
the pinner's name, a reviewer all names. The buyer is in none of it: the decision keeps
only which links were clicked and when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.click_words import (
    earlier_elsewhere,
    earlier_there,
    farther,
    later,
    others_refused,
    refused,
)
from commerce.models import Attribution, Basis

Candidate = Mapping[str, object]


class Role(StrEnum):
    PINNER = "pinner"
    RETAILER = "retailer"
    REVIEWER = "reviewer"


@dataclass(frozen=True)
class Reader:
    role: Role
    user_id: int | None = None  # whose pins are "yours"
    names: Mapping[int, str] = field(default_factory=dict)  # that they may know


def explain(attribution: Attribution, reader: Reader) -> list[str]:
    """The decision first, then why the other clicks lost, then why not the reader's.

    Reads the attribution's line, its programme and, where there is one, its click.
    """
    story = _Story(attribution, reader)
    return [*story.decision(), *story.others(), *story.why_not_you()]


def why_not(attribution: Attribution, user_id: int) -> list[str]:
    """Of an order that is not the reader's: what became of the clicks on their pins,
    and nothing of whose it is. Empty if it is theirs."""
    story = _Story(attribution, Reader(Role.PINNER, user_id=user_id))
    return list(story.why_not_you())


def people_in(attribution: Attribution) -> set[int]:
    """All whose links were looked at: names that a reviewer may want to read."""
    found = {attribution.beneficiary_id, attribution.originator_id}
    found |= {candidate["beneficiary_id"] for candidate in attribution.candidates}
    return {person for person in found if person is not None}


@dataclass(frozen=True)
class _Story:
    attribution: Attribution
    reader: Reader

    # The decision ---------------------------------------------------------------------

    def decision(self) -> Iterator[str]:
        row = self.attribution
        if row.basis == Basis.NONE:
            yield self._nobodys()
        elif row.basis == Basis.MANUAL:
            yield self._by_hand()
        elif row.basis == Basis.COUPON:
            yield _("The buyer used a coupon of %(whose)s.") % {"whose": self._whose}
        elif row.click_id is None:
            yield _(
                "The order names a link of %(whose)s; which click it was is not known."
            ) % {"whose": self._whose}
        else:
            yield self._clicked()
            yield self._how_found()
        yield from self._remarks()

    def _nobodys(self) -> str:
        days = self.attribution.line.programme.window_days
        told = {
            "bad_ref": _("The order names a click that never was: its mark is forged."),
            "unknown_ref": _("The order names a click that nobody knows."),
            "no_click": _("The order names a link, but no click of it counts."),
            "no_evidence": _("The order names neither a click nor a link."),
        }
        reason = self.attribution.reason
        if reason in told:
            return told[reason]
        (named, *_rest) = self.attribution.candidates or [{}]
        return refused(reason, self._age(named), days, pin=_("the pin"))

    def _by_hand(self) -> str:
        row = self.attribution
        if row.beneficiary_id is None:
            return _("Nobody claimed it in time: it is kept by Pinboard.")
        if self._is_you(row.beneficiary_id):
            return _("A reviewer decided by hand that it is yours.")
        if row.actor and self._is_reviewer:
            said = {"name": row.actor.username, "whose": self._whose}
            return _("%(name)s decided by hand that it belongs to %(whose)s.") % said
        return _("A reviewer decided by hand that it belongs to %(whose)s.") % {
            "whose": self._whose
        }

    def _clicked(self) -> str:
        age, days = self._age(self._winner), self.attribution.line.programme.window_days
        said = {"pin": self._pin, "age": age, "days": days}
        if self._is_after(self._winner):
            return _(
                "The buyer clicked %(pin)s; by the shop's clock, which may differ from"
                " ours by five minutes, the order was there first."
            ) % {"pin": self._pin}
        if self._distance(self._winner) >= timedelta(days=days):  # terms were changed
            return _("The buyer clicked %(pin)s %(age)s before the order.") % said
        return (
            ngettext(
                "The buyer clicked %(pin)s %(age)s before the order; the window is"
                " %(days)s day.",
                "The buyer clicked %(pin)s %(age)s before the order; the window is"
                " %(days)s days.",
                days,
            )
            % said
        )

    def _how_found(self) -> str:
        if self.attribution.basis == Basis.CLICK_REF:
            return _("The order names this very click, so no other can take its place.")
        if self.attribution.line.click_time:
            return _(
                "The order names the link and the time of the click; of its clicks this"
                " one is nearest to that time."
            )
        return _("The order names the link; its last click that counts is this one.")

    def _remarks(self) -> Iterator[str]:
        row = self.attribution
        if row.reason == "needs_review":
            yield _(
                "Clicks for two people are within seconds of each other, so a reviewer"
                " looks at it."
            )
        if row.reason == "self_purchase":
            yield _(
                "Buyer and pinner are the same, and this shop pays nothing for one's"
                " own purchases."
            )
        elif row.is_self_purchase and self._is_reviewer:
            yield _("Buyer and pinner may be the same: look at the marks of the click.")
        if row.beneficiary_is_originator and self._is_you(row.beneficiary_id):
            yield _("You pinned it first, so the first pinner's part is yours, too.")
        elif self._is_you(row.originator_id):
            yield _("You pinned it first, so a part of it is yours.")

    # The others -----------------------------------------------------------------------

    def others(self) -> Iterator[str]:
        if self.attribution.click_id is None:
            return
        lost = [c for c in self.attribution.candidates if c is not self._winner]
        refusals = Counter(str(c["refusal"]) for c in lost if c.get("refusal"))
        for reason, count in sorted(refusals.items()):
            yield others_refused(reason, count)
        good = [c for c in lost if not c.get("refusal")]
        if self.attribution.line.click_time:
            if good:
                yield farther(len(good))
            return
        after = [c for c in good if _at(c) > _at(self._winner)]
        earlier = Counter(
            "other"
            if c["beneficiary_id"] != self._winner.get("beneficiary_id")
            else "same"
            for c in good
            if _at(c) <= _at(self._winner)
        )
        if after:
            yield later(len(after))
        if earlier["other"]:
            yield earlier_elsewhere(earlier["other"])
        if earlier["same"]:
            yield earlier_there(earlier["same"])

    def why_not_you(self) -> Iterator[str]:
        row, you = self.attribution, self.reader.user_id
        if self.reader.role != Role.PINNER or you in (
            None,
            row.beneficiary_id,
            row.originator_id,
        ):
            return
        own = [
            c
            for c in row.candidates
            if you in (c.get("beneficiary_id"), c.get("originator_id"))
        ]
        if not own:
            yield _("No click on a pin of yours is known to belong to this order.")
            return
        best = max(own, key=lambda c: (not c.get("refusal"), _at(c)))
        if reason := str(best.get("refusal") or ""):
            days = row.line.programme.window_days
            yield refused(reason, self._age(best), days, pin=_("your pin"))
        elif row.basis == Basis.MANUAL:
            yield _(
                "A click on your pin was looked at; the reviewer decided otherwise."
            )
        else:
            yield _("A click on your pin was looked at, too; another one won.")

    # Words for the facts --------------------------------------------------------------

    @cached_property
    def _winner(self) -> Candidate:
        row = self.attribution
        for candidate in row.candidates:
            if candidate["id"] == row.click_id:
                found: Candidate = candidate
                return found
        at = row.click.occurred_at.isoformat() if row.click else ""
        return {"id": row.click_id, "occurred_at": at}

    @property
    def _is_reviewer(self) -> bool:
        return self.reader.role == Role.REVIEWER

    def _is_you(self, person: int | None) -> bool:
        return person is not None and person == self.reader.user_id

    @property
    def _pin(self) -> str:
        row = self.attribution
        if row.beneficiary_id is None:
            return _("the Buy button on the product's own page")
        if self._is_you(row.beneficiary_id):
            return _("your pin")
        if self._is_you(row.originator_id):
            return _("a copy of your pin")
        if name := self.reader.names.get(row.beneficiary_id):
            return _("a pin of %(name)s") % {"name": name}
        return _("another pin")

    @property
    def _whose(self) -> str:
        person = self.attribution.beneficiary_id
        if person is None:
            return _("Pinboard")
        if self._is_you(person):
            return _("yours")
        return self.reader.names.get(person) or _("somebody else")

    def _distance(self, candidate: Candidate) -> timedelta:
        return self.attribution.line.created_at - _at(candidate)

    def _is_after(self, candidate: Candidate) -> bool:
        return self._distance(candidate) < timedelta(0)

    def _age(self, candidate: Candidate) -> str:
        """2 days, 3 hours, 5 minutes."""
        if not candidate.get("occurred_at"):
            return ""
        if timedelta(0) <= self._distance(candidate) < timedelta(minutes=1):
            return _("less than a minute")
        at, ordered = _at(candidate), self.attribution.line.created_at
        return timesince(at, ordered, depth=1).replace("\xa0", " ")


def _at(candidate: Candidate) -> datetime:
    return datetime.fromisoformat(str(candidate["occurred_at"]))
