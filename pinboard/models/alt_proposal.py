from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pinboard.models.pin import Pin
from pinboard.models.proposal import Proposal, ProposalState, state_is_known

if TYPE_CHECKING:
    from pinboard.models.board import Viewer
    from users.models import User


class AltProposalQuerySet(models.QuerySet["AltProposal"]):
    def decidable_by(self, user: Viewer) -> Self:
        """Those for the pins that this person may edit."""
        return self.filter(pin__in=Pin.objects.editable_by(user))

    def waiting(self) -> Self:
        """Pictures that got words from elsewhere wait no longer."""
        return self.filter(state=ProposalState.WAITING, pin__alt="", by__is_active=True)

    def told_to(self, author: User) -> Self:
        """One's own, for the pins that one sees still."""
        own = self.filter(by=author, pin__in=Pin.objects.visible_to(author))
        return own.exclude(state=ProposalState.WITHDRAWN)


class AltProposal(Proposal):
    """What a picture shows, in the words of somebody who is not its pinner."""

    pin = models.ForeignKey(Pin, models.CASCADE, related_name="alt_proposals")
    text = models.CharField(_("what the picture shows"), max_length=500)

    objects = AltProposalQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["by", "-id"], name="alt_proposal_of_person"),
        ]
        constraints = [
            state_is_known("alt_proposal_state_is_known"),
            models.CheckConstraint(
                condition=~Q(text=""), name="alt_proposal_says_something"
            ),
            models.UniqueConstraint(
                fields=["pin", "by"],
                condition=Q(state="waiting"),
                name="one_waiting_alt_per_person",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]
