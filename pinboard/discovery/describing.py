"""What a pin's page says of the words for its picture, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinboard.models import AltProposal, PinState
from pinboard.models.proposal import ProposalState
from users.models import Descriptions

if TYPE_CHECKING:
    from pinboard.models import Pin
    from pinboard.models.board import Viewer


def alts_of(pin: Pin, reader: Viewer) -> list[AltProposal]:
    """What waits, for those who decide on it, and of others for its own author; for
    those who decide also the words that the picture has from somebody else."""
    rows = AltProposal.objects.filter(pin=pin).select_related("by").order_by("pk")
    if pin.alt_author_id and pin.can_edit:
        return list(rows.filter(state=ProposalState.TAKEN, by=pin.alt_author_id))
    if pin.alt or not pin.has_alts_waiting or not reader.is_authenticated:
        return []
    waiting = rows.waiting()
    return list(waiting if pin.can_edit else waiting.filter(by=reader))


def is_asked(pin: Pin, reader: Viewer) -> bool:
    """Whether the page asks this reader for words."""
    is_missing = not pin.alt and pin.state == PinState.READY and not pin.can_edit
    takes = pin.pinner.descriptions != Descriptions.NOBODY
    return is_missing and takes and reader.is_authenticated
