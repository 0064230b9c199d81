"""A person's public pins as an Atom feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.translation import gettext as _

from pinboard.models import Pin
from pinboard.pictures.urls import media_url
from users.models import User

# XML has no way to write them, escaped or not.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def feed_of(person: User, pins: Iterable[Pin], *, site: str) -> str:
    """`site` is the address that the feed's links begin with."""
    address = reverse("pinboard:person-feed", args=[person.username])
    feed = Atom1Feed(
        title=_plain(_("Pins by %(name)s") % {"name": person}),
        link=urljoin(site, person.get_absolute_url()),
        description=_plain(person.bio),
        feed_url=urljoin(site, address),
        author_name=_plain(str(person)),
    )
    for pin in pins:
        link = urljoin(site, pin.get_absolute_url())
        feed.add_item(
            title=_plain(pin.title or _("Pin by %(name)s") % {"name": person}),
            link=link,
            unique_id=link,
            description=_plain(_content(pin, site)),
            pubdate=pin.created_at,
            updateddate=pin.created_at,
            author_name=_plain(str(person)),
        )
    return feed.writeString("utf-8")


def _content(pin: Pin, site: str) -> str:
    assert pin.picture is not None  # noqa: S101  the constraint: ready pins have one
    preview = pin.picture.link_preview
    return format_html(
        '<p><img src="{}" width="{}" height="{}" alt="{}"></p><p>{}</p>',
        urljoin(site, media_url(preview.path)),
        preview.width,
        preview.height,
        pin.alt or pin.title,
        pin.description,
    )


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("", text)
