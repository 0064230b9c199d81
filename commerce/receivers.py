"""What commerce does when the pinboard tells a fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from commerce import tasks
from commerce.actions.cases import forget_appeals_of
from commerce.actions.claims import give_up_shares
from commerce.actions.clicks import forget_clicks_of
from commerce.actions.links import ensure_links, ensure_site_link, relink_product
from commerce.actions.order_claims import forget_claims_of
from commerce.models import Programme, RateCard
from pinboard.models import Pin, Product
from pinboard.signals import (
    pin_product_changed,
    pin_published,
    pins_saved,
    product_posted,
)
from users.models import User
from users.signals import account_closed


@receiver(pin_published)
@receiver(pin_product_changed)
def make_links_of_pin(pin: Pin, **_: Any) -> None:  # what Django's signals add
    for link in ensure_links(pin=pin):
        ensure_site_link(product=link.product)


@receiver(pins_saved)
def make_links_of_pins(pins: Sequence[Pin], **_: Any) -> None:
    """A moment later: five hundred links would keep the reader waiting."""
    tasks.link_saved.delay_on_commit([pin.pk for pin in pins])


@receiver(product_posted)
def make_links_of_product(product: Product, **_: Any) -> None:
    relink_product(product=product)


@receiver(post_save, sender=Programme)
def make_links_of_programme(instance: Programme, **_: Any) -> None:
    """The admin saves programmes by itself, so no action could do this. Where one was
    switched off another may cover its products."""
    tasks.link_pins.delay_on_commit(instance.pk)


@receiver(post_save, sender=RateCard)
def make_links_of_rate(instance: RateCard, **_: Any) -> None:
    """A programme without a rate has no links; its first rate brings them."""
    tasks.link_pins.delay_on_commit(instance.programme_id)


@receiver(account_closed)
def settle_closed_account(user: User, **_: Any) -> None:
    """The ledger stays; what in it was theirs and unpaid is nobody's now."""
    forget_claims_of(user)
    forget_appeals_of(user)
    forget_clicks_of(user)
    give_up_shares(user=user)
