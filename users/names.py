"""Names as people see them: nothing in them that hides, or turns the line around."""

from __future__ import annotations

import re
import unicodedata

# Zero-width signs, direction marks and overrides, line separators, tag characters.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_JOINERS = "\u200c\u200d"  # Persian words and families of emoji need them
# What opens another direction, and what closes it.
_TURNS = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c")
_TURNS |= dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_TURNS_BACK = frozenset(_TURNS.values())


def clean_name(text: str) -> str:
    """One line of visible characters. May come out empty."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return " ".join(seen.split())


def clean_title(text: str) -> str:
    """One line in any script: letters that join keep their joiners, and a mark that
    turns the direction stays only where the title itself turns it back."""
    text = unicodedata.normalize("NFC", text)
    kept = list(text)
    open_at: list[int] = []
    for place, letter in enumerate(text):
        if letter in _TURNS:
            open_at.append(place)
        elif letter not in _TURNS_BACK:
            kept[place] = _UNSEEN.sub("", letter) if letter not in _JOINERS else letter
        elif open_at and _TURNS[text[open_at[-1]]] == letter:
            open_at.pop()
        else:
            kept[place] = ""
    for place in open_at:
        kept[place] = ""
    return " ".join("".join(kept).split())


def clean_username(text: str) -> str:
    """The form in which user names are compared: NFKC and small letters."""
    return unicodedata.normalize("NFKC", text).strip().lower()
