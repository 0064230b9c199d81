"""What opens a shop, for a retailer or for a host that a pin named first."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from pinboard.actions.boards import create_board
from pinboard.exceptions import AddressRefused, ShopHostTaken
from pinboard.models import Shop
from pinboard.signals import shop_claimed
from pinboard.sources.addresses import site_of
from pinboard.sources.wording import clean_line, clean_text

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def open_shop(*, owner: User, name: str, host: str = "", description: str = "") -> Shop:
    """A shop with its public board. Raises ShopHostTaken where the host has one."""
    host = site_of(f"https://{host}") if host else ""
    if host and Shop.objects.filter(host=host).exists():
        raise ShopHostTaken
    name, description = clean_line(name, 80), clean_text(description, 1000)
    shop = _create(
        name=name,
        wanted_slug=slugify(name),
        host=host,
        description=description,
        owner=owner,
        board=create_board(owner=owner, title=name, description=description),
    )
    shop_claimed.send(sender=Shop, shop=shop)
    return shop


@transaction.atomic
def shop_for_address(url: str) -> Shop:
    """The shop whose pages stand at this host; unclaimed when it is the first time."""
    host = site_of(url)
    if not host:
        raise AddressRefused
    shop = Shop.objects.filter(host=host).first()
    if shop is None:
        shop = _create(
            name=host[:80], wanted_slug=slugify(host.replace(".", "-")), host=host
        )
    return shop


def _create(*, wanted_slug: str, **fields: object) -> Shop:
    """With the slug or, where that is another shop's, with one like it. Of two workers
    that see a host first, the second gets the first one's shop."""
    slug = wanted_slug[:50].strip("-") or f"shop-{secrets.token_hex(3)}"
    for _ in range(5):
        try:
            with transaction.atomic():
                return Shop.objects.create(slug=slug, **fields)
        except IntegrityError:
            host = fields.get("host")
            same = Shop.objects.filter(host=host).first() if host else None
            if same and "owner" not in fields:
                return same
            if same:
                raise ShopHostTaken from None
            slug = f"{wanted_slug[:50].strip('-') or 'shop'}-{secrets.token_hex(2)}"
    raise ShopHostTaken
