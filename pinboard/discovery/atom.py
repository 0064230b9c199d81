"""Pins of a person, a board or a tag as an Atom feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.translation import gettext as _

from pinboard.discovery.tags import FoundTag
from pinboard.models import Board, Pin
from pinboard.pictures.urls import media_url
from pinboard.prices import decimal_text
from users.models import User

# XML has no way to write them, escaped or not.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def feed_of_person(person: User, pins: Iterable[Pin], *, site: str) -> str:
    """`site` is the address that the feed's links begin with."""
    address = reverse("pinboard:person-feed", args=[person.username])
    feed = Atom1Feed(
        title=_plain(_("Pins by %(name)s") % {"name": person}),
        link=urljoin(site, person.get_absolute_url()),
        description=_plain(person.bio),
        feed_url=urljoin(site, address),
        author_name=_plain(str(person)),
    )
    return _written(feed, pins, site)


def feed_of_board(
    board: Board, pins: Iterable[Pin], *, site: str, query: str = ""
) -> str:
    """`query` opens a board that is seen by its link alone."""
    address = reverse("pinboard:board-feed", args=[board.pk, board.slug or "board"])
    feed = Atom1Feed(
        title=_plain(board.title),
        link=urljoin(site, board.get_absolute_url()) + query,
        description=_plain(board.description),
        feed_url=urljoin(site, address) + query,
        author_name=_plain(str(board.owner)),
    )
    return _written(feed, pins, site, query)


def feed_of_tag(tag: FoundTag, pins: Iterable[Pin], *, site: str) -> str:
    address = reverse("pinboard:tag-feed", args=[tag.key])
    feed = Atom1Feed(
        title=_plain(f"#{tag.name}"),
        link=urljoin(site, tag.get_absolute_url()),
        description="",
        feed_url=urljoin(site, address),
    )
    return _written(feed, pins, site)


def _written(feed: Atom1Feed, pins: Iterable[Pin], site: str, query: str = "") -> str:
    for pin in pins:
        link = urljoin(site, pin.get_absolute_url())
        feed.add_item(
            title=_plain(pin.shown_title),
            link=link + query,
            unique_id=link,
            description=_plain(_content(pin, site, query)),
            pubdate=pin.created_at,
            updateddate=pin.created_at,
            author_name=_plain(str(pin.pinner)),
        )
    return feed.writeString("utf-8")


def _content(pin: Pin, site: str, query: str) -> str:
    assert pin.picture is not None  # noqa: S101  the constraint: ready pins have one
    preview = pin.picture.link_preview
    return format_html(
        '<p><img src="{}" width="{}" height="{}" alt="{}"></p><p>{}</p><p>{}</p>',
        urljoin(site, media_url(preview.path))
        + ("" if pin.picture.is_public else query),
        preview.width,
        preview.height,
        pin.alt or pin.title,
        pin.description,
        _price(pin),
    )


def _price(pin: Pin) -> str:
    """What it costs and where; nothing of how it earns, for nothing here earns."""
    product = pin.product
    if product is None or product.removed_at or product.price_minor is None:
        return ""
    return f"{decimal_text(product)} {product.currency} · {product.shop.name}"


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("", text)
