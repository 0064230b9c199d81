"""From a draft, an address that was read, to a pin."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from pinboard.actions.pins import pin_address
from pinboard.actions.products import note_price, product_of_page
from pinboard.models import Board, Pin, PinDraft, Product
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
    picture_url: str,
    title: str = "",
    description: str = "",
    alt: str = "",
    price: Decimal | None = None,
    currency: str = "",
) -> Pin:
    """Pin one picture of the page, with its product where it has one."""
    facts = PageFacts.from_json(draft.facts or {})
    if facts.price is None and price is not None:
        facts = replace(facts, price=str(price), currency=currency)
    # What comes of a secret board is nobody's business: it makes no public page.
    product = product_of_page(facts, draft.url, may_create=board.is_public)
    if product is not None and price is not None and _may_correct(product):
        note_price(product, minor_units(price, currency), currency)
    return pin_address(
        by=by,
        board=board,
        url=draft.url,
        picture_url=picture_url,
        title=title,
        description=description,
        alt=alt,
        product=product,
    )


def minor_units(price: Decimal, currency: str) -> int:
    return int((price * 10 ** decimals_of(currency)).to_integral_value())


def _may_correct(product: Product) -> bool:
    """One pinner's correction must not change what others see, nor what a shop says."""
    return product.shop.owner_id is None and not product.pins.exists()
