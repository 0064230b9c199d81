"""What suggestions for boards and descriptions of pictures have in common: somebody
proposes, somebody else decides, and each may be taken back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ProposalState(models.TextChoices):
    WAITING = "waiting", _("waiting for an answer")
    TAKEN = "taken", _("taken")
    DECLINED = "declined", _("not taken")
    WITHDRAWN = "withdrawn", _("taken back")


class Proposal(models.Model):
    # Null where an account was closed: what came of it stays, the name does not.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(
        max_length=9, choices=ProposalState, default=ProposalState.WAITING
    )
    # What it was before the decision, for its undo; empty for what needed none.
    state_before = models.CharField(max_length=9, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        return self.state == ProposalState.WAITING

    @property
    def came_straight_in(self) -> bool:
        """Nobody was asked: who keeps the place said that they want no question."""
        return self.state == ProposalState.TAKEN and not self.state_before

    @property
    def is_declined(self) -> bool:
        return self.state == ProposalState.DECLINED


def state_is_known(name: str) -> models.CheckConstraint:
    known = Q(state__in=ProposalState.values)
    return models.CheckConstraint(condition=known, name=name)
