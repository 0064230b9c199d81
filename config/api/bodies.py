"""What may come in: JSON objects in UTF-8 without what PostgreSQL cannot store."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from config.api.errors import ApiError, too_large

JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"
FORM_OVERHEAD = 64 * 1024  # of a multipart body around its one file
DEEPEST = 20
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictParser(Parser):
    """Raises ValueError for a body that is no plain JSON object; ninja answers 400."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return read_object(request.body)


def read_object(body: bytes) -> dict[str, Any]:
    # Decoded here: json.loads would take UTF-16 and UTF-32 too.
    text = body.decode("utf-8")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("no object")
    _check(value, DEEPEST)
    return value


def is_storable(text: str) -> bool:
    """No NUL, no half of a surrogate pair."""
    return not _UNSTORABLE.search(text)


def length_of(request: HttpRequest) -> int:
    """Of the body, as its header says; Django reads nothing where that is no number."""
    text = str(request.META.get("CONTENT_LENGTH", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def check_form(request: HttpRequest) -> None:
    """A multipart body: no larger than a picture may be, its texts storable."""
    if length_of(request) > settings.UPLOAD_MAX_BYTES + FORM_OVERHEAD:
        raise too_large()
    for values in request.POST.lists():
        if not all(is_storable(text) for text in (values[0], *values[1])):
            raise ApiError(400, "malformed", _("This request cannot be read."))


def check_media_type(request: HttpRequest, *, forms: bool) -> None:
    """Refuse a body that is neither JSON nor, where `forms`, multipart."""
    if not length_of(request):
        return
    if request.content_type == JSON_TYPE or (
        forms and request.content_type == FORM_TYPE
    ):
        return
    raise ApiError(
        415,
        "media_type",
        _("Send JSON, with Content-Type: application/json."),
    )


def _check(value: object, depth: int) -> None:
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str) and not is_storable(value):
        raise ValueError("a character that cannot be stored")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth - 1)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
