"""How lists come: a page by key and the cursor of the next."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from config.api.auth import viewer_of
from config.api.bodies import is_storable
from config.api.errors import field_error
from config.api.schemas import ErrorOut, PageOut, PinOut
from config.api.shapes import pins_out
from pinboard.discovery.keyset import page_of
from pinboard.models.pin import PinQuerySet

REFUSED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429})
REFUSALS = {REFUSED: ErrorOut}
LONGEST_QUERY = 200


def pin_page(
    request: HttpRequest, pins: PinQuerySet, cursor: str | None
) -> PageOut[PinOut]:
    viewer = viewer_of(request)
    page = page_of(pins.with_card_data(viewer), cursor)
    return PageOut[PinOut](items=pins_out(page.items, viewer), next=page.next_cursor)


def search_text(q: str) -> str:
    if not is_storable(q):
        raise field_error("q", _("This text cannot be searched for."))
    return q.strip()[:LONGEST_QUERY]
