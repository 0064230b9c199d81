"""What the pages of this app show that the template language cannot say itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pinboard.exceptions import sentence_of
from pinboard.models import Picture, Pin
from pinboard.pictures import urls
from pinboard.pictures.names import original_of

register = template.Library()

FLATTEST, TALLEST = 0.5, 2.0  # beyond these a card's box is clamped, the photo cropped
CARD_WIDTHS = (236, 474, 736)
CARD_SIZES = (
    "(width < 36rem) 46vw, (width < 54rem) 31vw, (width < 74rem) 23vw, "
    "(width < 100rem) 19vw, 17vw"
)
FAN, FAN_FROM = 3, 12  # pictures, and pins to find them among: many show the same one
EAGER, FIRST = 6, 2  # cards that load at once, and those that load before all else


@dataclass
class PictureBox:
    """The strings that a card needs to show a picture without any shift."""

    style: str
    width: int
    height: int
    src: str = ""
    srcset: str = ""
    sizes: str = CARD_SIZES
    loading: SafeString | str = ""
    moving: str = ""  # the address of all frames, where it is animated


@register.simple_tag
def picture_box(
    picture: Picture | None, index: int | str = EAGER, key: str = ""
) -> PictureBox:
    """`index` is the card's place on the page, from 0; `key` opens a link board."""
    width, height = 4, 5
    if picture and picture.width and picture.height:
        width, height = picture.width, picture.height
    ratio = min(max(height / width, FLATTEST), TALLEST)
    colour = picture.dominant if picture else ""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        colour = "#8a8079"
    box = PictureBox(
        style=f"--w:{width};--h:{round(width * ratio)};--ph:{colour}",
        width=width,
        height=height,
        loading=_loading(index if isinstance(index, int) else EAGER),
    )
    if picture and picture.is_ready:
        files = [r for r in picture.renditions if r.media_type == "image/webp"]
        files = [r for r in files if r.width <= CARD_WIDTHS[-1]] or files[:1]
        suffix = f"?key={key}" if key and not picture.is_public else ""
        addresses = [(urls.media_url(r.path) + suffix, r.width) for r in files]
        middle = addresses[min(1, len(addresses) - 1)]
        box.src = middle[0]
        box.srcset = ", ".join(f"{url} {width}w" for url, width in addresses)
        if picture.is_moving:
            box.moving = urls.media_url(original_of(picture)) + suffix
    return box


def _loading(index: int) -> SafeString | str:
    if index < FIRST:
        return SafeString('fetchpriority="high"')
    return "" if index < EAGER else SafeString('loading="lazy" decoding="async"')


@dataclass
class Card:
    """What a card says, ready to be written: 24 of them stand on a page."""

    box: PictureBox
    title: str
    alt: str
    url: str
    save_url: str
    edit_url: str
    was_minor: int | None  # where the price fell of late
    fall_percent: int


@register.simple_tag
def card_of(pin: Pin, index: int | str = EAGER, key: str = "") -> Card:
    suffix = f"?key={key}" if key else ""
    title = card_title(pin)
    was_minor = _higher_before(pin)
    return Card(
        box=picture_box(pin.picture, index, key),
        title=title,
        alt=pin.alt or title,
        url=_address("pin-detail", pin.pk) + suffix,
        save_url=_address("pin-save", pin.pk) + suffix,
        edit_url=_address("pin-edit", pin.pk),
        was_minor=was_minor,
        fall_percent=_fall(was_minor, pin.product.price_minor) if pin.product else 0,
    )


def _higher_before(pin: Pin) -> int | None:
    """The price it fell from. A price that is old or cannot be paid did not fall."""
    product, other = pin.product, pin.other_price_minor
    if not product or product.price_minor is None or other is None:
        return None
    is_told = not (product.is_sold_out or product.price_is_stale or product.removed_at)
    return other if is_told and other > product.price_minor else None


def _fall(was_minor: int | None, now_minor: int | None) -> int:
    if not was_minor or now_minor is None:
        return 0
    return (was_minor - now_minor) * 100 // was_minor


@register.simple_tag
def card_title(pin: Pin) -> str:
    """What stands under the picture."""
    return pin.shown_title


def _address(name: str, pk: int) -> str:
    """`reverse`, asked once: a page of cards needs 72 addresses of three kinds."""
    before, after = _around_key(name)
    return f"{before}{pk}{after}"


@cache
def _around_key(name: str) -> tuple[str, str]:
    before, _key, after = reverse(f"pinboard:{name}", args=[0]).partition("0")
    return before, after


@register.simple_tag
def thumbnail_url(picture: Picture | None) -> str:
    """The smallest rendition, for covers and lists; empty while there is none."""
    if not picture or not picture.is_ready:
        return ""
    return urls.media_url(picture.renditions[0].path)


@register.inclusion_tag("pinboard/_fan.html")
def fan() -> dict[str, list[Picture]]:
    """Three new pictures, for a page that has nothing else to show; its one query."""
    newest = Pin.objects.public().select_related("picture").order_by("-pk")
    pictures = {p.picture_id: p.picture for p in newest[:FAN_FROM] if p.picture}
    return {"pictures": list(pictures.values())[:FAN]}


@register.filter
def media_url(path: str) -> str:
    return urls.media_url(path)


@register.filter
def sentence(error_code: str) -> str:
    """What went wrong, for the one whose turn it is; nothing for no code."""
    return sentence_of(error_code) if error_code else ""


@register.filter
def initial(person: object) -> str:
    """The letter that stands where a person or a shop has no picture."""
    return str(person)[:1].upper()


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """`<time>`: "12 min", "5 h", "2 d", from a week on the date."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}">{}</time>', moment.isoformat(), _distance(moment)
    )


def _distance(moment: datetime) -> str:
    age = timezone.now() - moment
    if age >= timedelta(days=7):
        return _date(moment)
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return _("now")
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        return ngettext("%(n)d h", "%(n)d h", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d d", "%(n)d d", age.days) % {"n": age.days}


def _date(moment: datetime) -> str:
    is_this_year = moment.year == timezone.now().year
    name = "MONTH_DAY_FORMAT" if is_this_year else "DATE_FORMAT"
    return date_format(timezone.localtime(moment), name)
