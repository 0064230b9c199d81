"""Bytes of a text file as text, in the encodings that people's programs write."""

from __future__ import annotations

import codecs
import re

from pinboard.exceptions import ImportNotText

_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes) -> str:
    """UTF-8, UTF-16 where it says so, else GB18030, as Excel writes in China. A file
    of any other encoding is refused rather than read wrongly."""
    codec = "utf-16" if content.startswith(_WIDE) else "utf-8-sig"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        text = _chinese(content)
    if _BINARY.search(text[:100_000]):
        raise ImportNotText
    return text


def _chinese(content: bytes) -> str:
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise ImportNotText from error
