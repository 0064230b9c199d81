"""What people wrote, as HTML: text, with links that give nobody any rank."""

from __future__ import annotations

import re

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from pinboard.actions.social import MENTION

register = template.Library()

# Writing that tells its language: kana before Han, for Japanese has both.
WRITINGS = [
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u4e00-\u9fff]"), "zh-Hans"),
]
ADDRESS = re.compile(r"https?://[^\s<>\"']{1,500}[^\s<>\"'.,;:!?)\]]")


@register.filter
def own_language(text: str) -> SafeString | str:
    """The `lang` of what somebody wrote, where its letters say another language than
    the page's: for the reader that speaks it, and for the line height."""
    page = "zh-Hans" if get_language() == "zh-hans" else "en"
    said = next((code for letters, code in WRITINGS if letters.search(text)), "")
    if not said and text.isascii():
        said = "en"
    return format_html(' lang="{}"', said) if said not in ("", page) else ""


@register.filter
def comment_html(text: str) -> SafeString:
    """Line breaks, addresses and @names; everything else is escaped."""
    pieces: list[str] = []
    end = 0
    for found in ADDRESS.finditer(text):
        pieces += [_with_mentions(text[end : found.start()]), _link(found[0])]
        end = found.end()
    pieces.append(_with_mentions(text[end:]))
    lines = "".join(pieces).replace("\r\n", "\n").replace("\n", "<br>")
    return mark_safe(lines)  # noqa: S308  every piece went through escape or format_html


def _link(address: str) -> SafeString:
    return format_html(
        '<a class="link" href="{0}" rel="ugc nofollow noopener">{0}</a>', address
    )


def _with_mentions(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for found in MENTION.finditer(text):
        name = found[1].rstrip(".-")
        page = reverse("pinboard:person-detail", args=[name.lower()])
        pieces.append(escape(text[end : found.start()]))
        pieces.append(format_html('<a class="link" href="{}">@{}</a>', page, name))
        end = found.start() + 1 + len(name)
    pieces.append(escape(text[end:]))
    return "".join(pieces)
