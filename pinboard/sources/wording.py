"""Text of strangers made fit to keep and to show."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Control characters, and marks that hide text or turn the reading direction of what
# follows it on our own pages.
_INVISIBLE = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\s*\n\s*\n\s*")
_SPACES_IN_LINE = re.compile(r"[^\S\n]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,400}>")


def storable(text: str) -> str:
    """Without what PostgreSQL refuses: NUL and lone surrogates."""
    return _UNSTORABLE.sub("", text)


def clean_line(text: str, max_length: int) -> str:
    """One line without invisible characters, cut at a word where it is too long."""
    text = _INVISIBLE.sub("", storable(text[: max_length * 20]))
    return _cut(_SPACES.sub(" ", text).strip(), max_length)


def clean_text(text: str, max_length: int) -> str:
    """The same with its paragraphs kept and its tags dropped: many shops write HTML
    into their descriptions."""
    text = _INVISIBLE.sub("", storable(text[: max_length * 20]))
    text = _TAG.sub(" ", text)
    text = _BLANK_LINES.sub("\n\n", _SPACES_IN_LINE.sub(" ", text)).strip()
    return _cut(text, max_length)


def _cut(text: str, max_length: int) -> str:
    if len(text) <= max_length:
        return text
    head = text[: max_length - 1]
    words, space, _rest = head.rpartition(" ")
    return f"{(words if space and len(words) > max_length // 2 else head).rstrip()}…"
