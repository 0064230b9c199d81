"""Tags as people write them, and as they are told apart.

`#Wool, mid century` are two tags: "Wool" and "mid century" as they are shown, "wool"
and "mid-century" as keys, which stand in addresses. What differs only in case, width,
spaces or signs is the same tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from pinboard.exceptions import TagTooLong, TooManyTags
from users.names import clean_title

MOST_TAGS = 20  # of a pin
LONGEST_TAG = 40

# Between tags: a comma of any script, a line, or a # that begins the next one.
_BETWEEN = re.compile(r"[,،、;\n]+|#+(?=\w)")
# What tells two tags apart: letters, their marks, numbers, pictures, currencies.
_TELLING = frozenset("LMN") | {"So", "Sc"}
_TELLING_SIGNS = frozenset("+&")  # C++ is not C
_UNWRITTEN = frozenset({"Cc", "Cs"})  # controls, halves of pairs
_FONT_CHOICES = dict.fromkeys(range(0xFE00, 0xFE10))  # a heart, and a red one
_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ"))


def key_of(text: str) -> str:
    """By which tags are told apart; empty for what has nothing to tell."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = unicodedata.normalize("NFKC", folded)
    plain = folded.translate(_FONT_CHOICES).translate(_APOSTROPHES)
    signs = "".join(sign if _tells(sign) else " " for sign in plain)
    return "-".join(word for word in signs.split() if any(map(_stands_alone, word)))


def names_in(text: str) -> list[str]:
    """The tags of a text, each once. Raises TagTooLong and TooManyTags."""
    return names_of(_BETWEEN.split(unicodedata.normalize("NFKC", text)))


def names_of(texts: Iterable[str]) -> list[str]:
    """Each text as one tag, as `names_in` says."""
    named: dict[str, str] = {}
    for text in texts:
        name = _shown(text)
        key = key_of(name)
        if max(len(name), len(key)) > LONGEST_TAG:
            raise TagTooLong
        if key:
            named.setdefault(key, name)
    if len(named) > MOST_TAGS:
        raise TooManyTags
    return list(named.values())


def _shown(text: str) -> str:
    signs = unicodedata.normalize("NFKC", text)
    seen = "".join(" " if unicodedata.category(s) in _UNWRITTEN else s for s in signs)
    return clean_title(seen.strip(" #"))


def _tells(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind[0] in _TELLING or kind in _TELLING or sign in _TELLING_SIGNS


def _stands_alone(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind[0] in "LN" or kind in _TELLING
