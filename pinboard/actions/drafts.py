"""From a draft, an address that was read, to a pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from pinboard.actions.pins import pin_picture
from pinboard.actions.products import illustrate, note_price, product_of_page
from pinboard.models import Board, DraftPicture, Pin, PinDraft, Product
from pinboard.prices import decimals_of
from pinboard.sources.extract import PageFacts

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def pin_draft(
    *,
    draft: PinDraft,
    by: User,
    board: Board,
    chosen: DraftPicture,
    title: str = "",
    description: str = "",
    alt: str = "",
    tags: Sequence[str] = (),
    price: Decimal | None = None,
    currency: str = "",
) -> Pin:
    """Pin one of the draft's pictures, with the page's product where it has one.

    Nothing is fetched: the worker has read it all.
    """
    facts = PageFacts.from_json(draft.facts or {})
    if facts.price is None and price is not None:
        facts = replace(facts, price=str(price), currency=currency)
    # What comes of a secret board is nobody's business: it makes no public page.
    product = product_of_page(facts, draft.url, may_create=board.is_public)
    if product is not None and price is not None and _may_correct(product):
        note_price(product, minor_units(price, currency), currency)
    title = title or (product.title if product else "")
    pin = pin_picture(
        by=by,
        board=board,
        picture=chosen.picture,
        title=title,
        description=description,
        alt=alt or title,
        tags=tags,
        product=product,
        source_url=draft.url,
    )
    if product is not None:
        illustrate(product, chosen.picture, board=board)
    return pin


def minor_units(price: Decimal, currency: str) -> int:
    return int((price * 10 ** decimals_of(currency)).to_integral_value())


def _may_correct(product: Product) -> bool:
    """One pinner's correction must not change what others see, nor what a shop says."""
    return product.shop.owner_id is None and not product.pins.exists()
