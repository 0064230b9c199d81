"""The click id as shops see it: the click's UUID and a tag that we alone can make.

The tag tells a click that nobody remembers (it waits a day) from one that somebody
made up (it earns nobody anything).
"""

from __future__ import annotations

import hashlib
import hmac
import re

from django.conf import settings

_FORM = re.compile(r"\A([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9a-f]{12})\Z")


class BadClickTag(ValueError):
    """Of the right form, but not made here."""


def click_ref_of(click_id: str) -> str:
    """What the landing address carries and the shop's notices echo."""
    return f"{click_id}.{_tag(click_id, settings.SECRET_KEY)}"


def is_click_ref(text: str) -> bool:
    """Whether it has the form of one, true or forged."""
    return bool(_FORM.match(text))


def click_id_of(click_ref: str) -> str | None:
    """The click's id; None for what has not our form at all. Raises BadClickTag."""
    if not (parts := _FORM.match(click_ref)):
        return None
    click_id, tag = parts.groups()
    # Clicks live for weeks, so a key that was replaced meanwhile still counts.
    keys = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    if not any(hmac.compare_digest(tag, _tag(click_id, key)) for key in keys):
        raise BadClickTag(click_ref)
    return click_id


def _tag(click_id: str, key: str) -> str:
    message = b"pb_click:" + click_id.encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:12]
