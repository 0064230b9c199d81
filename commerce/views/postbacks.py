"""The door for shops' notices: signed, never read by a browser, so without CSRF."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from commerce.actions.orders import was_booked
from commerce.actions.postbacks import MAX_BYTES, door_of, take_notice
from commerce.exceptions import MalformedNotice, NoticeRefused

log = logging.getLogger(__name__)

# What is too long is still read up to here: a server that closes with bytes unread
# resets the connection, and the sender never sees why.
DRAINED_BYTES = 1024 * 1024


@csrf_exempt
@require_POST
def postback(request: HttpRequest, code: str) -> HttpResponse:
    door = door_of(code) if "\0" not in code else None
    if door is None:
        raise Http404
    try:
        observation = take_notice(
            door=door,
            media_type=request.content_type or "",
            signature=request.headers.get("X-Pinboard-Signature", ""),
            body=_body_of(request),
        )
    except NoticeRefused as error:
        log.warning("a notice for %s was refused: %s", code, error.code)
        return _refusal(error)
    if was_booked(observation):
        return JsonResponse({"state": "booked"})
    return JsonResponse({"state": "parked", "code": observation.code}, status=202)


def _body_of(request: HttpRequest) -> bytes:
    """At most one byte more than allowed, whatever the length header says."""
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        request.read(DRAINED_BYTES)
    return bytes(body)


def _refusal(error: NoticeRefused) -> JsonResponse:
    answer = {"code": error.code}
    if isinstance(error, MalformedNotice):
        answer["field"] = error.field
    return JsonResponse({"error": answer}, status=error.status)
