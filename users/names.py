"""Names as people see them: nothing in them that hides, or turns the line around."""

from __future__ import annotations

import re
import unicodedata

# Zero-width signs, direction marks and overrides, line separators, tag characters.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def clean_name(text: str) -> str:
    """One line of visible characters. May come out empty."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return " ".join(seen.split())


def clean_username(text: str) -> str:
    """The form in which user names are compared: NFKC and small letters."""
    return unicodedata.normalize("NFKC", text).strip().lower()
